import type { MailPolicy } from "../mail-policy";
import { PROCESS_LIMIT, queueReserve } from "./queue-reserve";

/** A group of main.cf: why it is there, then its settings in their order. */
export interface SettingGroup {
  readonly comment: readonly string[];
  readonly settings: readonly (readonly [name: string, value: string | number])[];
}

/** Where the files of Postfix lie on the host. */
export const FOLDER = "/etc/postfix";

/** The transport that carries mail to the primaries; the name is Postfix's own. */
export const RELAY = "relay";
/** Its twin that asks primaries about recipients. */
export const PROBE = "relay-probe";

/** The transport to the judge. Mails in the queue name it: it is called so in every release. */
const JUDGE = "judge";
const CONTENT_FILTER = `${JUDGE}:unix:/run/backup-mx-judge/lmtp`;
/** Gives the mail of each network one of sixteen queues before the judge. */
const BY_NETWORK = `check_client_access regexp:${FOLDER}/judge_networks`;
/** Mails of one such queue that the judge has in hand: half of the processes of its transport. */
const JUDGE_SESSIONS = 25;

/** The longest header, ten times that of Postfix. A mail makes cleanup keep one in memory. */
const HEADER_BYTES = 1_024_000;

/**
 * Mails that the queue manager has in memory, 2 KB each: those that wait for a verdict must leave
 * room for judged ones. When it is full, Postfix takes one mail a second of each sender.
 */
const ACTIVE_MAILS = 50_000;

/** What main.cf is made of beside the policy. */
export interface MainCfProps {
  /** The address under which the internet reaches the host. */
  readonly publicAddress: string;
  /** The lookups of recipients that come before the primary is asked. */
  readonly lookups: readonly string[];
  /** Whether the certificate of a primary is looked up in DNS. */
  readonly isDane: boolean;
  /** What other parts of the host add. A setting of the policy's own is replaced in its place. */
  readonly further?: readonly SettingGroup[];
}

/** The lines of the main.cf of a policy. */
export function mainCf(policy: MailPolicy, props: MainCfProps): string[] {
  const groups = mainCfGroups(policy, props);
  const own = new Set(groups.flatMap(({ settings }) => settings.map(([name]) => name)));
  const further = (props.further ?? []).map(({ comment, settings }) => ({
    comment,
    settings: settings.filter(([name]) => !own.has(name)),
  }));
  const replaced = new Map((props.further ?? []).flatMap(({ settings }) => settings));
  const free = new Map(policy.postfixSettings);
  const lines = [...groups, ...further.filter(({ settings }) => settings.length > 0)].flatMap(
    ({ comment, settings }) => [
      "",
      ...comment.map((line) => `# ${line}`),
      ...settings.map(([name, value]) => {
        const line = setting(name, free.get(name) ?? replaced.get(name) ?? value);
        free.delete(name);
        return line;
      }),
    ],
  );
  const rest = [...free].map(([name, value]) => setting(name, value));
  return [
    `# Postfix as backup MX. Rendered from the props of a BackupMx construct: change`,
    `# those, not this file, which the next deployment replaces.`,
    setting("compatibility_level", "3.6"),
    ...lines,
    ...(rest.length > 0 ? ["", "# Set by hand (postfixSettings).", ...rest] : []),
  ];
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
  { publicAddress, lookups, isDane }: MainCfProps,
): SettingGroup[] {
  return [
    {
      comment: [
        "This host. Its public address is on no interface (1:1 NAT): Postfix must be told, to",
        "recognise itself where a letter of its own goes by MX records. It sends over IPv4 where it",
        "can: no IPv6 address of EC2 has a name in reverse DNS.",
      ],
      settings: [
        ["myhostname", policy.hostname],
        ["myorigin", "$myhostname"],
        ["mydestination", "$myhostname, localhost"],
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
        ["alias_maps", `lmdb:${FOLDER}/aliases`],
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
        ["transport_maps", `lmdb:${FOLDER}/transport`],
        ["relay_domains", "$transport_maps"],
        ["parent_domain_matches_subdomains", ""],
        ["relayhost", policy.relayhost ?? ""],
      ],
    },
    {
      comment: [
        "Who may relay at all: nobody. At port 25 this host is a stranger to itself, for a",
        "scanner that a mail has taken over runs on it too. Who writes mail by sendmail, looks at",
        "the queue or has it delivered is root, Postfix itself (as which the watch runs) or the judge.",
      ],
      settings: [
        ["mynetworks", ""],
        ["smtpd_relay_restrictions", "permit_mynetworks, reject_unauth_destination"],
        ["authorized_submit_users", "root, postfix"],
        ["authorized_flush_users", "root, postfix, backup-mx-judge"],
        ["authorized_mailq_users", "root, postfix, backup-mx-judge"],
      ],
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
      comment: [
        "Internationalized addresses are offered only while every primary takes them, as the watch of",
        "this host has seen: mail with such an address could go nowhere.",
      ],
      settings: [["smtpd_discard_ehlo_keyword_address_maps", withheldKeywords(policy)]],
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
        ["address_verify_transport_maps", `lmdb:${FOLDER}/probe_transport`],
      ],
    },
    ...(hasPostscreen(policy) ? [postscreen(policy)] : []),
    {
      comment: [
        "No client may take all processes, nor guess recipients as fast as it can. Whoever is",
        "slowed down gets a 4xx and tries again. A mail with some recipients that do not exist gets",
        "the others. However many questions there are, a primary is asked five at a time, and",
        "however much mail waits for it, four come at a time: it may allow no more.",
      ],
      settings: [
        ["smtpd_client_connection_count_limit", 20],
        ["smtpd_client_connection_rate_limit", 120],
        ["smtpd_soft_error_limit", 3],
        ["smtpd_hard_error_limit", `\${stress?{10}:{100}}`],
        [`${PROBE}_destination_concurrency_limit`, 5],
        [`${RELAY}_destination_concurrency_limit`, 4],
      ],
    },
    {
      comment: ["SMTP smuggling, and questions that strangers need not ask."],
      settings: [
        ["smtpd_forbid_bare_newline", "yes"],
        ["smtpd_forbid_unauth_pipelining", "yes"],
        [
          "smtpd_data_restrictions",
          `reject_unauth_pipelining${isScanned(policy) ? `, ${BY_NETWORK}` : ""}`,
        ],
        ["disable_vrfy_command", "yes"],
        ["smtpd_etrn_restrictions", "permit_mynetworks, reject"],
      ],
    },
    {
      comment: [
        "Where mail goes first: to the judge, which answers when it has handed the mail on to the",
        "service judged. The judge tells who of many may go on, and may be away for a moment: that",
        "is no reason to leave it alone. No network has all of it for itself.",
      ],
      settings: [
        ["content_filter", isScanned(policy) ? CONTENT_FILTER : ""],
        [`${JUDGE}_initial_destination_concurrency`, JUDGE_SESSIONS],
        [`${JUDGE}_destination_concurrency_limit`, JUDGE_SESSIONS],
        [`${JUDGE}_destination_concurrency_positive_feedback`, 1],
        [`${JUDGE}_destination_concurrency_negative_feedback`, 0],
        [`${JUDGE}_destination_concurrency_failed_cohort_limit`, 1000000],
        [`${JUDGE}_destination_recipient_limit`, 1000],
        [`${JUDGE}_destination_rate_delay`, "0s"],
        [`${JUDGE}_transport_rate_delay`, "0s"],
      ],
    },
    {
      comment: [
        "Mail arrives as it was sent, with long lines, long headers, and headers that only a",
        "last server would take out: a signature may cover them. Mail that runs in circles is",
        "found after 100 hops, as RFC 5321 has it.",
      ],
      settings: [
        ["smtp_line_length_limit", 0],
        ["header_size_limit", HEADER_BYTES],
        ["message_drop_headers", ""],
        ["local_header_rewrite_clients", ""],
        ["hopcount_limit", 100],
      ],
    },
    {
      comment: [
        "The queue. Mail waits for weeks and is tried every ten minutes at the latest, mail without a",
        "sender as well: it is a receipt, or says that a mail did not arrive. No delay warnings: they",
        "would go to senders that are often forged. The operator hears of what has waited too long.",
      ],
      settings: [
        ["maximal_queue_lifetime", policy.maximalQueueLifetime],
        ["bounce_queue_lifetime", policy.bounceQueueLifetime],
        ["delay_warning_time", "0h"],
        ["notify_classes", "bounce, 2bounce, resource, software"],
        ["queue_run_delay", "1m"],
        ["minimal_backoff_time", "1m"],
        ["maximal_backoff_time", "10m"],
        ["enable_long_queue_ids", "yes"],
        ["qmgr_message_active_limit", ACTIVE_MAILS],
        ["qmgr_message_recipient_limit", ACTIVE_MAILS],
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
        ["smtp_tls_policy_maps", `lmdb:${FOLDER}/tls_policy`],
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
  ];
}

function withheldKeywords({ smtputf8 }: MailPolicy): string {
  switch (smtputf8) {
    case "always":
      return "";
    case "never":
      return "static:smtputf8";
    default:
      return "pipemap:{static:here, lmdb:$data_directory/withheld }";
  }
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

function postscreen({ greetTest, ...policy }: MailPolicy): SettingGroup {
  const { postscreenDnsblSites: sites, postscreenDnsblThreshold: threshold } = policy;
  return {
    comment: [
      "A client that talks before the greeting is refused. Who waits is let in at once, and for",
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

/** Whether postscreen answers at port 25. */
export function hasPostscreen({ greetTest, postscreenDnsblSites }: MailPolicy): boolean {
  return greetTest || postscreenDnsblSites.length > 0;
}

function isScanned({ scanner }: MailPolicy): boolean {
  return scanner.kind !== "none";
}
