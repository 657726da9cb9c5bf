import { mailDomain } from "../../../lib/mail/mail-domain";
import { type MailPolicyProps, mailPolicy } from "../../../lib/mail/mail-policy";
import { postfixSection } from "../../../lib/mail/postfix/postfix";
import { Scanner } from "../../../lib/mail/scanner/scanner";
import { mainCfSettings } from "../../support/main-cf";

const HOSTNAME = "mx2.example.net";
const DOMAIN = mailDomain(
  "domains[0]",
  { name: "example.com", primaries: [{ hostname: "mx1.example.com" }] },
  HOSTNAME,
);
const policy = (props: MailPolicyProps) => mailPolicy(HOSTNAME, props);
const section = (props: MailPolicyProps) => postfixSection(policy(props), [DOMAIN], "203.0.113.7");
const settings = (props: MailPolicyProps) => mainCfSettings(section(props)["main.cf"]);

/** The settings in which two main.cf differ. */
function changes(props: MailPolicyProps): { [name: string]: string | undefined } {
  const before = settings({});
  const after = settings(props);
  const names = new Set([...before.keys(), ...after.keys()]);
  return Object.fromEntries(
    [...names]
      .filter((name) => before.get(name) !== after.get(name))
      .map((name) => [name, after.get(name)]),
  );
}

describe("the defaults of the mail policy", () => {
  test("are those of the recipe", () => {
    expect(Object.fromEntries(settings({}))).toMatchObject({
      smtpd_recipient_restrictions:
        "permit_mynetworks, reject_unauth_destination, reject_unknown_recipient_domain, check_recipient_access lmdb:$data_directory/outages, reject_unverified_recipient",
      unverified_recipient_reject_reason: "Address lookup failed",
      unverified_recipient_reject_code: "550",
      smtpd_sender_restrictions: "reject_unknown_sender_domain, reject_unknown_helo_hostname",
      unknown_address_reject_code: "550",
      maximal_queue_lifetime: "21d",
    });
  });

  test("leave the outage to the watch, and forget refusals soon", () => {
    expect(Object.fromEntries(settings({}))).toMatchObject({
      unverified_recipient_defer_code: "450",
      address_verify_negative_cache: "yes",
      address_verify_negative_expire_time: "5m",
      address_verify_negative_refresh_time: "1m",
      bounce_queue_lifetime: "21d",
    });
  });

  test("relay for nobody, not even this host", () => {
    expect(Object.fromEntries(settings({}))).toMatchObject({
      compatibility_level: "3.6",
      mynetworks: "",
      smtpd_relay_restrictions: "permit_mynetworks, reject_unauth_destination",
      parent_domain_matches_subdomains: "",
      relayhost: "",
    });
  });

  test("let nobody but root, Postfix and the judge at the queue", () => {
    expect(Object.fromEntries(settings({}))).toMatchObject({
      authorized_submit_users: "root, postfix",
      authorized_flush_users: "root, postfix, backup-mx-judge",
      authorized_mailq_users: "root, postfix, backup-mx-judge",
    });
  });

  test("let no forged mail be smuggled in, and tell strangers nothing", () => {
    expect(Object.fromEntries(settings({}))).toMatchObject({
      smtpd_forbid_bare_newline: "yes",
      smtpd_forbid_unauth_pipelining: "yes",
      smtpd_data_restrictions:
        "reject_unauth_pipelining, check_client_access regexp:/etc/postfix/judge_networks",
      disable_vrfy_command: "yes",
      smtpd_etrn_restrictions: "permit_mynetworks, reject",
    });
  });

  test("wait for the answer of a slow primary, also under stress", () => {
    expect(Object.fromEntries(settings({}))).toMatchObject({
      address_verify_poll_count: "20",
      address_verify_poll_delay: "1s",
    });
  });

  test("scan", () => {
    expect(policy({}).scanner.kind).toBe("mailscanner");
    expect(policy({ scanner: undefined }).scanner.kind).toBe("mailscanner");
  });
});

describe("each prop changes its setting and no other", () => {
  test.each<[MailPolicyProps, { [name: string]: string | undefined }]>([
    [{ relayhost: "[smtp.example.net]:587" }, { relayhost: "[smtp.example.net]:587" }],
    [
      { maximalQueueLifetime: "30d" },
      { maximal_queue_lifetime: "30d", bounce_queue_lifetime: "30d" },
    ],
    [{ smtputf8: "always" }, { smtpd_discard_ehlo_keyword_address_maps: "" }],
    [{ smtputf8: "never" }, { smtpd_discard_ehlo_keyword_address_maps: "static:smtputf8" }],
    [{ bounceQueueLifetime: "2d" }, { bounce_queue_lifetime: "2d" }],
    [
      { unverifiedRecipientRejectReason: 'No such user: "you" # 100 %' },
      { unverified_recipient_reject_reason: 'No such user: "you" # 100 %' },
    ],
    [{ unverifiedRecipientRejectCode: 553 }, { unverified_recipient_reject_code: "553" }],
    [{ unverifiedRecipientDeferCode: 250 }, { unverified_recipient_defer_code: "250" }],
    [{ addressVerifyNegativeExpireTime: "10m" }, { address_verify_negative_expire_time: "10m" }],
    [{ addressVerifyNegativeRefreshTime: "2m" }, { address_verify_negative_refresh_time: "2m" }],
    [{ unknownAddressRejectCode: 450 }, { unknown_address_reject_code: "450" }],
    [
      { smtpdSenderRestrictions: ["reject_unknown_sender_domain"] },
      { smtpd_sender_restrictions: "reject_unknown_sender_domain" },
    ],
    [{ smtpdSenderRestrictions: [] }, { smtpd_sender_restrictions: "" }],
    [
      { smtpdRecipientRestrictions: ["reject_unauth_destination", "reject_unverified_recipient"] },
      {
        smtpd_recipient_restrictions:
          "reject_unauth_destination, check_recipient_access lmdb:$data_directory/outages, reject_unverified_recipient",
      },
    ],
    // The room on disk follows from the size of a message.
    [
      { messageSizeLimit: 10_000_000 },
      { message_size_limit: "10000000", queue_minfree: "700000000" },
    ],
    [{ postfixSettings: { maximal_backoff_time: "30m" } }, { maximal_backoff_time: "30m" }],
    [{ postfixSettings: { smtp_tls_loglevel: "1" } }, { smtp_tls_loglevel: "1" }],
    [
      { scanner: Scanner.none() },
      { content_filter: "", smtpd_data_restrictions: "reject_unauth_pipelining" },
    ],
    // These are not in main.cf.
    [{ postmaster: "ops@example.org" }, {}],
    [{ scanner: Scanner.mailScanner({ clamAv: true }) }, {}],
  ])("%j", (props, expected) => {
    expect(changes(props)).toEqual(expected);
  });

  test("the postmaster has the mail for the host itself", () => {
    expect(section({ postmaster: "Ops@Example.ORG" }).aliases).toEqual([
      "abuse Ops@example.org",
      "postmaster Ops@example.org",
      "root Ops@example.org",
    ]);
  });

  test("the postmaster is that of the first domain by default", () => {
    expect(section({}).aliases).toContain("root postmaster@example.com");
  });
});

describe("restrictions on recipients", () => {
  const restrict = (...smtpdRecipientRestrictions: string[]) =>
    policy({ smtpdRecipientRestrictions }).smtpdRecipientRestrictions;

  test("are trimmed", () => {
    expect(restrict(" reject_unauth_destination ")).toEqual(["reject_unauth_destination"]);
  });

  test("may refuse before the guard, and permit behind it", () => {
    const list = [
      "reject_non_fqdn_recipient",
      "reject_rbl_client zen.example.org",
      "permit_mynetworks",
      "reject_unauth_destination",
      "check_recipient_access inline:{ root@example.com=REJECT }",
      "permit",
    ];
    expect(restrict(...list)).toEqual(list);
  });

  test("hold the guard", () => {
    expect(() => restrict("permit_mynetworks", "reject_unverified_recipient")).toThrow(
      /^smtpdRecipientRestrictions lacks "reject_unauth_destination"; add it/,
    );
    expect(() => restrict()).toThrow(/lacks "reject_unauth_destination"/);
  });

  test.each([
    ["permit"],
    ["permit_sasl_authenticated"],
    ["permit_mx_backup"],
    ["check_client_access static:OK"],
    ["check_policy_service inet:127.0.0.1:12345"],
    ["warn_if_reject"],
    ["reject_everything_class permit"],
    // Postfix takes several restrictions on one line, with or without commas between them.
    ["reject_non_fqdn_recipient permit"],
    ["reject_rbl_client zen.example.org permit"],
    ["reject_non_fqdn_recipient warn_if_reject"],
  ])("%j may not stand before the guard", (entry) => {
    expect(() => restrict("permit_mynetworks", entry, "reject_unauth_destination")).toThrow(
      /^smtpdRecipientRestrictions\[1\] ".*" /,
    );
  });

  // Strangers could have any address in the world verified by this host.
  test("verify recipients behind the guard only", () => {
    expect(() => restrict("reject_unverified_recipient", "reject_unauth_destination")).toThrow(
      /^smtpdRecipientRestrictions\[0\] "reject_unverified_recipient" /,
    );
  });

  test.each([[""], [" "], ["reject_unlisted_recipient, permit"], ["a\nmynetworks = 0.0.0.0/0"]])(
    "%j is not one",
    (entry) => {
      const place = /^smtpdRecipientRestrictions\[1\] ".*" (is empty|holds a)/;
      expect(() => restrict("reject_unauth_destination", entry)).toThrow(place);
      expect(() => policy({ smtpdSenderRestrictions: ["permit_mynetworks", entry] })).toThrow(
        /^smtpdSenderRestrictions\[1\] ".*" (is empty|holds a)/,
      );
    },
  );
});

describe("a value that cannot be used", () => {
  test.each<[MailPolicyProps, RegExp]>([
    [{ postmaster: "ops" }, /^postmaster "ops" is not a mail address; write it in full$/],
    [{ postmaster: "" }, /^postmaster "" /],
    [{ postmaster: "ops@localhost" }, /^postmaster "localhost" is not a fully qualified/],
    [{ postmaster: "a@example.com, b@example.com" }, /^postmaster ".*" is not a mail address/],
    [{ postmaster: "|/bin/sh@example.com" }, /^postmaster ".*" is not a mail address/],
    [{ postmaster: ":include:/etc/passwd@example.com" }, /^postmaster ".*" is not a mail address/],
    // The alias would lead back to itself, and a failed setup could be told to nobody.
    [{ postmaster: `postmaster@${HOSTNAME}` }, /^postmaster "postmaster@mx2\.example\.net" /],
    [{ relayhost: "" }, /^relayhost "" /],
    [{ relayhost: "smtp.example.net 587" }, /^relayhost ".*" is not a next hop; give a name or/],
    [{ relayhost: "[smtp.example.net" }, /^relayhost ".*" is not a next hop/],
    [{ relayhost: "[smtp.example.net]:smtp" }, /^relayhost ".*" is not a next hop/],
    [{ relayhost: "[smtp.example.net]:0" }, /^relayhost ".*" /],
    [{ relayhost: "[smtp.example.net]:65536" }, /^relayhost ".*" /],
    [{ relayhost: "-" }, /^relayhost ".*" /],
    [{ relayhost: "[]" }, /^relayhost ".*" /],
    // Mail for itself by way of itself.
    [{ relayhost: HOSTNAME }, /^relayhost ".*" /],
    [{ relayhost: `[${HOSTNAME}]:25` }, /^relayhost ".*" /],
    [{ maximalQueueLifetime: "21" }, /^maximalQueueLifetime "21" is not a duration/],
    // Nothing would wait for the primary: the first failure bounces.
    [{ maximalQueueLifetime: "0d" }, /^maximalQueueLifetime "0d" /],
    // The queue manager takes at most 100 days; with more it does not start, and mail that was
    // accepted is never delivered.
    [{ maximalQueueLifetime: "101d" }, /^maximalQueueLifetime "101d" /],
    [{ maximalQueueLifetime: "15w" }, /^maximalQueueLifetime "15w" /],
    [
      { refusedQueueLifetime: "22d" },
      /^refusedQueueLifetime "22d" is out of range; give a duration from "1s" to "21d"$/,
    ],
    [
      { nonDeliveryReports: "always" as never },
      /^nonDeliveryReports "always" is not one of its words; give "proven" or "never"$/,
    ],
    [{ refusedQueueLifetime: "soon" }, /^refusedQueueLifetime "soon" is not a duration/],
    [{ bounceQueueLifetime: "101d" }, /^bounceQueueLifetime "101d" /],
    [{ bounceQueueLifetime: "a while" }, /^bounceQueueLifetime "a while" is not a duration/],
    // verify(8) takes no 0 and nothing that does not fit into 32 bits, and does not start.
    [{ addressVerifyNegativeExpireTime: "0s" }, /^addressVerifyNegativeExpireTime "0s" /],
    [{ addressVerifyNegativeRefreshTime: "0m" }, /^addressVerifyNegativeRefreshTime "0m" /],
    [{ addressVerifyNegativeExpireTime: "999999w" }, /^addressVerifyNegativeExpireTime "999999w" /],
    [
      { unverifiedRecipientRejectReason: "" },
      /^unverifiedRecipientRejectReason "" is empty; leave/,
    ],
    [{ unverifiedRecipientRejectReason: "a\nb" }, /^unverifiedRecipientRejectReason "a\\nb" holds/],
    [{ unverifiedRecipientRejectCode: 250 }, /^unverifiedRecipientRejectCode 250 is out of range/],
    [{ unverifiedRecipientRejectCode: 600 }, /^unverifiedRecipientRejectCode 600 is out of range/],
    [{ unknownAddressRejectCode: 399 }, /^unknownAddressRejectCode 399 is out of range/],
    [{ unverifiedRecipientDeferCode: 550 }, /^unverifiedRecipientDeferCode 550 is neither 250 nor/],
    [{ unverifiedRecipientDeferCode: 251 }, /^unverifiedRecipientDeferCode 251 is neither 250 nor/],
    [{ unverifiedRecipientDeferCode: 450.5 }, /^unverifiedRecipientDeferCode 450\.5 is neither/],
    [{ messageSizeLimit: 0 }, /^messageSizeLimit 0 is out of range/],
    [{ messageSizeLimit: 2 ** 31 }, /^messageSizeLimit 2147483648 is out of range/],
  ])("%j", (props, message) => {
    expect(() => policy(props)).toThrow(message);
  });

  test("a hostname longer than the 64 characters that Linux takes", () => {
    const longest = `mx2.${"a".repeat(56)}.net`;
    expect(mailPolicy(longest, {}).hostname).toHaveLength(64);
    expect(() => mailPolicy(`x${longest}`, {})).toThrow(/^hostname ".*" /);
  });
});
