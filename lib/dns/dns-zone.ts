import type { Construct } from "constructs";
import type { MailExchange } from "../mail/mail-domain";

/** The address of the backup, to be published under its name. */
export interface HostRecords {
  /** The fully qualified name, lower case, without a trailing dot. */
  readonly hostname: string;
  /** Its IPv4 address. */
  readonly ipv4Address: string;
}

/** All MX records of a name. Some DNS services keep them as one set, others one by one. */
export interface MxRecordSet {
  /** The domain name, lower case, without a trailing dot. */
  readonly name: string;
  /** The primaries and, behind them, the backup; the primaries alone while it is not announced. */
  readonly exchanges: MailExchange[];
}

/** What the MTA-STS policy of a domain must name, or senders that remember it refuse to deliver. */
export interface MtaStsPolicy {
  /** The domain name. */
  readonly name: string;
  /** The hosts that take its mail, one for each `mx:` line of the policy (RFC 8461). */
  readonly mx: string[];
}

/**
 * Where DNS records are published. Implement it to use another DNS service: each method gets a
 * scope of its own, so that construct ids cannot clash.
 */
export interface IDnsZone {
  /** Publishes the address of the backup. */
  bindHost(scope: Construct, host: HostRecords): void;
  /** Publishes who takes mail for a domain. */
  bindMx(scope: Construct, mx: MxRecordSet): void;
  /**
   * Forgets the MX records that `bindMx` published in the same scope, and leaves them as they are
   * in DNS.
   */
  releaseMx(scope: Construct): void;
}
