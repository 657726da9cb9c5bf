import { Annotations, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { IDnsZone, MxRecordSet } from "./dns/dns-zone";
import { MxRecords } from "./dns/mx-records";
import type { MailNode } from "./mail-node";

/** Where the address of a host is published. */
export interface HostPublishing {
  /**
   * The zone with the hostname.
   *
   * @default - nothing is published; a warning says what to publish by hand
   */
  readonly zone?: IDnsZone;
  /**
   * Whether the address gets the hostname as its name in reverse DNS.
   *
   * @default - whether the A record is published
   */
  readonly reverseDns?: boolean;
}

/** Publishes the address of a host, and has the address lead back to its name. */
export function publishHost(
  parent: Construct,
  node: MailNode,
  { zone, reverseDns = zone !== undefined }: HostPublishing,
): void {
  const scope = new Construct(parent, "Host");
  if (zone === undefined) {
    Annotations.of(scope).addWarning(
      `${node.hostname} has no zone; publish an A record for the address in publicIp yourself, and then set reverseDns`,
    );
  } else {
    zone.bindHost(scope, node.hostRecords);
  }
  if (reverseDns) {
    // Whatever the zone made of the records, with whichever provider.
    const records = scope.node
      .findAll()
      .filter((child) => TerraformResource.isTerraformResource(child));
    node.reverse(records);
  }
}

/** What is published of who takes mail for a domain. */
export interface MxPublishing {
  /** All that take mail for the domain, in the end. */
  readonly records: MxRecordSet;
  /** The names of the hosts of which senders are not to be told yet. */
  readonly waiting: readonly string[];
  /** The zone with the domain. */
  readonly zone: IDnsZone;
  /** @default MxRecords.withBackup() */
  readonly mxRecords?: MxRecords;
}

/** Publishes who takes mail for a domain. */
export function publishMx(
  scope: Construct,
  { records, waiting, zone, mxRecords = MxRecords.withBackup() }: MxPublishing,
): void {
  if (mxRecords.isReleased) {
    zone.releaseMx(scope);
  } else {
    const { name, exchanges } = records;
    zone.bindMx(scope, {
      name,
      exchanges: exchanges.filter(({ hostname }) => !waiting.includes(hostname)),
    });
  }
}
