import { BackupMx, type BackupMxProps, OutboundPort25, Route53Zone } from "../../../../lib";
import { newStack, synthesize } from "../../../support/stack";

const ZONE = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ");

function domain(name: string, primary: { port?: number; address?: string } = {}) {
  return { name, primaries: [{ hostname: `mx1.${name}`, ...primary }], zone: ZONE };
}

function backup(props: Partial<BackupMxProps>) {
  const stack = newStack();
  const mx = new BackupMx(stack, "Mx2", { hostname: "mx2.example.com", ...props });
  const warnings = mx.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === "@cdktf/warn")
    .map(({ data }) => data as string)
    .filter((text) => text.includes("port 25"));
  return { warnings, synthesized: synthesize(stack) };
}

function mxRecords(synthesized: ReturnType<typeof synthesize>) {
  return Object.values<{ name: string; type: string; records: string[] }>(
    synthesized.resource.aws_route53_record,
  )
    .filter(({ type }) => type === "MX")
    .map(({ records }) => records);
}

test("a backup of which nobody said that it may send warns once at synthesis and at every apply", () => {
  const { warnings, synthesized } = backup({
    domains: [domain("example.com"), domain("example.net")],
  });
  expect(warnings).toEqual([
    expect.stringMatching(/^mail for example\.com cannot be delivered .* ask AWS at https:/),
  ]);
  const [check, ...others] = Object.values<{ assert: object[] }>(synthesized.check);
  expect(others).toEqual([]);
  expect(check.assert).toEqual([
    {
      condition: expect.stringMatching(/^\$\{\(?aws_eip\.\w+\.public_ip == "0\.0\.0\.0"\)?\}$/),
      error_message: expect.stringContaining("mx2.example.com takes mail and cannot deliver it"),
    },
  ]);
});

test.each([
  [
    "AWS granted it",
    { outboundPort25: OutboundPort25.granted(), domains: [domain("example.com")] },
  ],
  ["every primary has another port", { domains: [domain("example.com", { port: 2525 })] }],
  ["every primary is private", { domains: [domain("example.com", { address: "172.31.0.7" })] }],
  ["every primary is private, IPv6", { domains: [domain("example.com", { address: "fd00::7" })] }],
])("no warning where %s", (_, props) => {
  const { warnings, synthesized } = backup(props);
  expect(warnings).toEqual([]);
  expect(synthesized.check).toBeUndefined();
});

test("a public address needs the port", () => {
  expect(
    backup({ domains: [domain("example.com", { address: "172.32.0.7" })] }).warnings,
  ).toHaveLength(1);
});

test("with withholdMx only domains that need the port are not announced", () => {
  const domains = [domain("example.com"), domain("example.net", { port: 2525 })];
  expect(mxRecords(backup({ domains }).synthesized)).toEqual([
    ["10 mx1.example.com", "20 mx2.example.com"],
    ["10 mx1.example.net", "20 mx2.example.com"],
  ]);
  const outboundPort25 = OutboundPort25.requested({ withholdMx: true });
  expect(mxRecords(backup({ domains, outboundPort25 }).synthesized)).toEqual([
    ["10 mx1.example.com"],
    ["10 mx1.example.net", "20 mx2.example.com"],
  ]);
});
