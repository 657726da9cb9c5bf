import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import type { Construct } from "constructs";
import { BackupMx, type HostRecords, type IDnsZone, type MxRecordSet } from "../../../lib";
import { newStack, synthesize } from "../../support/stack";

/** A DNS service that keeps one record per value, as many do. */
class RecordByRecord implements IDnsZone {
  readonly hosts: HostRecords[] = [];
  readonly sets: MxRecordSet[] = [];

  bindHost(scope: Construct, host: HostRecords): void {
    this.hosts.push(host);
    new Route53Record(scope, "Record", { name: host.hostname, type: "A", zoneId: "Z1" });
  }

  bindMx(scope: Construct, mx: MxRecordSet): void {
    this.sets.push(mx);
    for (const [index, { preference, hostname }] of mx.exchanges.entries()) {
      const records = [`${preference} ${hostname}`];
      new Route53Record(scope, `Record${index}`, {
        name: mx.name,
        type: "MX",
        zoneId: "Z1",
        records,
      });
    }
  }

  releaseMx(): void {}
}

const domain = (name: string, zone?: IDnsZone) => ({
  name,
  primaries: [{ hostname: `mx1.${name}` }],
  zone,
});

describe("a DNS zone of the user's own", () => {
  test("is given every record, each in a scope of its own", () => {
    const zone = new RecordByRecord();
    const stack = newStack();
    const mx = new BackupMx(stack, "Mx2", {
      hostname: "MX2.example.com",
      domains: [domain("example.com", zone), domain("example.org", zone)],
    });
    expect(zone.hosts).toEqual([{ hostname: "mx2.example.com", ipv4Address: mx.publicIp }]);
    expect(zone.hosts).toEqual([mx.hostRecords]);
    expect(zone.sets).toEqual(mx.mxRecords);
    expect(zone.sets).toEqual([
      {
        name: "example.com",
        exchanges: [
          { preference: 10, hostname: "mx1.example.com" },
          { preference: 20, hostname: "mx2.example.com" },
        ],
      },
      {
        name: "example.org",
        exchanges: [
          { preference: 10, hostname: "mx1.example.org" },
          { preference: 20, hostname: "mx2.example.com" },
        ],
      },
    ]);
    expect(Object.keys(synthesize(stack).resource.aws_route53_record)).toHaveLength(5);
  });
});

describe("the zone of the hostname", () => {
  function chosen(hostname: string, own: IDnsZone | undefined, ...domains: [string, IDnsZone?][]) {
    new BackupMx(newStack(), "Mx2", {
      hostname,
      zone: own,
      domains: domains.map(([name, zone]) => domain(name, zone)),
    });
  }
  const zones = () => [new RecordByRecord(), new RecordByRecord(), new RecordByRecord()];

  test("is the one that was given for it", () => {
    const [own, around] = zones();
    chosen("mx2.example.com", own, ["example.com", around]);
    expect([own.hosts.length, around.hosts.length]).toEqual([1, 0]);
  });

  test("is that of the domain around it", () => {
    const [, com, org] = zones();
    chosen("mx2.example.org", undefined, ["example.com", com], ["example.org", org]);
    expect([com.hosts.length, org.hosts.length]).toEqual([0, 1]);
  });

  test("is that of the innermost domain around it", () => {
    const [, outer, inner] = zones();
    chosen("mx2.eu.example.com", undefined, ["example.com", outer], ["eu.example.com", inner]);
    expect([outer.hosts.length, inner.hosts.length]).toEqual([0, 1]);
  });

  test("is not that of a domain that has none, nor of one that only ends alike", () => {
    const [, outer, alike] = zones();
    chosen(
      "mx2.eu.example.com",
      undefined,
      ["eu.example.com"],
      ["example.com", outer],
      ["u.example.com", alike],
    );
    expect([outer.hosts.length, alike.hosts.length]).toEqual([1, 0]);
  });
});
