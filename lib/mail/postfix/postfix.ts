import { isDeferred } from "../../input/deferred-value";
import { type MailDomain, nexthop, usesDane } from "../mail-domain";
import type { MailPolicy } from "../mail-policy";
import { lookupTable, type TableEntry } from "./lookup-table";
import { FOLDER, hasPostscreen, mainCf, RELAY, type SettingGroup } from "./main-cf";
import { tlsPolicies } from "./tls-policies";

/** The domains of which no primary answers. The watch of the host writes them while Postfix runs. */
const OUTAGES = "check_recipient_access lmdb:$data_directory/outages";

/** What Postfix is told: the lines of its files. */
export interface PostfixSection {
  readonly "main.cf": readonly string[];
  /** Whether postscreen answers at port 25. */
  readonly postscreen: boolean;
  /** Where the mail of each relay domain goes; its recipients are verified at the same place. */
  readonly transport: readonly string[];
  /** What must be encrypted how; the rest is where it can be. */
  readonly tls_policy: readonly string[];
  /** Recipients that need not be asked for. */
  readonly recipients: readonly string[];
  /** Who reads the mail for this host itself. */
  readonly aliases: readonly string[];
  readonly [file: string]: readonly string[] | boolean;
}

/**
 * The configuration of Postfix.
 *
 * @param policy what to do with mail
 * @param domains the relay domains
 * @param publicAddress the address under which the internet reaches the host
 * @param further what other parts of the host add to main.cf
 */
export function postfixSection(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  publicAddress: string,
  further: readonly SettingGroup[] = [],
): PostfixSection {
  const recipients = recipientEntries(policy, domains);
  const lookups = [
    ...(recipients.length > 0 ? [`check_recipient_access lmdb:${FOLDER}/recipients`] : []),
    ...(domains.some((domain) => domain.recipients.acceptsWhileUnreachable) ? [OUTAGES] : []),
  ];
  const postmaster = policy.postmaster ?? `postmaster@${domains[0].name}`;
  const isDane = domains.some(usesDane);
  return {
    "main.cf": mainCf(policy, { publicAddress, lookups, isDane, further }),
    postscreen: hasPostscreen(policy),
    transport: lookupTable(
      domains.map((domain) => ({ key: domain.name, value: `${RELAY}:${nexthop(domain)}` })),
    ),
    tls_policy: lookupTable(tlsPolicies(domains)),
    recipients: lookupTable(recipients),
    aliases: lookupTable(
      ["abuse", "postmaster", "root"].map((key) => ({ key, value: postmaster })),
    ),
  };
}

function recipientEntries(policy: MailPolicy, domains: readonly MailDomain[]): TableEntry[] {
  const refusal = [
    policy.unverifiedRecipientRejectCode,
    ...enhancedStatus(policy.unverifiedRecipientRejectCode),
    policy.unverifiedRecipientRejectReason,
  ].join(" ");
  return domains.flatMap(({ prop, name, recipients }) =>
    recipients.accessEntries(`${prop}.recipients`, name, refusal),
  );
}

/** "Bad destination mailbox address"; left out where the class of the code is not known yet. */
function enhancedStatus(code: number): string[] {
  return isDeferred(code) ? [] : [`${Math.floor(code / 100)}.1.1`];
}
