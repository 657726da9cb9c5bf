import { isDeferred } from "../../input/deferred-value";
import { usesDane } from "../local-resolver";
import { type MailDomain, nexthop } from "../mail-domain";
import type { MailPolicy } from "../mail-policy";
import { UNSCANNED_HEADER } from "../scanner/mailscanner";
import { lookupTable, type TableEntry } from "./lookup-table";
import { PROCESS_LIMIT, queueReserve } from "./queue-reserve";
import { tlsPolicies } from "./tls-policies";

/** The transport that carries mail to the primaries; the name is Postfix's own. */
const RELAY = "relay";
/** Its twin that asks primaries about recipients. */
const PROBE = "relay-probe";

/** A group of main.cf: why it is there, then its settings in their order. */
interface Group {
  readonly comment: readonly string[];
  readonly settings: readonly (readonly [name: string, value: string | number])[];
}

/** Where the files of Postfix lie on the host. */
const FOLDER = "/etc/postfix";

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
 */
export function postfixFiles(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  publicAddress: string,
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
    [`${FOLDER}/main.cf`, mainCf(policy, publicAddress, lookups, domains.some(usesDane))],
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
    ...(policy.mailScanner.isInstalled
      ? ([[`${FOLDER}/header_checks`, "/^Received:/ HOLD\n"]] as const)
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

function mainCf(
  policy: MailPolicy,
  publicAddress: string,
  lookups: readonly string[],
  isDane: boolean,
): string {
  const free = new Map(policy.postfixSettings);
  const lines = mainCfGroups(policy, publicAddress, lookups, isDane).flatMap(
    ({ comment, settings }) => [
      "",
      ...comment.map((line) => `# ${line}`),
      ...settings.map(([name, value]) => {
        const line = setting(name, free.get(name) ?? value);
        free.delete(name);
        return line;
      }),
    ],
  );
  const further = [...free].map(([name, value]) => setting(name, value));
  return [
    `# Postfix as backup MX. Rendered from the props of a BackupMx construct: change`,
    `# those, not this file, or the next instance will not know.`,
    setting("compatibility_level", "3.6"),
    ...lines,
    ...(further.length > 0 ? ["", "# Set by hand (postfixSettings).", ...further] : []),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function setting(name: string, value: string | number): string {
  return `${name} = ${value}`.trimEnd();
}

/** A text in which Postfix shall not look for parameters. References of deploy time stay. */
function literal(text: string): string {
  return text.replace(/\$(?!\{TfToken\[)/g, "$$$$");
}

function mainCfGroups(
  policy: MailPolicy,
  publicAddress: string,
  lookups: readonly string[],
  isDane: boolean,
): Group[] {
  return [
    {
      comment: [
        "This host. Its public address is on no interface (1:1 NAT): Postfix must be",
        "told, to recognise itself in an MX list and not send mail in circles. It sends over",
        "IPv4 where it can: no IPv6 address of EC2 has a name in reverse DNS.",
      ],
      settings: [
        ["myhostname", policy.hostname],
        ["myorigin", "$myhostname"],
        ["mydestination", "$myhostname, localhost"],
        ["mynetworks", "127.0.0.0/8 [::1]/128"],
        ["inet_interfaces", "all"],
        ["inet_protocols", "all"],
        ["smtp_address_preference", "ipv4"],
        ["proxy_interfaces", publicAddress],
        ["smtpd_banner", "$myhostname ESMTP"],
        ["biff", "no"],
      ],
    },
    {
      comment: ["Mail for the host itself goes to its postmaster; there are no mailboxes."],
      settings: [
        ["alias_maps", `texthash:${FOLDER}/aliases`],
        ["alias_database", ""],
        ["local_recipient_maps", "$alias_maps"],
      ],
    },
    {
      comment: [
        "Every domain with a route is relayed, to its primaries and past any relayhost;",
        "no other domain is, and no subdomain.",
      ],
      settings: [
        ["transport_maps", `texthash:${FOLDER}/transport`],
        ["relay_domains", "$transport_maps"],
        ["parent_domain_matches_subdomains", ""],
        ["relayhost", policy.relayhost ?? ""],
      ],
    },
    {
      comment: ["Who may relay at all. Nobody but this host may send to foreign domains."],
      settings: [["smtpd_relay_restrictions", "permit_mynetworks, reject_unauth_destination"]],
    },
    {
      comment: ["What is asked of senders."],
      settings: [
        ["smtpd_helo_required", "yes"],
        ["smtpd_sender_restrictions", policy.smtpdSenderRestrictions.join(", ")],
        ["unknown_address_reject_code", policy.unknownAddressRejectCode],
      ],
    },
    {
      comment: ["What is asked of recipients: cheap questions first, the primary last."],
      settings: [
        ["smtpd_recipient_restrictions", recipientRestrictions(policy, lookups).join(", ")],
        ["unverified_recipient_reject_reason", literal(policy.unverifiedRecipientRejectReason)],
        ["unverified_recipient_reject_code", policy.unverifiedRecipientRejectCode],
      ],
    },
    {
      comment: [
        "A primary that is up and gives no answer. While all primaries of a domain are down, it",
        "is in the table outages, which the watch of this host keeps: then nobody is verified.",
        "Polls go on for longer than a slow primary takes, under stress too.",
      ],
      settings: [
        ["unverified_recipient_defer_code", policy.unverifiedRecipientDeferCode],
        ["address_verify_poll_count", 20],
        ["address_verify_poll_delay", "1s"],
      ],
    },
    {
      comment: [
        "Answers of the primary are kept: a good one for the outage to come, a bad one for",
        "as short as a new user can bear. Probes have a transport of their own, or queued",
        "mail that waits for a dead primary would hold them back after its return.",
      ],
      settings: [
        ["address_verify_map", "lmdb:$data_directory/verify_cache"],
        ["address_verify_positive_expire_time", "31d"],
        ["address_verify_negative_cache", "yes"],
        ["address_verify_negative_expire_time", policy.addressVerifyNegativeExpireTime],
        ["address_verify_negative_refresh_time", policy.addressVerifyNegativeRefreshTime],
        ["address_verify_transport_maps", `texthash:${FOLDER}/probe_transport`],
      ],
    },
    ...(hasPostscreen(policy) ? [postscreen(policy)] : []),
    {
      comment: [
        "No client may take all processes, nor guess recipients as fast as it can. Whoever is",
        "slowed down gets a 4xx and tries again. However many questions there are, a primary is",
        "asked five at a time.",
      ],
      settings: [
        ["smtpd_client_connection_count_limit", 20],
        ["smtpd_client_connection_rate_limit", 120],
        ["smtpd_soft_error_limit", 3],
        ["smtpd_hard_error_limit", 10],
        [`${PROBE}_destination_concurrency_limit`, 5],
      ],
    },
    {
      comment: ["SMTP smuggling, and questions that strangers need not ask."],
      settings: [
        ["smtpd_forbid_bare_newline", "yes"],
        ["smtpd_forbid_unauth_pipelining", "yes"],
        ["smtpd_data_restrictions", dataRestrictions(policy)],
        ["disable_vrfy_command", "yes"],
        ["smtpd_etrn_restrictions", "permit_mynetworks, reject"],
      ],
    },
    {
      comment: [
        "The queue. Mail waits for weeks and is tried every ten minutes at the latest. No",
        "delay warnings: they would go to senders that are often forged.",
      ],
      settings: [
        ["maximal_queue_lifetime", policy.maximalQueueLifetime],
        ["bounce_queue_lifetime", policy.bounceQueueLifetime],
        ["delay_warning_time", "0h"],
        ["queue_run_delay", "1m"],
        ["minimal_backoff_time", "1m"],
        ["maximal_backoff_time", "10m"],
        ["enable_long_queue_ids", "yes"],
      ],
    },
    {
      comment: [
        "Mail is refused with 4xx before the disk is full: Postfix looks when a mail begins,",
        "and what all senders and the scanner may then still write fits.",
      ],
      settings: [
        ["message_size_limit", policy.messageSizeLimit],
        ["mailbox_size_limit", 0],
        ["queue_minfree", queueReserve(policy.messageSizeLimit)],
        ["default_process_limit", PROCESS_LIMIT],
      ],
    },
    {
      comment: ["Encryption wherever the other side offers it."],
      settings: [
        ["smtp_tls_security_level", "may"],
        ["smtp_tls_protocols", ">=TLSv1.2"],
        ["smtp_tls_policy_maps", `texthash:${FOLDER}/tls_policy`],
        ["smtp_tls_CAfile", "/etc/ssl/certs/ca-certificates.crt"],
        ["smtp_tls_fingerprint_digest", "sha256"],
        // Else Postfix does not ask whether an answer was validated.
        ...(isDane ? ([["smtp_dns_support_level", "dnssec"]] as const) : []),
        ["smtpd_tls_security_level", "may"],
        ["smtpd_tls_protocols", ">=TLSv1.2"],
        ["smtpd_tls_cert_file", "/etc/ssl/certs/ssl-cert-snakeoil.pem"],
        ["smtpd_tls_key_file", "/etc/ssl/private/ssl-cert-snakeoil.key"],
      ],
    },
    ...(policy.mailScanner.isInstalled
      ? [
          {
            comment: [
              "Every mail is held until MailScanner has seen it. Its lines are not broken",
              "in the queue file, which MailScanner could not put together again.",
            ],
            settings: [
              ["header_checks", `regexp:${FOLDER}/header_checks`],
              ["line_length_limit", 102400],
            ] as const,
          },
        ]
      : []),
  ];
}

/** Mail that may be forwarded unscanned says so from the start: MailScanner takes it back. */
function dataRestrictions({ mailScanner }: MailPolicy): string {
  return mailScanner.deliverUnscannedAfter === ""
    ? "reject_unauth_pipelining"
    : `reject_unauth_pipelining, check_client_access static:{PREPEND ${UNSCANNED_HEADER}: not scanned}`;
}

function recipientRestrictions(policy: MailPolicy, lookups: readonly string[]): readonly string[] {
  const asked = policy.smtpdRecipientRestrictions;
  const verification = asked.findIndex((entry) => /\breject_unverified_recipient\b/.test(entry));
  let before = verification === -1 ? asked.length : verification;
  // It belongs to the restriction behind it.
  while (asked[before - 1] === "warn_if_reject") {
    before--;
  }
  return [...asked.slice(0, before), ...lookups, ...asked.slice(before)];
}

function hasPostscreen({ greetTest, postscreenDnsblSites }: MailPolicy): boolean {
  return greetTest || postscreenDnsblSites.length > 0;
}

function postscreen({ greetTest, ...policy }: MailPolicy): Group {
  const { postscreenDnsblSites: sites, postscreenDnsblThreshold: threshold } = policy;
  return {
    comment: [
      "Who talks before the greeting is no mail server. Who waits is let in at once, and for",
      "a day: tests behind the greeting would send honest clients away to try again later.",
    ],
    settings: [
      ["postscreen_greet_action", greetTest ? "enforce" : "ignore"],
      ["postscreen_cache_map", "lmdb:$data_directory/postscreen_cache"],
      ["postscreen_pre_queue_limit", 500],
      ...(sites.length > 0
        ? ([
            ["postscreen_dnsbl_sites", sites.join(", ")],
            ["postscreen_dnsbl_threshold", threshold],
            ["postscreen_dnsbl_action", "enforce"],
          ] as const)
        : []),
    ],
  };
}

/** Who answers at port 25. */
function masterCf(policy: MailPolicy): string {
  return MASTER_CF.replace(/^smtp +inet.*\n/m, hasPostscreen(policy) ? POSTSCREEN : "$&");
}

const POSTSCREEN = `\
smtp        inet  n       -      n      -      1       postscreen
smtpd       pass  -       -      n      -      -       smtpd
dnsblog     unix  -       -      n      -      0       dnsblog
tlsproxy    unix  -       -      n      -      0       tlsproxy
`;

/**
 * Postfix's own services, none in a chroot (Postfix's default since 2.3): the copy of resolv.conf
 * in a chroot goes stale when the network changes. One service is ours, `relay-probe`.
 */
const MASTER_CF = `\
# service   type  private unpriv chroot wakeup maxproc command
smtp        inet  n       -      n      -      -       smtpd
pickup      unix  n       -      n      60     1       pickup
cleanup     unix  n       -      n      -      0       cleanup
qmgr        unix  n       -      n      300    1       qmgr
tlsmgr      unix  -       -      n      1000?  1       tlsmgr
rewrite     unix  -       -      n      -      -       trivial-rewrite
bounce      unix  -       -      n      -      0       bounce
defer       unix  -       -      n      -      0       bounce
trace       unix  -       -      n      -      0       bounce
verify      unix  -       -      n      -      1       verify
flush       unix  n       -      n      1000?  0       flush
proxymap    unix  -       -      n      -      -       proxymap
proxywrite  unix  -       -      n      -      1       proxymap
smtp        unix  -       -      n      -      -       smtp
# Mail that a primary refuses is kept: just after an outage it may refuse what it knows.
${RELAY}       unix  -       -      n      -      -       smtp
    -o syslog_name=postfix/$service_name
    -o soft_bounce=yes
# Asks primaries whether a recipient exists. What comes too late for the sender is there when he
# tries again.
${PROBE} unix  -       -      n      -      -       smtp
    -o syslog_name=postfix/$service_name
    -o smtp_connect_timeout=5s
    -o smtp_helo_timeout=30s
    -o smtp_mail_timeout=30s
    -o smtp_rcpt_timeout=30s
showq       unix  n       -      n      -      -       showq
error       unix  -       -      n      -      -       error
retry       unix  -       -      n      -      -       error
discard     unix  -       -      n      -      -       discard
local       unix  -       n      n      -      -       local
virtual     unix  -       n      n      -      -       virtual
lmtp        unix  -       -      n      -      -       lmtp
anvil       unix  -       -      n      -      1       anvil
scache      unix  -       -      n      -      1       scache
postlog     unix-dgram n  -      n      -      1       postlogd
`;
