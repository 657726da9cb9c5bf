import { postfixSettings } from "../../../../lib/mail/postfix/postfix-settings";

const HAS_A_PROP = {
  address_verify_negative_cache: "addressVerifyNegativeExpireTime",
  address_verify_negative_expire_time: "addressVerifyNegativeExpireTime",
  address_verify_negative_refresh_time: "addressVerifyNegativeRefreshTime",
  address_verify_transport_maps: "domains",
  alias_maps: "postmaster",
  bounce_queue_lifetime: "bounceQueueLifetime",
  content_filter: "scanner",
  inet_interfaces: "hostname",
  local_recipient_maps: "postmaster",
  maximal_queue_lifetime: "maximalQueueLifetime",
  message_size_limit: "messageSizeLimit",
  myhostname: "hostname",
  queue_minfree: "messageSizeLimit",
  relay_domains: "domains",
  relay_transport: "domains",
  relayhost: "relayhost",
  smtpd_recipient_restrictions: "smtpdRecipientRestrictions",
  smtpd_sender_restrictions: "smtpdSenderRestrictions",
  transport_maps: "domains",
  unknown_address_reject_code: "unknownAddressRejectCode",
  unverified_recipient_defer_code: "unverifiedRecipientDeferCode",
  unverified_recipient_reject_code: "unverifiedRecipientRejectCode",
  unverified_recipient_reject_reason: "unverifiedRecipientRejectReason",
  unverified_recipient_tempfail_action: "unverifiedRecipientDeferCode",
  virtual_alias_domains: "domains",
  virtual_mailbox_domains: "domains",
};

/** What a stranger could relay through, were it set to something. */
const OPENS_THE_RELAY = [
  "allow_untrusted_routing",
  "compatibility_level",
  "mydestination",
  "mynetworks",
  "mynetworks_style",
  "parent_domain_matches_subdomains",
  "postscreen_upstream_proxy_protocol",
  "proxy_interfaces",
  "relay_domains",
  // "user@third.party"@example.com would be handed to the primary (postconf(5)).
  "resolve_dequoted_address",
  "smtpd_authorized_xclient_hosts",
  "smtpd_authorized_xforward_hosts",
  // Rewrites what a client says before anything is checked.
  "smtpd_command_filter",
  "smtpd_recipient_restrictions",
  "smtpd_relay_before_recipient_restrictions",
  "smtpd_relay_restrictions",
  "smtpd_restriction_classes",
  "smtpd_upstream_proxy_protocol",
  "transport_maps",
  // Every domain that a lookup here finds is one of ours: virtual_alias_domains and
  // virtual_mailbox_domains are these maps unless they are set.
  "virtual_alias_domains",
  "virtual_alias_maps",
  "virtual_mailbox_domains",
  "virtual_mailbox_maps",
  "virtual_maps",
];

/** What would lead mail past the scanner, or to where the host does not look for it, or find another. */
const GOES_ROUND_THE_SCANNER = [
  "content_filter",
  "default_filter_nexthop",
  "defer_transports",
  "enable_long_queue_ids",
  "hash_queue_depth",
  "hash_queue_names",
  "internal_mail_filter_classes",
  "judge_destination_concurrency_limit",
  "judged_service_name",
  "lmtp_tls_security_level",
  "queue_directory",
  "receive_override_options",
  "smtpd_proxy_filter",
];

/** What would accept recipients that do not exist, or forged mail. */
const ACCEPTS_TOO_MUCH = [
  "address_verify_map",
  "address_verify_negative_cache",
  "address_verify_poll_count",
  "address_verify_poll_delay",
  "smtpd_data_restrictions",
  "smtpd_forbid_bare_newline",
  "smtpd_forbid_bare_newline_exclusions",
  "smtpd_forbid_unauth_pipelining",
];

describe("free Postfix settings", () => {
  test("are sorted by name", () => {
    const settings = postfixSettings({ smtp_tls_loglevel: "1", debug_peer_level: "2" });
    expect([...settings]).toEqual([
      ["debug_peer_level", "2"],
      ["smtp_tls_loglevel", "1"],
    ]);
  });

  test("may be empty: so Postfix switches something off", () => {
    expect([...postfixSettings({ smtpd_banner: "" })]).toEqual([["smtpd_banner", ""]]);
  });

  test.each(Object.entries(HAS_A_PROP))("%s has a prop: %s", (name, prop) => {
    expect(() => postfixSettings({ [name]: "7" })).toThrow(
      new RegExp(`^postfixSettings\\.${name} "7" cannot be set: .*\\b${prop} prop$`),
    );
  });

  test.each(OPENS_THE_RELAY)("%s could open the relay", (name) => {
    expect(() => postfixSettings({ [name]: "static:all" })).toThrow(
      new RegExp(`^postfixSettings\\.${name} "static:all" cannot be set: `),
    );
  });

  test.each(GOES_ROUND_THE_SCANNER)("%s could lead mail past the scanner", (name) => {
    expect(() => postfixSettings({ [name]: "7" })).toThrow(/cannot be set: /);
  });

  test.each(ACCEPTS_TOO_MUCH)("%s could accept too much", (name) => {
    expect(() => postfixSettings({ [name]: "7" })).toThrow(/cannot be set: /);
  });

  test.each([
    [""],
    ["my networks"],
    ["a=b"],
    ["#comment"],
    ["mynetworks\n"],
    ["x\nmynetworks"],
    ["smtp/inet/mynetworks"],
    ["name'"],
    [`\${mynetworks}`],
  ])("%j is not the name of a parameter", (name) => {
    expect(() => postfixSettings({ [name]: "7" })).toThrow(
      /^postfixSettings key ".*" is not a parameter's name; see postconf\(5\)$/,
    );
  });

  test.each([
    ["1\nmynetworks = 0.0.0.0/0"],
    ["1\r"],
    ["\u0000"],
    ["a\u0085b"],
    ["a\u2028b"],
    [" "],
  ])("the value %j is refused", (value) => {
    expect(() => postfixSettings({ smtpd_banner: value })).toThrow(
      /^postfixSettings\.smtpd_banner "(.|\s)*" (holds a line break|is empty)/,
    );
  });
});

// The host looks once more; see test/unit/host/configuration/postfix.test.ts.
describe("a value that the host would refuse", () => {
  test.each([
    ["smtpd_client_restrictions", "check_client_access tcp:127.0.0.1:1234"],
    ["smtpd_client_restrictions", "check_client_access proxy:mysql:/etc/postfix/clients.cf"],
    ["smtpd_client_restrictions", "check_client_access lmdb:/tmp/clients"],
    ["smtpd_client_restrictions", "check_client_access hash:/etc/postfix/../passwd"],
    ["smtpd_client_restrictions", "check_policy_service unix:private/policy"],
    ["smtpd_end_of_data_restrictions", "check_policy_service inet:127.0.0.1:10023"],
    [
      "smtpd_client_restrictions",
      "check_client_access inline:{{192.0.2.1=REDIRECT x@evil.example}}",
    ],
    ["smtp_generic_maps", "pcre:/etc/postfix/generic"],
    ["mailbox_command", "/bin/sh"],
    ["daemon_directory", "/tmp"],
  ])("%s = %s", (name, value) => {
    expect(() => postfixSettings({ [name]: value })).toThrow(
      new RegExp(`^postfixSettings\\.${name} ".*" cannot be set: `),
    );
  });

  test.each([
    ["smtpd_client_restrictions", "check_client_access cidr:/etc/postfix/clients"],
    ["smtpd_client_restrictions", "check_client_access lmdb:$data_directory/clients"],
    ["smtpd_client_restrictions", "check_client_access static:{PREPEND X-Seen: yes}"],
    ["smtpd_banner", "$myhostname ESMTP: ready #1"],
  ])("and one that it takes: %s = %s", (name, value) => {
    expect(postfixSettings({ [name]: value }).get(name)).toBe(value);
  });
});
