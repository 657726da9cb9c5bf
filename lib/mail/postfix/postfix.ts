import { isDeferred } from "../../input/deferred-value";
import { type MailDomain, nexthop, usesDane } from "../mail-domain";
import type { MailPolicy } from "../mail-policy";
import { lookupTable, type TableEntry } from "./lookup-table";
import { FOLDER, mainCf, PROBE, RELAY, type SettingGroup } from "./main-cf";
import { masterCf } from "./master-cf";
import { tlsPolicies } from "./tls-policies";

/** The domains of which no primary answers. The watch of the host writes them while Postfix runs. */
const OUTAGES = "check_recipient_access lmdb:$data_directory/outages";

/** Recipients that the host fetches, and puts into a table that Postfix sees change. */
const RECIPIENT_LIST = "check_recipient_access lmdb:$data_directory/recipients";

/**
 * The configuration of Postfix as files, path to content.
 *
 * @param policy what to do with mail
 * @param domains the relay domains
 * @param publicAddress the address under which the internet reaches the host
 * @param further what other parts of the host add to main.cf
 */
export function postfixFiles(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  publicAddress: string,
  further: readonly SettingGroup[] = [],
): ReadonlyMap<string, string> {
  const recipients = recipientEntries(policy, domains);
  const lookups = [
    // Before the refusal of those who are on no list.
    ...(domains.some((domain) => domain.recipients.isFromFile) ? [RECIPIENT_LIST] : []),
    ...(recipients.length > 0 ? [`check_recipient_access texthash:${FOLDER}/recipients`] : []),
    ...(domains.some((domain) => domain.recipients.acceptsWhileUnreachable) ? [OUTAGES] : []),
  ];
  const postmaster = policy.postmaster ?? `postmaster@${domains[0].name}`;
  return new Map([
    [
      `${FOLDER}/main.cf`,
      mainCf(policy, { publicAddress, lookups, isDane: domains.some(usesDane), further }),
    ],
    [`${FOLDER}/master.cf`, masterCf(policy)],
    [`${FOLDER}/transport`, routes("Where the mail of each relay domain goes.", RELAY, domains)],
    [
      `${FOLDER}/probe_transport`,
      routes("Where recipients of each relay domain are verified.", PROBE, domains),
    ],
    [
      `${FOLDER}/tls_policy`,
      lookupTable("What must be encrypted how; the rest is where it can be.", tlsPolicies(domains)),
    ],
    [
      `${FOLDER}/aliases`,
      lookupTable(
        "Who reads the mail for this host itself.",
        ["abuse", "postmaster", "root"].map((key) => ({ key, value: postmaster })),
      ),
    ],
    ...(recipients.length > 0
      ? ([
          [
            `${FOLDER}/recipients`,
            lookupTable("Recipients that need not be asked for.", recipients),
          ],
        ] as const)
      : []),
  ]);
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

function routes(comment: string, transport: string, domains: readonly MailDomain[]): string {
  return lookupTable(
    comment,
    domains.map((domain) => ({ key: domain.name, value: `${transport}:${nexthop(domain)}` })),
  );
}
