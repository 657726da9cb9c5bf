import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import type { Construct } from "constructs";
import { badInput } from "../input/bad-input";
import { isDeferred } from "../input/deferred-value";
import { domainName } from "../input/domain-name";
import { wholeNumber } from "../input/whole-number";
import { addressed } from "../terraform/address";
import { TerraformBlock } from "../terraform/terraform-block";
import type { HostRecords, IDnsZone, MxRecordSet } from "./dns-zone";

/** The construct id of an MX record set: a record set that is released must have the id it had. */
const MX = "MX";

/** How records are published in Route 53. */
export interface Route53ZoneProps {
  /**
   * For how many seconds others may remember a record.
   *
   * @default 3600
   */
  readonly ttl?: number | undefined;
  /**
   * The name of the zone. If it is given, synthesis refuses a record that is not in the zone.
   *
   * @default - not known, and not checked
   */
  readonly zoneName?: string | undefined;
  /**
   * Whether the domains have MX records in the zone already. Route 53 keeps all of a name in one
   * set and does not create it twice: Terraform then takes over the set that is there, and the
   * plan shows what the backup adds to it. It may stay set afterwards.
   *
   * @default false
   */
  readonly importMx?: boolean | undefined;
  /**
   * Whether Terraform refuses to destroy MX record sets: they hold the primaries too. To leave,
   * see `MxRecords.released()`.
   *
   * @default true
   */
  readonly preventDestroy?: boolean | undefined;
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
    return new Route53Zone(
      zoneId,
      wholeNumber("ttl", props.ttl ?? 3600, 0, 2147483647),
      props.zoneName === undefined ? undefined : domainName("zoneName", props.zoneName),
      props.importMx ?? false,
      props.preventDestroy ?? true,
    );
  }

  private constructor(
    /** The id of the zone. */
    readonly zoneId: string,
    private readonly ttl: number,
    private readonly zoneName: string | undefined,
    private readonly importMx: boolean,
    private readonly preventDestroy: boolean,
  ) {}

  bindHost(scope: Construct, host: HostRecords): void {
    this.mustContain(host.hostname);
    addressed(
      new Route53Record(scope, "A", {
        zoneId: this.zoneId,
        name: host.hostname,
        type: "A",
        ttl: this.ttl,
        records: [host.ipv4Address],
      }),
    );
  }

  bindMx(scope: Construct, mx: MxRecordSet): void {
    this.mustContain(mx.name);
    const record = addressed(
      new Route53Record(scope, MX, {
        zoneId: this.zoneId,
        name: mx.name,
        type: "MX",
        ttl: this.ttl,
        records: mx.exchanges.map(({ preference, hostname }) => `${preference} ${hostname}`),
        lifecycle: this.preventDestroy ? { preventDestroy: true } : undefined,
      }),
    );
    if (this.importMx) {
      addressed(
        new TerraformBlock(scope, "Import", () => ({
          import: [
            {
              to: `aws_route53_record.${record.friendlyUniqueId}`,
              id: `${this.zoneId}_${mx.name}_MX`,
            },
          ],
        })),
      );
    }
  }

  releaseMx(scope: Construct): void {
    addressed(
      new TerraformBlock(scope, MX, (uniqueId) => ({
        removed: [{ from: `aws_route53_record.${uniqueId}`, lifecycle: { destroy: false } }],
      })),
    );
  }

  /**
   * That a name is in the zone, as far as it is known.
   *
   * @throws if it is not
   */
  mustContain(name: string): void {
    const { zoneName } = this;
    if (
      zoneName !== undefined &&
      !isDeferred(zoneName) &&
      !isDeferred(name) &&
      name !== zoneName &&
      !name.endsWith(`.${zoneName}`)
    ) {
      throw badInput("zoneName", zoneName, `does not contain ${name}; give the zone that holds it`);
    }
  }
}
