import { Route53Zone } from "../../lib";
import { backup } from "../support/backup";
import { only } from "../support/stack";

// Defects that neither `terraform validate` nor an offline plan finds: AWS would, at the apply.

const domain = (port?: number, preference?: number) => ({
  domains: [
    { name: "example.com", primaries: [{ hostname: "mx1.example.com", port, preference }] },
  ],
});

test.each<[string, () => unknown, string]>([
  [
    "an instance type of no form",
    () => backup({ instanceType: "t4g-small" }),
    'instanceType "t4g-small"',
  ],
  ["an image that is none", () => backup({ amiId: "debian-13" }), 'amiId "debian-13"'],
  ["a volume of size 0", () => backup({ volumeSize: 0 }), "volumeSize 0 is out of range"],
  [
    "a record with no TTL to speak of",
    () => Route53Zone.fromZoneId("Z1", { ttl: Number.NaN }),
    "ttl NaN is out of range",
  ],
  [
    "an MX value without a preference",
    () => backup(domain(25, Number.NaN)),
    "preference NaN is out of range",
  ],
  ["a TCP rule without a port", () => backup(domain(Number.NaN)), "port NaN is out of range"],
])("%s is refused", (_, make, message) => {
  expect(make).toThrow(message);
});

test("every record has a TTL, every rule its ports, and every MX value a preference", () => {
  const zone = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ");
  const { resource } = backup({ domains: [{ ...domain().domains[0], zone }] });
  for (const { ttl, type, records } of Object.values<{
    ttl: number;
    type: string;
    records: string[];
  }>(resource.aws_route53_record)) {
    expect(ttl).toBe(3600);
    expect(type === "A" || records.every((value) => /^\d+ \S+$/.test(value))).toBe(true);
  }
  for (const direction of ["ingress", "egress"]) {
    for (const rule of Object.values<object>(
      resource[`aws_vpc_security_group_${direction}_rule`],
    )) {
      expect(rule).toMatchObject({ from_port: expect.any(Number), to_port: expect.any(Number) });
    }
  }
});

test("there is no way to set IOPS, nor the text of a security group", () => {
  const { resource } = backup({});
  expect(only(resource, "aws_instance").root_block_device).not.toHaveProperty("iops");
  expect(only(resource, "aws_security_group").description).toMatch(/^[ -~]{1,255}$/);
});
