import { BlockList, isIP, isIPv6 } from "node:net";
import { badInput } from "../input/bad-input";
import { isDeferred } from "../input/deferred-value";
import { domainName } from "../input/domain-name";
import { wholeNumber } from "../input/whole-number";
import { DANE, type PrimaryTls } from "./postfix/primary-tls";
import { RecipientVerification } from "./recipients/recipient-verification";

const SMTP_PORT = 25;
const LARGEST_PREFERENCE = 65535;

/** A mail server that normally receives the mail of a domain. */
export interface PrimaryProps {
  /** Its name in the MX record, such as `mx1.example.com`. */
  readonly hostname: string;
  /**
   * Its preference in the MX record, 0 to 65535; the lower number is tried first.
   *
   * @default 10
   */
  readonly preference?: number | undefined;
  /**
   * The TCP port on which it takes mail from the backup. Senders always use port 25.
   *
   * @default 25
   */
  readonly port?: number | undefined;
  /**
   * The IP address at which the backup reaches it, where that is not the one in DNS: in a private
   * network, say.
   *
   * @default - looked up in DNS
   */
  readonly address?: string | undefined;
  /**
   * How mail to it must be encrypted.
   *
   * @default - encrypted if the primary offers it
   */
  readonly tls?: PrimaryTls | undefined;
}

/** A domain whose mail the backup keeps while its primaries do not answer. */
export interface MailDomainProps {
  /** The domain name: what stands behind the `@`. Its subdomains are domains of their own. */
  readonly name: string;
  /** Its mail servers. */
  readonly primaries: readonly PrimaryProps[];
  /**
   * How the backup knows which recipients exist.
   *
   * @default RecipientVerification.callOut()
   */
  readonly recipients?: RecipientVerification | undefined;
  /**
   * The preference of the backup in the MX record set; greater than that of every primary, so
   * that senders turn to it last.
   *
   * @default - the highest preference of the primaries + 10
   */
  readonly backupPreference?: number | undefined;
}

/** One MX record without its owner name. */
export interface MailExchange {
  /** The lower number is tried first. */
  readonly preference: number;
  /** The name of the host that takes the mail. */
  readonly hostname: string;
}

/** A primary of which everything is known. */
export interface Primary extends MailExchange {
  readonly port: number;
  readonly address?: string;
  /** How mail to it must be encrypted, as Postfix writes it. */
  readonly tlsPolicy?: string;
  /** Where it stands in the props, for errors that show up later. */
  readonly prop: string;
}

/** A relay domain: checked, in its normal spelling, with every default filled in. */
export interface MailDomain {
  readonly name: string;
  readonly primaries: readonly Primary[];
  readonly recipients: RecipientVerification;
  readonly backupPreference: number;
  /** Where this domain stands in the props, for errors that show up later. */
  readonly prop: string;
}

/**
 * Reads a domain's props.
 *
 * @param prop where they stand, as `domains[0]`
 * @param backupHostname the name of the backup
 * @throws if a name, preference, port or address cannot be used
 */
export function mailDomain(
  prop: string,
  props: MailDomainProps,
  backupHostname: string,
): MailDomain {
  const name = domainName(`${prop}.name`, props.name);
  if (name === backupHostname) {
    throw badInput(
      `${prop}.name`,
      name,
      "is the backup itself, which has no primary; name the domains that it stands in for",
    );
  }
  if (props.primaries.length === 0) {
    throw new Error(
      `${prop}.primaries is empty; name the mail servers of ${name}, or mail that was accepted could go nowhere`,
    );
  }
  const primaries = props.primaries.map((primary, index) =>
    readPrimary(`${prop}.primaries[${index}]`, primary, backupHostname),
  );
  primaries.forEach(({ hostname, port }, index) => {
    if (
      primaries.findIndex((other) => other.hostname === hostname && other.port === port) < index
    ) {
      throw badInput(
        `${prop}.primaries[${index}].hostname`,
        hostname,
        "is listed twice; name it once",
      );
    }
  });
  return {
    prop,
    name,
    primaries: byPreference(primaries),
    recipients: props.recipients ?? RecipientVerification.callOut(),
    backupPreference: backupPreference(prop, primaries, props.backupPreference),
  };
}

/** The MX record set of a domain: its primaries, and behind them the backup. */
export function mailExchanges(domain: MailDomain, backupHostname: string): MailExchange[] {
  const records = domain.primaries.map(({ preference, hostname }) => ({ preference, hostname }));
  return [
    // A primary that listens on two ports is one host, and a record set has no duplicates.
    ...records.filter(
      ({ preference, hostname }, index) =>
        records.findIndex((r) => r.preference === preference && r.hostname === hostname) === index,
    ),
    { preference: domain.backupPreference, hostname: backupHostname },
  ];
}

/**
 * Where the transport for a domain delivers to: its primaries as they are listed, in the order of
 * their preference. The MX records are not asked, so that mail, probes and the watch look at the
 * same hosts, and mail cannot come back to the backup.
 *
 * Source: https://www.postfix.org/transport.5.html, "RESULT FORMAT"
 */
export function nexthop({ primaries }: MailDomain): string {
  return primaries.map(route).join(", ");
}

/** Whether the certificate of a primary of this domain is looked up in DNS. */
export function usesDane({ primaries }: MailDomain): boolean {
  return primaries.some(({ tlsPolicy }) => tlsPolicy === DANE);
}

/** Where the backup reaches a primary, as Postfix writes it. */
export function route({ hostname, address, port }: Primary): string {
  return `[${address ?? hostname}]:${port}`;
}

function readPrimary(prop: string, props: PrimaryProps, backupHostname: string): Primary {
  const hostname = domainName(`${prop}.hostname`, props.hostname);
  if (hostname === backupHostname) {
    throw badInput(
      `${prop}.hostname`,
      hostname,
      "is the backup itself; name only the servers that it stands in for",
    );
  }
  const { address } = props;
  if (address !== undefined && !isDeferred(address) && !isAddress(address)) {
    throw badInput(
      `${prop}.address`,
      address,
      "is not an IP address; give one, or leave it out to use DNS",
    );
  }
  if (address !== undefined && !isDeferred(address) && leadsBack(address)) {
    throw badInput(
      `${prop}.address`,
      address,
      "is no address of another host; give the one at which the backup reaches the primary",
    );
  }
  return {
    prop,
    hostname,
    address,
    tlsPolicy: props.tls?.policy(`${prop}.tls`, hostname, address),
    preference: wholeNumber(`${prop}.preference`, props.preference ?? 10, 0, LARGEST_PREFERENCE),
    port: wholeNumber(`${prop}.port`, props.port ?? SMTP_PORT, 1, 65535),
  };
}

/** An address that means the same on every host: without a zone such as `%eth0`. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

/** What a host means by these is itself, its cloud, or nobody. The host refuses them as well. */
const NO_OTHER_HOST = new BlockList();
NO_OTHER_HOST.addSubnet("0.0.0.0", 8);
NO_OTHER_HOST.addSubnet("127.0.0.0", 8);
NO_OTHER_HOST.addSubnet("169.254.0.0", 16);
NO_OTHER_HOST.addSubnet("224.0.0.0", 4);
NO_OTHER_HOST.addAddress("255.255.255.255");
NO_OTHER_HOST.addSubnet("::", 127, "ipv6");
NO_OTHER_HOST.addSubnet("fe80::", 10, "ipv6");
NO_OTHER_HOST.addSubnet("ff00::", 8, "ipv6");

function leadsBack(address: string): boolean {
  return NO_OTHER_HOST.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

function byPreference(primaries: Primary[]): Primary[] {
  // A preference that is known only later cannot be sorted by: then the order of the props holds.
  return primaries.some(({ preference }) => isDeferred(preference))
    ? primaries
    : [...primaries].sort((a, b) => a.preference - b.preference);
}

function backupPreference(prop: string, primaries: Primary[], given?: number): number {
  const known = primaries.map(({ preference }) => preference).filter((p) => !isDeferred(p));
  const highest = Math.max(...known);
  if (given === undefined && known.length < primaries.length) {
    throw new Error(
      `${prop}.backupPreference is missing, and a primary's preference is not known before deployment; give the backup a greater one`,
    );
  }
  const preference = wholeNumber(
    `${prop}.backupPreference`,
    given ?? highest + 10,
    0,
    LARGEST_PREFERENCE,
  );
  if (!isDeferred(preference) && preference <= highest) {
    throw badInput(
      `${prop}.backupPreference`,
      preference,
      `is not greater than ${highest}, the highest preference of the primaries; senders would come to the backup first`,
    );
  }
  return preference;
}
