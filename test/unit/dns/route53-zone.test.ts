import { Route53Zone, type Route53ZoneProps } from "../../../lib/dns/route53-zone";
import { newStack, only, synthesize } from "../../support/stack";

const ZONE_ID = "Z0123456789ABCDEFGHIJ";

function record(
  bind: (zone: Route53Zone, stack: ReturnType<typeof newStack>) => void,
  props?: Route53ZoneProps,
) {
  const stack = newStack();
  bind(Route53Zone.fromZoneId(ZONE_ID, props), stack);
  return only(synthesize(stack).resource, "aws_route53_record");
}

const host = { hostname: "mx2.example.net", ipv4Address: "203.0.113.7" };

describe("a zone of Route 53", () => {
  test("publishes the address of the backup", () => {
    expect(record((zone, stack) => zone.bindHost(stack, host))).toEqual({
      zone_id: ZONE_ID,
      name: "mx2.example.net",
      type: "A",
      ttl: 3600,
      records: ["203.0.113.7"],
    });
  });

  test("publishes all mail exchanges of a name as one set", () => {
    const exchanges = [
      { preference: 0, hostname: "mx1.example.com" },
      { preference: 10, hostname: "mx2.example.net" },
    ];
    expect(record((zone, stack) => zone.bindMx(stack, { name: "example.com", exchanges }))).toEqual(
      {
        zone_id: ZONE_ID,
        name: "example.com",
        type: "MX",
        ttl: 3600,
        records: ["0 mx1.example.com", "10 mx2.example.net"],
        lifecycle: { prevent_destroy: true },
      },
    );
  });

  // It would take over what is published by others, and delete it with the stack.
  test("never overwrites a record", () => {
    expect(record((zone, stack) => zone.bindHost(stack, host))).not.toHaveProperty(
      "allow_overwrite",
    );
  });

  test("has a TTL of the user's", () => {
    expect(record((zone, stack) => zone.bindHost(stack, host), { ttl: 60 }).ttl).toBe(60);
    expect(record((zone, stack) => zone.bindHost(stack, host), { ttl: 0 }).ttl).toBe(0);
  });

  test.each([[-1], [1.5], [2 ** 31]])("takes no TTL of %d", (ttl) => {
    expect(() => Route53Zone.fromZoneId(ZONE_ID, { ttl })).toThrow(/^ttl \S+ is out of range/);
  });

  test.each([
    [""],
    ["example.com"],
    ["z0123"],
    ["/hostedzone/Z0123"],
    ["Z0123\n"],
    [`Z${"1".repeat(32)}`],
  ])("%j is not its id", (zoneId) => {
    expect(() => Route53Zone.fromZoneId(zoneId)).toThrow(
      /^zoneId ".*" is not the id of a hosted zone; it begins with Z, such as "Z0123456789ABCDEFGHIJ"$/,
    );
  });
});
