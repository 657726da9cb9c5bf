import { readFileSync } from "node:fs";
import { join } from "node:path";
import { badInput } from "../../input/bad-input";
import { singleLine } from "../../input/text";

const DOMAINS = "it follows from the domains prop";
const RELAY = "it keeps the host from being an open relay and cannot be changed";
const SMUGGLING = "it keeps forged mail from being smuggled in and cannot be changed";
const SCANNING = "it puts the scanner into the path of the mail; use the scanner prop";
const SCANNED = "mail would go past the scanner";
const PLACE = "the host looks for its mail where it is";
const DEEP = "it would send every new client away, and he may not come back while it matters";
const NAMES = "use the hostname prop";

/**
 * Parameters that a free setting may not touch, and what to do instead. They either have a prop,
 * whose checks must not be gone around, or they are what makes the host safe.
 */
const GUARDED: { readonly [name: string]: string } = {
  address_verify_map: "the host keeps its cache where it outlives a restart",
  address_verify_negative_cache:
    "without this cache a refusal of the primary is never seen; use the addressVerifyNegativeExpireTime prop",
  address_verify_negative_expire_time: "use the addressVerifyNegativeExpireTime prop",
  address_verify_negative_refresh_time: "use the addressVerifyNegativeRefreshTime prop",
  address_verify_poll_count:
    "a lower count accepts unknown recipients while the primary is up; it cannot be changed",
  address_verify_poll_delay:
    "a shorter delay accepts unknown recipients while the primary is up; it cannot be changed",
  address_verify_transport_maps: DOMAINS,
  alias_maps: "use the postmaster prop",
  allow_untrusted_routing: RELAY,
  bounce_queue_lifetime: "use the bounceQueueLifetime prop",
  smtpd_discard_ehlo_keyword_address_maps: "use the smtputf8 prop",
  compatibility_level: RELAY,
  content_filter: SCANNING,
  default_process_limit: "it keeps senders from filling the disk together and cannot be changed",
  enable_long_queue_ids: "the judge remembers mail by them: short ones are used again",
  hash_queue_depth: PLACE,
  hash_queue_names: PLACE,
  inet_interfaces: NAMES,
  local_recipient_maps: "the host has no mailboxes; use the postmaster prop",
  maximal_queue_lifetime: "use the maximalQueueLifetime prop",
  message_size_limit: "use the messageSizeLimit prop",
  mydestination: RELAY,
  myhostname: NAMES,
  mynetworks: RELAY,
  mynetworks_style: RELAY,
  parent_domain_matches_subdomains: RELAY,
  postscreen_bare_newline_enable: DEEP,
  postscreen_cache_map: "the host keeps its cache where it outlives a restart",
  postscreen_dnsbl_action: "use the postscreenDnsblSites prop",
  postscreen_dnsbl_sites: "use the postscreenDnsblSites prop",
  postscreen_dnsbl_threshold: "use the postscreenDnsblThreshold prop",
  postscreen_greet_action: "use the greetTest prop",
  postscreen_non_smtp_command_enable: DEEP,
  postscreen_pipelining_enable: DEEP,
  postscreen_upstream_proxy_protocol: RELAY,
  proxy_interfaces: "it holds the public address, by which the host finds itself in an MX list",
  queue_directory: PLACE,
  queue_minfree: "it follows from the messageSizeLimit prop",
  receive_override_options: SCANNED,
  relay_domains: DOMAINS,
  relay_transport: DOMAINS,
  relayhost: "use the relayhost prop",
  resolve_dequoted_address: RELAY,
  smtp_dns_support_level: "use PrimaryTls.dane() for a primary",
  smtp_tls_policy_maps: "use the tls prop of a primary",
  smtpd_authorized_xclient_hosts: RELAY,
  smtpd_authorized_xforward_hosts: RELAY,
  smtpd_command_filter: RELAY,
  smtpd_data_restrictions: SMUGGLING,
  smtpd_forbid_bare_newline: SMUGGLING,
  smtpd_forbid_bare_newline_exclusions: SMUGGLING,
  smtpd_forbid_unauth_pipelining: SMUGGLING,
  smtpd_proxy_filter: SCANNED,
  smtpd_recipient_restrictions: "use the smtpdRecipientRestrictions prop",
  smtpd_relay_before_recipient_restrictions: RELAY,
  smtpd_relay_restrictions: RELAY,
  smtpd_restriction_classes: RELAY,
  smtpd_sender_restrictions: "use the smtpdSenderRestrictions prop",
  smtpd_upstream_proxy_protocol: RELAY,
  transport_maps: DOMAINS,
  unknown_address_reject_code: "use the unknownAddressRejectCode prop",
  unverified_recipient_defer_code: "use the unverifiedRecipientDeferCode prop",
  unverified_recipient_reject_code: "use the unverifiedRecipientRejectCode prop",
  unverified_recipient_reject_reason: "use the unverifiedRecipientRejectReason prop",
  unverified_recipient_tempfail_action:
    "with permit no process of Postfix would start; use the unverifiedRecipientDeferCode prop",
  virtual_alias_domains: DOMAINS,
  virtual_alias_maps: "its keys would become domains of this host; use the domains prop",
  virtual_mailbox_domains: DOMAINS,
  virtual_mailbox_maps: "its keys would become domains of this host; use the domains prop",
  virtual_maps: "its keys would become domains of this host; use the domains prop",
};

/**
 * What the host itself refuses, whoever says it: names, in which an asterisk stands for anything, and
 * the reasons.
 */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = Object.entries<string>(
  JSON.parse(readFileSync(join(__dirname, "forbidden-settings.json"), "utf8")),
).map(([name, reason]) => [new RegExp(`^${name.replaceAll("*", ".*")}$`), reason]);

/** Lookup tables that ask a program, a server or the environment; and those that are files. */
const FOREIGN_TABLE =
  /(?:^|[\s,{!])(?:cdb|dbm|debug|environ|internal|ldap|memcache|mongodb|mysql|netinfo|nis|nisplus|pgsql|proxy|sdbm|socketmap|sqlite|tcp|unix):/;
const FILE_TABLE = /(?:^|[\s,{!])(?:btree|cidr|hash|lmdb|pcre|regexp|texthash):([^\s,{}]+)/g;
const TABLE_PLACE =
  /^(?:\/etc\/postfix\/|\/var\/lib\/postfix\/|\$\{?data_directory\}?\/)(?!.*\.\.)/;

/** What the host would refuse in a value, which its own programs look at once more. */
function valueProblem(value: string): string | undefined {
  if (FOREIGN_TABLE.test(value)) {
    return "a lookup table of this type asks who is not of this host";
  }
  if ([...value.matchAll(FILE_TABLE)].some(([, place]) => !TABLE_PLACE.test(place))) {
    return "a lookup table lies below /etc/postfix on the host";
  }
  if (/\bcheck_policy_service\b/.test(value)) {
    return "a program that is not of this host would decide";
  }
  return /\{.*\b(?:filter|redirect|bcc)\b/i.test(value)
    ? "mail would go elsewhere than to its primaries"
    : undefined;
}

/**
 * Checks the free Postfix settings.
 *
 * @throws if one is not a parameter's name, spans lines, or is guarded
 */
export function postfixSettings(settings: {
  readonly [name: string]: string;
}): ReadonlyMap<string, string> {
  const checked = Object.entries(settings).map(([name, value]): [string, string] => {
    const prop = `postfixSettings.${name}`;
    if (!/^[a-z0-9_-]+$/i.test(name)) {
      throw badInput("postfixSettings key", name, "is not a parameter's name; see postconf(5)");
    }
    const reason = Object.hasOwn(GUARDED, name)
      ? GUARDED[name]
      : (FORBIDDEN.find(([pattern]) => pattern.test(name))?.[1] ?? valueProblem(value));
    if (reason !== undefined) {
      throw badInput(prop, value, `cannot be set: ${reason}`);
    }
    // An empty value is Postfix's way to switch something off.
    return [name, value === "" ? "" : singleLine(prop, value)];
  });
  return new Map(checked.sort(([a], [b]) => (a < b ? -1 : 1)));
}
