import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { PrimaryTls, RecipientVerification } from "../../../../lib";
import { refusals } from "../../../support/configured/checker";
import { type Configuration, configurationOf } from "../../../support/configured/configuration";
import { EVERYTHING } from "../../../support/props";
import { describeWith, program, root } from "../../../support/requirements";

const FORBIDDEN: { readonly [pattern: string]: string } = JSON.parse(
  readFileSync(resolve(__dirname, "../../../../lib/mail/postfix/forbidden-settings.json"), "utf8"),
);

const JUDGE = "judge:unix:/run/backup-mx-judge/lmtp";

type Change = (configuration: Configuration) => void;

/** Sets a setting, in its place if it is there. */
const set =
  (name: string, value: string): Change =>
  ({ postfix }) => {
    const others = postfix["main.cf"].filter((line) => !line.startsWith(`${name} =`));
    postfix["main.cf"] = [...others, `${name} = ${value}`.trimEnd()];
  };
const line =
  (...lines: string[]): Change =>
  ({ postfix }) => {
    postfix["main.cf"].push(...lines);
  };
const table =
  (name: "transport" | "tls_policy" | "recipients" | "aliases", ...lines: string[]): Change =>
  ({ postfix }) => {
    postfix[name] = [...postfix[name], ...lines];
  };
const without =
  (name: string): Change =>
  ({ postfix }) => {
    postfix["main.cf"] = postfix["main.cf"].filter((text) => !text.startsWith(`${name} =`));
  };
/** As a host has it that scans. */
const BY_NETWORK =
  "reject_unauth_pipelining, check_client_access regexp:/etc/postfix/judge_networks";
const scanned =
  (...changes: Change[]): Change =>
  (configuration) => {
    configuration.judge.scanner = "rspamd";
    for (const one of [
      set("content_filter", JUDGE),
      set("smtpd_data_restrictions", BY_NETWORK),
      ...changes,
    ]) {
      one(configuration);
    }
  };
const change = (...changes: Change[]) => {
  const configuration = configurationOf();
  for (const one of changes) {
    one(configuration);
  }
  return configuration;
};

const REFUSED: readonly (readonly [what: string, change: Change, reason: RegExp])[] = [
  // The relay.
  ["the world as its own network", set("mynetworks", "0.0.0.0/0"), /must have `mynetworks = /],
  ["everybody permitted", set("smtpd_relay_restrictions", "permit"), /smtpd_relay_restr/],
  ["no relay restrictions", without("smtpd_relay_restrictions"), /smtpd_relay_restrictions/],
  ["all domains as relay domains", set("relay_domains", "static:all"), /relay_domains/],
  ["all domains as its own", set("mydestination", "static:all"), /mydestination/],
  ["subdomains", set("parent_domain_matches_subdomains", "relay_domains"), /parent_domain/],
  ["an old level", set("compatibility_level", "0"), /compatibility_level/],
  ["who says who he is", set("smtpd_authorized_xclient_hosts", "0.0.0.0/0"), /somebody else/],
  ["a proxy that says it", set("postscreen_upstream_proxy_protocol", "haproxy"), /somebody else/],
  ["aliases of domains", set("virtual_alias_maps", "inline:{ a@b=c@d }"), /domains or users/],
  ["rewriting", set("recipient_canonical_maps", "regexp:{{/(.*)=(.*)@.*/ $$1@$$2}}"), /rewrites/],
  ["no guard", set("smtpd_recipient_restrictions", "permit"), /reject_unauth_destination in/],
  ["no guard of data", set("smtpd_data_restrictions", "permit"), /must have `smtpd_data_restrictions = reject_unauth_pip/],
  ["smuggling", set("smtpd_forbid_bare_newline", "no"), /smtpd_forbid_bare_newline/],
  // Programs, files and people who are not of this host.
  ["a table by TCP", set("smtpd_client_restrictions", "check_client_access tcp:192.0.2.1:1"), /tcp/],
  ["a table in a table", set("relocated_maps", "unionmap:{static:x, socketmap:inet:a:1:b}"), /socketm/],
  ["a table behind a proxy", set("relocated_maps", "proxy:ldap:/etc/postfix/x"), /type proxy/],
  ["the environment", set("relocated_maps", "environ:x"), /type environ/],
  ["a restriction in a table", set("smtpd_helo_restrictions", "check_helo_access inline:{{a = check_client_access tcp:h:1}}"), /tcp/],
  ["a policy server", set("smtpd_end_of_data_restrictions", "check_policy_service inet:h:1"), /would decide/],
  ["a filter in a table", set("smtpd_sender_restrictions", "check_sender_access static:{FILTER local:x}"), /elsewhere/],
  ["a filter in small letters", set("body_checks", "regexp:{{/x/ filter local:x}}"), /elsewhere/],
  ["another recipient", set("body_checks", "regexp:{{/^To: (.*)/ REDIRECT $$1}}"), /elsewhere/],
  ["a further recipient", set("body_checks", "pcre:{{/^To: (.*)/ BCC $$1}}"), /elsewhere/],
  ["a table elsewhere", set("relocated_maps", "texthash:/etc/shadow"), /table lies below/],
  ["a table above", set("relocated_maps", "texthash:/etc/postfix/../shadow"), /table lies below/],
  ["a table above data", set("relocated_maps", "lmdb:$data_directory/../x"), /table lies below/],
  ["a file elsewhere", set("smtpd_tls_key_file", "/root/key"), /file lies below/],
  ["a list in a file", set("proxy_interfaces", "/etc/shadow"), /file lies below/],
  ["all but a list in a file", set("debug_peer_list", "!/etc/shadow"), /file lies below/],
  ["a file above", set("smtpd_tls_key_file", "/etc/ssl/../shadow"), /file lies below/],
  // What does not say what it is.
  ["half a table", set("relocated_maps", "$" + "{mail_name}p:192.0.2.1:1"), /written out/],
  ["the head of a table", set("relocated_maps", "$mail_name:192.0.2.1:1"), /written out/],
  ["half a path", set("smtpd_tls_key_file", "$mail_name/shadow"), /written out/],
  ["a path with something in it", set("smtpd_tls_key_file", "/etc/ssl/$mail_name"), /written out/],
  ["a table under stress", set("relocated_maps", "$" + "{stress?tcp}:h:1"), /read off/],
  ["a table else", set("relocated_maps", "$" + "{stress:tcp}:h:1"), /read off/],
  ["a comparison", set("relocated_maps", "$" + "{{a} == {a} ? {tcp} : {x}}:h:1"), /read off/],
  ["a reference without an end", set("mail_name", "$" + "{"), /read off/],
  // Lines.
  ["a continued line", line("mail_name = x", " y"), /line in main\.cf/],
  ["a continued comment", line("# x", "\ty"), /control character|line in main\.cf/],
  ["a line that is no setting", line("mail_name"), /line in main\.cf/],
  ["no space", line("mail_name=x"), /line in main\.cf/],
  ["a setting twice", line("biff = no"), /sets biff twice/],
  ["a path as a name", line("../x = y"), /line in main\.cf/],
  ["another host's name", set("myhostname", "mx3.example.net"), /myhostname/],
  ["a filter without a scanner", set("content_filter", JUDGE), /content_filter = ` in/],
  ["a scanner that is passed by", scanned(set("content_filter", "")), /content_filter = judge:unix:/],
  ["a filter that is not the judge", scanned(set("content_filter", "smtp:[192.0.2.1]")), /content_filter = judge:/],
  ["no word of a filter", without("content_filter"), /content_filter = ` in/],
  ["one mail at a time to the judge", set("judge_destination_concurrency_limit", "1"), /judge_destination_conc/],
  ["a further setting of the judge", set("judge_time_limit", "1s"), /mails in the queue know/],
  ["people who write to strangers", set("authorized_submit_users", "static:anyone"), /authorized_submit_users/],
  // Values of the wrong kind.
  ["a word for a number", set("smtpd_hard_error_limit", "many"), /another kind than 20/],
  ["a word for a time", set("smtp_connect_timeout", "x"), /another kind than 30s/],
  ["a word for yes or no", set("smtpd_delay_reject", "perhaps"), /another kind than yes/],
  ["an unknown unit", set("smtpd_timeout", "5y"), /another kind than 300s/],
  ["a number that is too large", set("smtpd_recipient_limit", "99999999999999999999"), /does not start/],
  // Tables.
  ["mail by another transport", table("transport", "evil.example pipe:x"), /line in transport/],
  ["mail for local users", table("transport", "evil.example local:"), /line in transport/],
  ["mail for all domains", table("transport", "* relay:[mx1.example.com]"), /line in transport/],
  ["mail for all subdomains", table("transport", ".example.com relay:"), /line in transport/],
  ["mail for a user", table("transport", "a@example.com relay:"), /line in transport/],
  ["two nexthops of another kind", table("transport", "a.example relay:[h.example] local:"), /line in tr/],
  ["the host itself elsewhere", table("transport", "mx2.example.net relay:[evil.example]"), /line in tr/],
  ["a domain twice", table("transport", "EXAMPLE.com relay:[mx1.example.com]:25"), /twice in transport/],
  ["a continued entry", table("transport", " relay:"), /line in transport/],
  ["a comment in a table", table("transport", "# x"), /line in transport/],
  ["a program in an alias", ({ postfix }) => { postfix.aliases[0] = 'abuse "|/bin/sh"'; }, /line in aliases/],
  ["a bare program", ({ postfix }) => { postfix.aliases[0] = "abuse |/bin/sh"; }, /line in aliases/],
  ["a file in an alias", ({ postfix }) => { postfix.aliases[0] = "abuse /etc/cron.d/x"; }, /line in al/],
  ["a list in an alias", ({ postfix }) => { postfix.aliases[0] = "abuse :include:/root/x"; }, /line in al/],
  ["two addresses", ({ postfix }) => { postfix.aliases[0] = "abuse a@b.example, c@d.example"; }, /line/],
  ["a local user", ({ postfix }) => { postfix.aliases[0] = "abuse daemon"; }, /line in aliases/],
  ["a user of the host", ({ postfix }) => { postfix.aliases[0] = "abuse x@mx2.example.net"; }, /line/],
  ["a quoted user", ({ postfix }) => { postfix.aliases[0] = 'abuse "|x"@example.com'; }, /line/],
  ["an alias that begins like an option", ({ postfix }) => { postfix.aliases[0] = "abuse -x@example.com"; }, /line/],
  ["a further alias", table("aliases", "daemon x@example.com"), /line in aliases/],
  ["an alias too few", ({ postfix }) => { postfix.aliases.pop(); }, /who reads mail/],
  ["a filter for a recipient", table("recipients", "a@example.com FILTER local:x"), /line in recip/],
  ["a redirection", table("recipients", "a@example.com REDIRECT b@c.example"), /line in recipients/],
  ["a restriction for a recipient", table("recipients", "a@example.com permit"), /line in recipients/],
  ["a recipient elsewhere", table("recipients", "a@evil.example OK"), /line in recipients/],
  ["an unknown level", table("tls_policy", "[mx1.example.com]:25 perhaps"), /line in tls_policy/],
  ["an attribute of a level", table("tls_policy", "[mx1.example.com]:25 may tafile=/root/x"), /line in tls/],
  ["no domain", ({ postfix }) => { postfix.transport = []; }, /has no domain/],
  // Files.
  ["a further file", ({ postfix }) => { Object.assign(postfix, { "master.cf": [] }); }, /other files/],
  ["a file with a path", ({ postfix }) => { Object.assign(postfix, { "../../tmp/x": [] }); }, /other f/],
  ["a file too few", ({ postfix }) => { Object.assign(postfix, { aliases: undefined }); }, /other files/],
  ["a file that is a text", ({ postfix }) => { Object.assign(postfix, { aliases: "x" }); }, /not what it/],
  ["lines that are none", ({ postfix }) => { Object.assign(postfix, { aliases: [1] }); }, /not what it/],
  ["a postscreen that is a text", ({ postfix }) => { Object.assign(postfix, { postscreen: "yes" }); }, /not/],
]; // biome-ignore format: one case a line

const TAKEN: readonly (readonly [what: string, Configuration])[] = [
  ["the defaults", configurationOf()],
  ["many kinds of domains", configurationOf(EVERYTHING.domains, EVERYTHING)],
  [
    "policies of encryption",
    configurationOf([
      {
        name: "example.com",
        primaries: [
          { hostname: "mx1.example.com", tls: PrimaryTls.verify() },
          { hostname: "mx2.example.com", tls: PrimaryTls.dane() },
          { hostname: "mx3.example.com", tls: PrimaryTls.encrypt() },
          { hostname: "mx4.example.com", tls: PrimaryTls.fingerprint(`${"ab:".repeat(31)}cd`) },
          { hostname: "mx5.example.com", address: "2001:db8::5", port: 2525 },
        ],
        recipients: RecipientVerification.list(["a{b}$c#d@example.com", "o'neill@example.com"]),
      },
    ]),
  ],
  ["a text of one's own", configurationOf(["example.com"], { unverifiedRecipientRejectReason: `No such user: %{you} # 'quoted' "twice" $5 - ünbekannt` })],
  ["a scanner", change(scanned())],
  ...(
    [
      ["smtpd_banner", "$myhostname ESMTP $mail_name: ready"],
      ["smtpd_hard_error_limit", "$" + "{stress?{1}:{10}}"],
      ["smtpd_timeout", "$" + "{stress?{10}:{60}}s"],
      ["mydomain", "example.net"],
      ["myorigin", "mail.$mydomain"],
      ["smtp_tls_session_cache_database", "btree:$" + "{data_directory}/smtp_scache"],
      ["relay-probe_destination_concurrency_limit", "3"],
      ["default_destination_concurrency_negative_feedback", "1/8"],
      ["smtpd_client_restrictions", "check_client_access cidr:{{192.0.2.0/24 = REJECT}}, permit"],
      ["smtpd_helo_restrictions", "check_helo_access regexp:{{/^[0-9.]+$$/ = 550 no}}, reject_rhsbl_helo x.example"],
      ["always_bcc", "archive@example.org"],
      ["header_checks", "regexp:{{/^Subject: spam$$/ REJECT}}"],
      ["smtpd_tls_chain_files", "/etc/ssl/private/own.pem, /etc/postfix/own.pem"],
      ["tls_high_cipherlist", "aNULL:-aNULL:HIGH:@STRENGTH"],
      ["biff", "yes"],
      ["relayhost", "[smtp.example.net]:587"],
      ["smtp_sasl_password_maps", "inline:{{[smtp.example.net]:587 = user:password}}"],
      ["smtp_bind_address6", "2001:db8::1"],
      ["soft_bounce", "yes"],
    ] as const
  ).map(([name, value]) => [`${name} = ${value}`, change(set(name, value))] as const),
]; // biome-ignore format: one case a line

/** A name that fits a pattern. */
const example = (pattern: string) => pattern.replace("*", "x");

describeWith(
  [root, program("postfix", "postfix postfix-lmdb"), program("python3", "python3")],
  "the section of Postfix",
  () => {
    const told = new Map<string, string | null>();

    beforeAll(() => {
      const patterns = Object.keys(FORBIDDEN);
      const wanted = [
        ...REFUSED.map(([what, one]) => [what, change(one)] as const),
        ...TAKEN,
        ...patterns.map((pattern) => [pattern, change(set(example(pattern), ""))] as const),
      ];
      const reasons = refusals(wanted.map(([, configuration]) => configuration));
      for (const [n, [what]] of wanted.entries()) {
        told.set(what, reasons[n]);
      }
    });

    test.each(REFUSED)("is refused with %s", (what, _, reason) => {
      expect(told.get(what)).toMatch(reason);
    });

    test.each(TAKEN)("is taken with %s", (what) => {
      expect(told.get(what)).toBeNull();
    });

    test.each(Object.entries(FORBIDDEN))("is refused with %s", (pattern, reason) => {
      expect(told.get(pattern)).toBe(`sets ${example(pattern)} in main.cf: ${reason}`);
    });
  },
);
