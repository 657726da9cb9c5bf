import { badInput } from "../input/bad-input";
import { choice } from "../input/choice";
import { isDeferred } from "../input/deferred-value";
import { domainName } from "../input/domain-name";
import { duration, seconds } from "../input/duration";
import { factoryValue } from "../input/factory-value";
import { singleLine } from "../input/text";
import { wholeNumber } from "../input/whole-number";
import { dnsBlocklists, dnsBlocklistThreshold } from "./postfix/dns-blocklist";
import { postfixSettings } from "./postfix/postfix-settings";
import { Scanner } from "./scanner/scanner";

const LONGEST_HOSTNAME = 64;

const REFUSED_LIFETIME = "5d";

/** The largest message that any policy may allow, in bytes. */
const LARGEST_MESSAGE = 1024 * 1024 * 1024;

/**
 * What the backup does with mail. A prop that is named like a Postfix parameter sets that
 * parameter: see https://www.postfix.org/postconf.5.html.
 */
export interface MailPolicyProps {
  /**
   * The address of a person: receives mail to postmaster, abuse and root of the backup itself.
   *
   * @default - postmaster of the first domain
   */
  readonly postmaster?: string | undefined;
  /**
   * The host that takes the backup's own mail (reports to the postmaster), such as
   * `[smtp.example.net]:587`. Mail for the relay domains goes past it to their primaries. Of one that
   * is known only at deploy time the firewall lets out port 25 alone.
   *
   * @default - no relayhost: the backup's own mail goes by MX records
   */
  readonly relayhost?: string | undefined;
  /**
   * How long mail waits for its primary before the backup gives it up and tells the postmaster.
   * `maximal_queue_lifetime`.
   *
   * @default "21d"
   */
  readonly maximalQueueLifetime?: string | undefined;
  /**
   * How long mail without a sender waits: receipts, and what others say of mail that did not arrive.
   * `bounce_queue_lifetime`.
   *
   * @default - as long as all mail
   */
  readonly bounceQueueLifetime?: string | undefined;
  /**
   * How long mail stays in the queue that its primary refuses for good (5xx), counted only while that
   * primary takes other mail of the domain. Then it goes into quarantine, and the postmaster is told.
   * Not longer than `maximalQueueLifetime`.
   *
   * @default - "5d", or `maximalQueueLifetime` if that is shorter
   */
  readonly refusedQueueLifetime?: string | undefined;
  /**
   * Which senders are told that their mail was given up: "proven", those who have let the client send
   * it (SPF), so that nobody is told of what others sent in his name; or "never". The postmaster always
   * is.
   *
   * @default "proven"
   */
  readonly nonDeliveryReports?: "proven" | "never" | undefined;
  /**
   * The text for a recipient that the primary does not know. `unverified_recipient_reject_reason`.
   *
   * @default "Address lookup failed"
   */
  readonly unverifiedRecipientRejectReason?: string | undefined;
  /**
   * The reply code for a recipient that the primary does not know, 400 to 599.
   * `unverified_recipient_reject_code`.
   *
   * @default 550
   */
  readonly unverifiedRecipientRejectCode?: number | undefined;
  /**
   * The reply code for a recipient about whom a primary that is up gives no answer in time: it
   * greylists the question, or is slow. 450 lets the sender try again, 250 accepts the recipient.
   * `RecipientVerification.callOut()` says what happens while it is down.
   * `unverified_recipient_defer_code`.
   *
   * @default 450
   */
  readonly unverifiedRecipientDeferCode?: number | undefined;
  /**
   * How long "the primary does not know this recipient" is remembered: for so long a new user may
   * be refused, and for so long after an outage an unknown recipient may be accepted.
   * `address_verify_negative_expire_time`. Takes the place of `address_verify_negative_cache = no`,
   * with which Postfix never sees a refusal of the primary.
   *
   * @default "5m"
   */
  readonly addressVerifyNegativeExpireTime?: string | undefined;
  /**
   * After how long a remembered refusal is checked again when somebody writes to the recipient.
   * `address_verify_negative_refresh_time`.
   *
   * @default "1m"
   */
  readonly addressVerifyNegativeRefreshTime?: string | undefined;
  /**
   * The reply code for a sender or recipient domain that does not exist, 400 to 599.
   * `unknown_address_reject_code`.
   *
   * @default 550
   */
  readonly unknownAddressRejectCode?: number | undefined;
  /**
   * What is asked of the sender, one restriction an entry. `reject_unknown_helo_hostname` refuses
   * some badly configured but honest senders: leave it out if you know such.
   * `smtpd_sender_restrictions`.
   *
   * @default ["reject_unknown_sender_domain", "reject_unknown_helo_hostname"]
   */
  readonly smtpdSenderRestrictions?: readonly string[] | undefined;
  /**
   * What is asked of the recipient, one restriction an entry, cheap ones first. Lists of
   * recipients are looked up just before `reject_unverified_recipient`.
   * `smtpd_recipient_restrictions`.
   *
   * @default ["permit_mynetworks", "reject_unauth_destination", "reject_unknown_recipient_domain", "reject_unverified_recipient"]
   */
  readonly smtpdRecipientRestrictions?: readonly string[] | undefined;
  /**
   * Whether a client waits six seconds for the greeting, once a day. Programs that send spam are in
   * a hurry: a client that talks before the greeting is refused. postscreen(8), `postscreen_greet_action`.
   *
   * @default true
   */
  readonly greetTest?: boolean | undefined;
  /**
   * Lists of spam senders in DNS, each `domain`, `domain*weight` or `domain=filter*weight`; a
   * negative weight is for lists of good senders. Who is on lists of at least the threshold
   * together is refused. Without a filter answers of 127.0.x.x count: not 127.255.255.x, by which a
   * list refuses who asks. `postscreen_dnsbl_sites`.
   *
   * @default - none
   */
  readonly postscreenDnsblSites?: readonly string[] | undefined;
  /**
   * The weight from which a client is refused, 1 to 1000. `postscreen_dnsbl_threshold`.
   *
   * @default 1
   */
  readonly postscreenDnsblThreshold?: number | undefined;
  /**
   * The largest message in bytes; not smaller than that of the primaries, or what they would take
   * is refused. `message_size_limit`.
   *
   * @default 52428800 (50 MiB)
   */
  readonly messageSizeLimit?: number | undefined;
  /**
   * Whether senders are offered internationalized addresses (SMTPUTF8): "auto", while every primary
   * takes them; "always"; or "never". `smtpd_discard_ehlo_keyword_address_maps`.
   *
   * @default "auto"
   */
  readonly smtputf8?: "auto" | "always" | "never" | undefined;
  /**
   * Further Postfix parameters by name. Parameters that another prop sets, or that keep the host
   * from being an open relay, are refused.
   *
   * @default - none
   */
  readonly postfixSettings?: { readonly [name: string]: string } | undefined;
  /**
   * How often each primary is asked whether it is there, from 5 seconds to 10 minutes: by a
   * connection that leaves after EHLO. One that cannot be reached is asked every 5 seconds, and is
   * down after the second time.
   *
   * @default "30s"
   */
  readonly watchInterval?: string | undefined;
  /**
   * Who says whether a mail is spam or has a virus, before it goes to the primary.
   *
   * @default Scanner.mailScanner()
   */
  readonly scanner?: Scanner | undefined;
}

/** The mail policy: checked, with every default filled in. */
export interface MailPolicy {
  readonly hostname: string;
  readonly postmaster?: string;
  readonly relayhost?: string;
  readonly maximalQueueLifetime: string;
  readonly bounceQueueLifetime: string;
  readonly refusedQueueLifetime: string;
  readonly nonDeliveryReports: "proven" | "never";
  readonly unverifiedRecipientRejectReason: string;
  readonly unverifiedRecipientRejectCode: number;
  readonly unverifiedRecipientDeferCode: number;
  readonly addressVerifyNegativeExpireTime: string;
  readonly addressVerifyNegativeRefreshTime: string;
  readonly unknownAddressRejectCode: number;
  readonly smtpdSenderRestrictions: readonly string[];
  readonly smtpdRecipientRestrictions: readonly string[];
  readonly greetTest: boolean;
  readonly postscreenDnsblSites: readonly string[];
  readonly postscreenDnsblThreshold: number;
  readonly messageSizeLimit: number;
  readonly smtputf8: "auto" | "always" | "never";
  readonly postfixSettings: ReadonlyMap<string, string>;
  readonly watchInterval: string;
  readonly scanner: Scanner;
}

/**
 * Reads the policy out of the props.
 *
 * @param hostname the name of the backup
 * @throws if a value cannot be used, or would open the relay
 */
export function mailPolicy(hostname: string, props: MailPolicyProps): MailPolicy {
  const name = hostName(hostname);
  return {
    hostname: name,
    postmaster: props.postmaster === undefined ? undefined : postmaster(props.postmaster, name),
    relayhost: props.relayhost === undefined ? undefined : relayhost(props.relayhost, name),
    maximalQueueLifetime: duration("maximalQueueLifetime", props.maximalQueueLifetime ?? "21d"),
    bounceQueueLifetime: duration(
      "bounceQueueLifetime",
      props.bounceQueueLifetime ?? props.maximalQueueLifetime ?? "21d",
    ),
    refusedQueueLifetime: refusedQueueLifetime(props),
    nonDeliveryReports: choice("nonDeliveryReports", props.nonDeliveryReports ?? "proven", [
      "proven",
      "never",
    ]),
    unverifiedRecipientRejectReason: singleLine(
      "unverifiedRecipientRejectReason",
      props.unverifiedRecipientRejectReason ?? "Address lookup failed",
    ),
    unverifiedRecipientRejectCode: wholeNumber(
      "unverifiedRecipientRejectCode",
      props.unverifiedRecipientRejectCode ?? 550,
      400,
      599,
    ),
    unverifiedRecipientDeferCode: deferCode(props.unverifiedRecipientDeferCode ?? 450),
    addressVerifyNegativeExpireTime: duration(
      "addressVerifyNegativeExpireTime",
      props.addressVerifyNegativeExpireTime ?? "5m",
    ),
    addressVerifyNegativeRefreshTime: duration(
      "addressVerifyNegativeRefreshTime",
      props.addressVerifyNegativeRefreshTime ?? "1m",
    ),
    unknownAddressRejectCode: wholeNumber(
      "unknownAddressRejectCode",
      props.unknownAddressRejectCode ?? 550,
      400,
      599,
    ),
    smtpdSenderRestrictions: restrictions(
      "smtpdSenderRestrictions",
      props.smtpdSenderRestrictions ?? [
        "reject_unknown_sender_domain",
        "reject_unknown_helo_hostname",
      ],
    ),
    smtpdRecipientRestrictions: recipientRestrictions(
      props.smtpdRecipientRestrictions ?? [
        "permit_mynetworks",
        "reject_unauth_destination",
        "reject_unknown_recipient_domain",
        "reject_unverified_recipient",
      ],
    ),
    greetTest: props.greetTest ?? true,
    postscreenDnsblSites: dnsBlocklists("postscreenDnsblSites", props.postscreenDnsblSites ?? []),
    postscreenDnsblThreshold: dnsBlocklistThreshold(
      "postscreenDnsblThreshold",
      props.postscreenDnsblThreshold ?? 1,
      props.postscreenDnsblSites ?? [],
    ),
    messageSizeLimit: messageSizeLimit(props.messageSizeLimit ?? 50 * 1024 * 1024),
    smtputf8: choice("smtputf8", props.smtputf8 ?? "auto", ["auto", "always", "never"]),
    postfixSettings: postfixSettings(props.postfixSettings ?? {}),
    watchInterval: duration("watchInterval", props.watchInterval ?? "30s", "5s", "10m"),
    scanner:
      props.scanner === undefined
        ? Scanner.mailScanner()
        : factoryValue("scanner", props.scanner, Scanner),
  };
}

function refusedQueueLifetime(props: MailPolicyProps): string {
  const { maximalQueueLifetime: longest = "21d", refusedQueueLifetime: given } = props;
  const isKnown = !isDeferred(longest);
  if (given === undefined) {
    return isKnown && seconds(longest) < seconds(REFUSED_LIFETIME) ? longest : REFUSED_LIFETIME;
  }
  return duration("refusedQueueLifetime", given, "1s", isKnown ? longest : undefined);
}

function messageSizeLimit(value: number): number {
  if (isDeferred(value)) {
    throw badInput(
      "messageSizeLimit",
      value,
      "is not known before deployment, and the room on the queue volume follows from it; give a number",
    );
  }
  return wholeNumber("messageSizeLimit", value, 64 * 1024, LARGEST_MESSAGE);
}

function hostName(value: string): string {
  const name = domainName("hostname", value);
  if (!isDeferred(name) && name.length > LONGEST_HOSTNAME) {
    throw badInput(
      "hostname",
      name,
      `is longer than the ${LONGEST_HOSTNAME} characters that Linux takes; choose a shorter one`,
    );
  }
  return name;
}

function postmaster(value: string, hostname: string): string {
  if (isDeferred(value)) {
    return value;
  }
  const [, localPart, domain] = /^([a-z0-9._%+=~-]+)@([^@\s,]+)$/i.exec(value) ?? [];
  if (domain === undefined) {
    throw badInput("postmaster", value, "is not a mail address; write it in full");
  }
  const itsDomain = domainName("postmaster", domain);
  if (itsDomain === hostname) {
    throw badInput(
      "postmaster",
      value,
      "is on the backup itself, which has no mailboxes; give an address elsewhere",
    );
  }
  return `${localPart}@${itsDomain}`;
}

function relayhost(value: string, hostname: string): string {
  if (isDeferred(value)) {
    return value;
  }
  const form = /^(?:\[([a-z0-9.:-]+)\]|([a-z0-9.-]+))(?::([0-9]{1,5}))?$/i.exec(value);
  const [, bracketed, plain, port = "25"] = form ?? [];
  const host = bracketed ?? plain ?? "";
  if (!/[a-z0-9]/i.test(host) || Number(port) < 1 || Number(port) > 65535) {
    throw badInput(
      "relayhost",
      value,
      'is not a next hop; give a name or "[name]:port", such as "[smtp.example.net]:587"',
    );
  }
  if (host.toLowerCase() === hostname) {
    throw badInput(
      "relayhost",
      value,
      "is the backup itself; leave the prop out, or name another host",
    );
  }
  return value;
}

function deferCode(value: number): number {
  if (
    !isDeferred(value) &&
    value !== 250 &&
    !(Number.isInteger(value) && value >= 400 && value <= 499)
  ) {
    throw badInput(
      "unverifiedRecipientDeferCode",
      value,
      "is neither 250 nor 400 to 499; use 450 to let the sender try again",
    );
  }
  return value;
}

function restrictions(prop: string, entries: readonly string[]): readonly string[] {
  return entries.map((entry, index) => {
    const place = `${prop}[${index}]`;
    if (singleLine(place, entry).includes(",")) {
      throw badInput(place, entry, "holds a comma; write one restriction an entry");
    }
    return entry.trim();
  });
}

/** What may stand before the guard: it refuses, by itself or by one list in DNS. */
const HARMLESS =
  /^(permit_mynetworks|reject_(?!unverified_)[a-z_]+|reject_(rbl|rhsbl)_[a-z]+ [^ ]+)$/;

/**
 * Whether a stranger may use the relay is decided by `smtpd_relay_restrictions`, which no prop
 * can change. The same decision must also come first here, or an entry before it could accept
 * recipients of which nobody knows whether they exist.
 */
function recipientRestrictions(entries: readonly string[]): readonly string[] {
  const prop = "smtpdRecipientRestrictions";
  const checked = restrictions(prop, entries);
  const guard = checked.indexOf("reject_unauth_destination");
  if (guard === -1) {
    throw new Error(
      `${prop} lacks "reject_unauth_destination"; add it, or recipients of foreign domains would be looked at`,
    );
  }
  checked.slice(0, guard).forEach((entry, index) => {
    if (!HARMLESS.test(entry)) {
      throw badInput(
        `${prop}[${index}]`,
        entry,
        'could permit before "reject_unauth_destination" or ask a foreign host; put it behind that entry',
      );
    }
  });
  const verification = checked.findIndex((entry) => /\breject_unverified_recipient\b/.test(entry));
  if (verification !== -1 && verification < checked.length - 1) {
    throw badInput(
      `${prop}[${verification + 1}]`,
      checked[verification + 1],
      'would not be asked while a primary is down; put it before "reject_unverified_recipient"',
    );
  }
  return checked;
}
