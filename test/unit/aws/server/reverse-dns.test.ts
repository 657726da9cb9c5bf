import { Construct } from "constructs";
import { BackupMx, type BackupMxProps, type IDnsZone, Route53Zone } from "../../../../lib";
import { configurationIn } from "../../../support/host-files";
import { newStack, only, synthesize } from "../../../support/stack";

const ZONE = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ");
const DOMAIN = { name: "example.com", primaries: [{ hostname: "mx1.example.com" }] };

function backup(props: Partial<BackupMxProps>) {
  const stack = newStack();
  new BackupMx(stack, "Mx2", { hostname: "mx2.example.com", domains: [DOMAIN], ...props });
  return synthesize(stack);
}

test("HELO name, A record and reverse DNS are one name, of one address, made in that order", () => {
  const synthesized = backup({ zone: ZONE });
  const { resource } = synthesized;
  const [[id, a]] = Object.entries<Record<string, unknown>>(resource.aws_route53_record);
  const reverse = only(resource, "aws_eip_domain_name");
  const [[eip]] = Object.entries(resource.aws_eip);
  expect(a).toMatchObject({
    type: "A",
    name: "mx2.example.com",
    records: [`\${aws_eip.${eip}.public_ip}`],
  });
  expect(reverse).toMatchObject({
    domain_name: "mx2.example.com",
    allocation_id: `\${aws_eip.${eip}.id}`,
  });
  // What is created behind its dependency is destroyed before it.
  expect(reverse.depends_on).toEqual([`aws_route53_record.${id}`]);
  expect(configurationIn(synthesized).postfix["main.cf"]).toContain("myhostname = mx2.example.com");
});

test("without a zone there is no A record yet, and no reverse DNS before the user asks for it", () => {
  expect(backup({}).resource.aws_eip_domain_name).toBeUndefined();
  const reverse = only(backup({ reverseDns: true }).resource, "aws_eip_domain_name");
  expect(reverse.depends_on).toEqual([]);
});

test("reverse DNS can be left to somebody else", () => {
  expect(backup({ zone: ZONE, reverseDns: false }).resource.aws_eip_domain_name).toBeUndefined();
});

test("it waits for the records of any zone, whatever it makes of them", () => {
  const twice: IDnsZone = {
    bindHost(scope: Construct, host) {
      Route53Zone.fromZoneId("Z1").bindHost(new Construct(scope, "Inner"), host);
      Route53Zone.fromZoneId("Z2").bindHost(scope, host);
    },
    bindMx() {},
    releaseMx() {},
  };
  const { resource } = backup({ zone: twice });
  expect(only(resource, "aws_eip_domain_name").depends_on).toHaveLength(2);
});

describe("IPv6, for which EC2 has no reverse DNS", () => {
  const rules = (
    resource: Record<string, Record<string, { cidr_ipv6?: string; from_port: number }>>,
  ) =>
    ["aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"]
      .flatMap((type) => Object.values(resource[type]))
      .filter(({ cidr_ipv6 }) => cidr_ipv6 !== undefined)
      .map(({ from_port }) => from_port);

  test("is open for mail that comes in, and for nothing else", () => {
    const synthesized = backup({ zone: ZONE });
    const { resource } = synthesized;
    expect(rules(resource)).toEqual([25]);
    expect(configurationIn(synthesized).postfix["main.cf"]).toContain(
      "smtp_address_preference = ipv4",
    );
  });

  test("is used to a primary that has an IPv6 address in the props", () => {
    const address = "fd00::7";
    const synthesized = backup({
      domains: [{ ...DOMAIN, primaries: [{ hostname: "mx1.example.com", address, port: 2525 }] }],
    });
    expect(rules(synthesized.resource)).toEqual([25, 2525]);
  });
});
