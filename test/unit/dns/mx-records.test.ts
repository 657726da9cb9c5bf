import { Construct } from "constructs";
import { BackupMx, type BackupMxDomain, MxRecords, Route53Zone } from "../../../lib";
import { configurationIn } from "../../support/host-files";
import { newStack, synthesize } from "../../support/stack";

const ZONE = "Z0123456789ABCDEFGHIJ";

const DOMAIN = {
  name: "example.com",
  primaries: [{ hostname: "mx1.example.com" }],
  zone: Route53Zone.fromZoneId(ZONE),
};

// biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
function synthesizedWith(...domains: BackupMxDomain[]): any {
  const stack = newStack();
  new BackupMx(stack, "Mx2", { hostname: "mx2.example.com", domains });
  return synthesize(stack);
}

// biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
function mxSets(synthesized: any): { name: string; records: string[]; lifecycle?: object }[] {
  return Object.values(synthesized.resource.aws_route53_record).filter(
    (record) => (record as { type: string }).type === "MX",
  ) as { name: string; records: string[] }[];
}

test("MX records are spelt as Route 53 gives them back, or every plan would show a change", () => {
  const [{ name, records }] = mxSets(
    synthesizedWith({
      ...DOMAIN,
      name: "Example.COM.",
      primaries: [{ hostname: "MX1.Example.com.", preference: 0 }],
    }),
  );
  expect({ name, records }).toEqual({
    name: "example.com",
    records: ["0 mx1.example.com", "10 mx2.example.com"],
  });
});

test("a domain and its subdomain in one zone have a set each", () => {
  const sets = mxSets(synthesizedWith(DOMAIN, { ...DOMAIN, name: "lists.example.com" }));
  expect(sets.map(({ name }) => name)).toEqual(["example.com", "lists.example.com"]);
});

test("MX records cannot be destroyed unless the zone says so", () => {
  const [guarded, free] = mxSets(
    synthesizedWith(DOMAIN, {
      ...DOMAIN,
      name: "test.example.com",
      zone: Route53Zone.fromZoneId(ZONE, { preventDestroy: false }),
    }),
  );
  expect(guarded.lifecycle).toEqual({ prevent_destroy: true });
  expect(free.lifecycle).toBeUndefined();
});

test("importMx takes over the set that is there, by its own id", () => {
  const synthesized = synthesizedWith({
    ...DOMAIN,
    zone: Route53Zone.fromZoneId(ZONE, { importMx: true }),
  });
  expect(Object.keys(synthesized.resource.aws_route53_record)).toContain("example_com_MX");
  expect(synthesized.import).toEqual([
    { to: "aws_route53_record.example_com_MX", id: `${ZONE}_example.com_MX` },
  ]);
});

test("primariesOnly() does not announce the backup, which takes mail of the domain all the same", () => {
  const synthesized = synthesizedWith({ ...DOMAIN, mxRecords: MxRecords.primariesOnly() });
  expect(mxSets(synthesized)[0].records).toEqual(["10 mx1.example.com"]);
  expect(configurationIn(synthesized).postfix.transport).toEqual([
    "example.com relay:[mx1.example.com]:25",
  ]);
});

test("released() lets go of exactly the record set that was published", () => {
  const published = synthesizedWith(DOMAIN);
  const released = synthesizedWith({ ...DOMAIN, mxRecords: MxRecords.released() });
  expect(Object.keys(published.resource.aws_route53_record)).toContain("example_com_MX");
  expect(mxSets(released)).toEqual([]);
  expect(released.removed).toEqual([
    { from: "aws_route53_record.example_com_MX", lifecycle: { destroy: false } },
  ]);
});

test("as HCL, which has no such blocks here, a release is refused and not left out", () => {
  const stack = newStack();
  Route53Zone.fromZoneId(ZONE).releaseMx(new Construct(stack, "example.com"));
  expect(() => stack.toHclTerraform()).toThrow("test/example.com/MX cannot be written as HCL");
});

test("a name outside of a zone whose name is known is refused", () => {
  const zone = Route53Zone.fromZoneId(ZONE, { zoneName: "Example.com" });
  expect(() => synthesizedWith({ ...DOMAIN, zone })).not.toThrow();
  expect(() => synthesizedWith({ ...DOMAIN, name: "notexample.com", zone })).toThrow(
    'zoneName "example.com" does not contain notexample.com; give the zone that holds it',
  );
  const stack = newStack();
  expect(
    () => new BackupMx(stack, "Mx2", { hostname: "mx2.example.net", domains: [DOMAIN], zone }),
  ).toThrow('zoneName "example.com" does not contain mx2.example.net');
});
