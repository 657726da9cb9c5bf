import { type MailDomainProps, mailDomain } from "../../../../lib/mail/mail-domain";
import { type MailPolicyProps, mailPolicy } from "../../../../lib/mail/mail-policy";
import { postfixSection } from "../../../../lib/mail/postfix/postfix";
import { PrimaryTls } from "../../../../lib/mail/postfix/primary-tls";
import { RecipientVerification } from "../../../../lib/mail/recipients/recipient-verification";
import { mainCfSettings } from "../../../support/main-cf";

const HOSTNAME = "mx2.example.net";

function section(domains: Partial<MailDomainProps>[], props: MailPolicyProps = {}) {
  const read = domains.map((domain, index) =>
    mailDomain(
      `domains[${index}]`,
      { name: "example.com", primaries: [{ hostname: "mx1.example.com" }], ...domain },
      HOSTNAME,
    ),
  );
  return postfixSection(mailPolicy(HOSTNAME, props), read, "203.0.113.7");
}

const setting = (name: string, domains: Partial<MailDomainProps>[], props?: MailPolicyProps) =>
  mainCfSettings(section(domains, props)["main.cf"]).get(name);

const LIST = RecipientVerification.list(["info@example.com"]);

describe("what Postfix is told", () => {
  test("by default", () => {
    expect(section([{}])).toMatchSnapshot();
  });

  test("is in lines: none holds another, or ends with white space", () => {
    const domains = [
      {
        recipients: LIST,
        primaries: [{ hostname: "mx1.example.com", tls: PrimaryTls.verify() }],
      },
    ];
    const { postscreen, ...files } = section(domains, { relayhost: "smtp.example.org" });
    expect(postscreen).toBe(true);
    for (const lines of Object.values(files) as string[][]) {
      expect(lines).not.toEqual([]);
      for (const line of lines) {
        expect(line).toMatch(/^(.*\S)?$/);
      }
    }
  });

  test("looks up no list of recipients where there is none", () => {
    expect(section([{}]).recipients).toEqual([]);
    expect(setting("smtpd_recipient_restrictions", [{}])).not.toContain("/etc/postfix/recipients");
  });
});

describe("the tables", () => {
  test("lead the mail of each domain to its primaries", () => {
    const { transport } = section([
      {},
      { name: "example.org", primaries: [{ hostname: "mx.example.org", port: 2525 }] },
      { name: "example.net", primaries: [{ hostname: "mx.example.org", address: "2001:db8::5" }] },
    ]);
    expect(transport).toEqual([
      "example.com relay:[mx1.example.com]:25",
      "example.net relay:[2001:db8::5]:25",
      "example.org relay:[mx.example.org]:2525",
    ]);
  });

  test("of all domains are compiled, and looked up by that form", () => {
    const domains = [{ recipients: RecipientVerification.listThenCallOut(["info@example.com"]) }];
    const tables = section(domains)["main.cf"].flatMap((line) =>
      [...line.matchAll(/(\w+):\/etc\/postfix\/(\w+)/g)].map(([, type, name]) => [name, type]),
    );
    expect(Object.fromEntries(tables)).toEqual({
      aliases: "lmdb",
      judge_networks: "regexp",
      probe_transport: "lmdb",
      recipients: "lmdb",
      tls_policy: "lmdb",
      transport: "lmdb",
    });
  });

  test("say how mail to a primary is encrypted", () => {
    const tls = PrimaryTls.verify();
    expect(
      section([{ primaries: [{ hostname: "mx1.example.com", tls }] }, { name: "example.org" }]),
    ).toMatchObject({ tls_policy: ["[mx1.example.com]:25 secure match=mx1.example.com"] });
    expect(section([{}]).tls_policy).toEqual([]);
  });

  test("let postscreen answer at port 25, or smtpd where nobody is tested", () => {
    const sites = { greetTest: false, postscreenDnsblSites: ["zen.example.org"] };
    expect(
      [{}, sites, { greetTest: false }].map((props) => section([{}], props).postscreen),
    ).toEqual([true, true, false]);
    expect(setting("postscreen_greet_action", [{}], { greetTest: false })).toBeUndefined();
  });

  test("weigh what lists in DNS say of a client, but not that they refuse who asks", () => {
    const props = {
      postscreenDnsblSites: [
        "Zen.Example.org*3",
        "bl.example.org=127.0.0.[2;4..6]",
        "wl.example*-2",
      ],
      postscreenDnsblThreshold: 3,
    };
    expect(setting("postscreen_dnsbl_sites", [{}], props)).toBe(
      "zen.example.org=127.0.[0..255].[0..255]*3, bl.example.org=127.0.0.[2;4..6], " +
        "wl.example=127.0.[0..255].[0..255]*-2",
    );
    expect(setting("postscreen_dnsbl_threshold", [{}], props)).toBe("3");
    expect(setting("postscreen_dnsbl_sites", [{}])).toBeUndefined();
    expect(setting("postscreen_greet_action", [{}], { ...props, greetTest: false })).toBe("ignore");
  });

  test("ask for validated answers where a primary has DANE, and nowhere else", () => {
    const primaries = [{ hostname: "mx1.example.com", tls: PrimaryTls.dane() }];
    expect(setting("smtp_dns_support_level", [{ primaries }])).toBe("dnssec");
    expect(setting("smtp_dns_support_level", [{}])).toBeUndefined();
  });

  test("hold the lists of all domains", () => {
    const { recipients } = section([
      { recipients: RecipientVerification.list(["sales@example.com", "info@example.com"]) },
      {
        name: "example.org",
        recipients: RecipientVerification.listThenCallOut(["info@example.org"]),
      },
      { name: "example.net", recipients: RecipientVerification.none() },
    ]);
    expect(recipients).toEqual([
      "abuse@example.com OK",
      "example.com 550 5.1.1 Address lookup failed",
      "example.net OK",
      "info@example.com OK",
      "info@example.org OK",
      "postmaster@example.com OK",
      "sales@example.com OK",
    ]);
  });

  test("refuse with the code and the reason of the policy", () => {
    const props = { unverifiedRecipientRejectCode: 450, unverifiedRecipientRejectReason: "Later" };
    expect(section([{ recipients: LIST }], props).recipients).toContain(
      "example.com 450 4.1.1 Later",
    );
  });

  test("are the same for every order of the props", () => {
    const domains = [
      { recipients: RecipientVerification.list(["b@example.com", "a@example.com"]) },
      { name: "example.org", recipients: RecipientVerification.none() },
      { name: "example.net" },
    ];
    const reordered = [
      domains[2],
      domains[1],
      { recipients: RecipientVerification.list(["a@example.com", "b@example.com"]) },
    ];
    const props = { postmaster: "ops@example.org" };
    expect(section(reordered, props)).toEqual(section(domains, props));
  });
});

describe("main.cf", () => {
  test("has each setting once, also those that were set freely", () => {
    const props = {
      postfixSettings: { biff: "yes", smtpd_helo_required: "no", mail_name: "Mail" },
    };
    // The reader throws if one is there twice.
    expect(mainCfSettings(section([{ recipients: LIST }], props)["main.cf"]).size).toBeGreaterThan(
      40,
    );
  });

  test("has a free setting in the place of the default", () => {
    const rendered = section([{}], { postfixSettings: { biff: "yes" } })["main.cf"].join("\n");
    expect(rendered).toContain("\nsmtpd_banner = $myhostname ESMTP\nbiff = yes\n\n# Mail for");
    expect(rendered).not.toContain("biff = no");
    expect(rendered).not.toContain("Set by hand");
  });

  test("has further settings at its end, sorted", () => {
    const rendered = section([{}], { postfixSettings: { mail_name: "Mail", delay_code: "" } });
    expect(rendered["main.cf"].slice(-4)).toEqual([
      "",
      "# Set by hand (postfixSettings).",
      "delay_code =",
      "mail_name = Mail",
    ]);
  });

  test("knows the public address, which is on no interface", () => {
    expect(setting("proxy_interfaces", [{}])).toBe("203.0.113.7");
  });

  test("looks up recipients just before the primary is asked", () => {
    expect(setting("smtpd_recipient_restrictions", [{ recipients: LIST }])).toBe(
      "permit_mynetworks, reject_unauth_destination, reject_unknown_recipient_domain, check_recipient_access lmdb:/etc/postfix/recipients, reject_unverified_recipient",
    );
  });

  test("looks up recipients at the end where the primary is not asked", () => {
    const props = {
      smtpdRecipientRestrictions: ["reject_unauth_destination", "permit_mynetworks"],
    };
    expect(setting("smtpd_recipient_restrictions", [{ recipients: LIST }], props)).toBe(
      "reject_unauth_destination, permit_mynetworks, check_recipient_access lmdb:/etc/postfix/recipients",
    );
  });

  test("looks up recipients before a verification that only warns", () => {
    const props = {
      smtpdRecipientRestrictions: [
        "reject_unauth_destination",
        "warn_if_reject",
        "reject_unverified_recipient",
      ],
    };
    expect(setting("smtpd_recipient_restrictions", [{ recipients: LIST }], props)).toBe(
      "reject_unauth_destination, check_recipient_access lmdb:/etc/postfix/recipients, warn_if_reject, reject_unverified_recipient",
    );
  });

  // Postfix puts the value of a parameter in the place of a dollar sign and a name, and does not
  // start where the brace is not closed.
  test.each([["costs $5"], [`\${mynetworks}`], ["$(mynetworks)"], [`\${`]])(
    "says %j to clients as it was written",
    (unverifiedRecipientRejectReason) => {
      const doubled = unverifiedRecipientRejectReason.replaceAll("$", "$$$$");
      expect(
        setting("unverified_recipient_reject_reason", [{}], { unverifiedRecipientRejectReason }),
      ).toBe(doubled);
    },
  );
});
