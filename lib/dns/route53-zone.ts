import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import type { Construct } from "constructs";
import { badInput } from "../mail/bad-input";
import { isDeferred } from "../mail/deferred-value";
import { wholeNumber } from "../mail/whole-number";
import type { HostRecords, IDnsZone, MxRecordSet } from "./dns-zone";

/** How records are published in Route 53. */
export interface Route53ZoneProps {
  /**
   * For how many seconds others may remember a record.
   *
   * @default 3600
   */
  readonly ttl?: number;
}

/** A hosted zone of Amazon Route 53. */
export class Route53Zone implements IDnsZone {
  /**
   * A zone by its id.
   *
   * @param zoneId such as `Z0123456789ABCDEFGHIJ`
   * @throws if the id or the TTL cannot be used
   */
  static fromZoneId(zoneId: string, props: Route53ZoneProps = {}): Route53Zone {
    if (!isDeferred(zoneId) && !/^Z[A-Z0-9]{1,31}$/.test(zoneId)) {
      throw badInput(
        "zoneId",
        zoneId,
        'is not the id of a hosted zone; it begins with Z, such as "Z0123456789ABCDEFGHIJ"',
      );
    }
    return new Route53Zone(zoneId, wholeNumber("ttl", props.ttl ?? 3600, 0, 2147483647));
  }

  private constructor(
    private readonly zoneId: string,
    private readonly ttl: number,
  ) {}

  bindHost(scope: Construct, host: HostRecords): void {
    new Route53Record(scope, "A", {
      zoneId: this.zoneId,
      name: host.hostname,
      type: "A",
      ttl: this.ttl,
      records: [host.ipv4Address],
    });
  }

  bindMx(scope: Construct, mx: MxRecordSet): void {
    new Route53Record(scope, "MX", {
      zoneId: this.zoneId,
      name: mx.name,
      type: "MX",
      ttl: this.ttl,
      records: mx.exchanges.map(({ preference, hostname }) => `${preference} ${hostname}`),
    });
  }
}
