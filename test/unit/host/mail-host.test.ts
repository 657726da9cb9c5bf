import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { mailHostUserData } from "../../../lib/host/mail-host";
import { type MailDomainProps, mailDomain } from "../../../lib/mail/mail-domain";
import { type MailPolicyProps, mailPolicy } from "../../../lib/mail/mail-policy";
import { postfixFiles } from "../../../lib/mail/postfix/postfix";
import { RecipientVerification } from "../../../lib/mail/recipients/recipient-verification";
import { MailScanner } from "../../../lib/mail/scanner/mailscanner";
import { writtenFiles } from "../../support/user-data";

const HOSTNAME = "mx2.example.net";
const ADDRESS = "203.0.113.7";
const PLACE = { publicAddress: ADDRESS, queueVolumeId: "vol-0123456789abcdef0" };
const SETUP = "/usr/local/sbin/backup-mx-setup";

const readDomains = (names: string[], props: Partial<MailDomainProps> = {}) =>
  names.map((name, index) =>
    mailDomain(
      `domains[${index}]`,
      { name, primaries: [{ hostname: "mx1.example.com" }], ...props },
      HOSTNAME,
    ),
  );

const userData = (props: MailPolicyProps = {}, names = ["example.com"]) =>
  mailHostUserData(mailPolicy(HOSTNAME, props), readDomains(names), PLACE);

/** The variables that the setup program reads, each in single quotes. */
function setupVariables(props: MailPolicyProps = {}): { [name: string]: string } {
  const { content } = writtenFiles(userData(props))["/etc/backup-mx/setup.env"];
  return Object.fromEntries(
    content
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [, name, value] = /^([A-Z_0-9]+)='([^']*)'$/.exec(line) ?? [];
        return [name ?? `not an assignment: ${line}`, value];
      }),
  );
}

describe("the user data of a mail host", () => {
  test("brings every file of Postfix as it was rendered", () => {
    const policy = mailPolicy(HOSTNAME, {
      unverifiedRecipientRejectReason: `No such user: %{you} # 'quoted' "twice" - ünbekannt`,
      postfixSettings: { smtpd_banner: "$myhostname ESMTP: ready #1" },
    });
    const domains = readDomains(["example.com"], {
      recipients: RecipientVerification.list(["a{b}$c#d@example.com", "o'neill@example.com"]),
    });
    const written = writtenFiles(mailHostUserData(policy, domains, PLACE));
    const rendered = postfixFiles(policy, domains, ADDRESS);
    expect(rendered.size).toBe(8);
    for (const [path, content] of rendered) {
      expect(written[path]).toEqual({ content });
    }
  });

  test("writes these files", () => {
    expect(Object.keys(writtenFiles(userData()))).toEqual([
      "/etc/postfix/main.cf",
      "/etc/postfix/master.cf",
      "/etc/postfix/transport",
      "/etc/postfix/probe_transport",
      "/etc/postfix/tls_policy",
      "/etc/postfix/aliases",
      "/etc/postfix/header_checks",
      "/etc/MailScanner/conf.d/backup-mx.conf",
      "/etc/systemd/system/mailscanner.service.d/backup-mx.conf",
      "/etc/systemd/system/backup-mx-queue.service",
      "/etc/systemd/system/backup-mx-tidy.service",
      "/etc/systemd/system/backup-mx-tidy.timer",
      "/etc/apt/apt.conf.d/60backup-mx",
      "/etc/chrony/sources.d/amazon.sources",
      "/etc/systemd/journald.conf.d/backup-mx.conf",
      "/etc/systemd/system/postfix.service.d/backup-mx.conf",
      "/etc/systemd/system/postfix@.service.d/backup-mx.conf",
      "/etc/backup-mx/primaries",
      "/etc/systemd/system/backup-mx-watch.service",
      "/etc/backup-mx/setup.env",
      "/usr/local/sbin/backup-mx-queue",
      SETUP,
      "/usr/local/sbin/backup-mx",
      "/usr/local/sbin/backup-mx-watch",
    ]);
  });

  test("brings a resolver of its own to those who need it alone", () => {
    const resolver = (props: MailPolicyProps) => [
      Object.keys(writtenFiles(userData(props))).filter((path) => /unbound|resolver/.test(path)),
      setupVariables(props).PACKAGES.includes("unbound"),
    ];
    const brought = [
      ["/etc/unbound/unbound.conf.d/backup-mx.conf", "/etc/backup-mx/setup.d/resolver"],
      true,
    ];
    expect(resolver({})).toEqual([[], false]);
    expect(resolver({ postscreenDnsblSites: ["zen.example.org"] })).toEqual(brought);
    expect(resolver({ localResolver: true })).toEqual(brought);
  });

  test("has nothing of MailScanner where there is none", () => {
    const text = userData({ mailScanner: MailScanner.none() });
    const paths = Object.keys(writtenFiles(text));
    expect(paths.filter((path) => /mailscanner|header_checks/i.test(path))).toEqual([]);
  });

  test("runs the setup program, which is the one in this repository without its comments", () => {
    const text = userData();
    expect(parse(text).runcmd).toEqual([[SETUP]]);
    const { content, permissions } = writtenFiles(text)[SETUP];
    const lines = readFileSync(join(__dirname, "../../../lib/host/setup/backup-mx-setup"), "utf8")
      .split("\n")
      .filter((line, number) => number === 0 || !line.trimStart().startsWith("#"));
    expect(content).toBe(lines.join("\n"));
    expect(permissions).toBe("0755");
  });

  test("brings programs without docstrings, but for the usage that one prints", () => {
    const files = writtenFiles(userData());
    expect(files["/usr/local/sbin/backup-mx-watch"].content).not.toContain('"""');
    expect(files["/usr/local/sbin/backup-mx"].content.match(/"""/g)).toHaveLength(2);
    expect(files["/usr/local/sbin/backup-mx"].content).toContain("\nusage: backup-mx [status]");
  });

  test("is the same each time", () => {
    expect(userData()).toBe(userData());
  });

  // The order means nothing, and other user data means another instance.
  test("does not depend on the order of the domains", () => {
    const props = { postmaster: "ops@example.org" };
    expect(userData(props, ["b.example", "a.example"])).toBe(
      userData(props, ["a.example", "b.example"]),
    );
  });

  test("does not depend on the order of free settings", () => {
    const one = { biff: "no", mail_name: "Mail", always_bcc: "" };
    const other = { always_bcc: "", mail_name: "Mail", biff: "no" };
    expect(userData({ postfixSettings: one })).toBe(userData({ postfixSettings: other }));
  });
});

describe("what the setup program is told", () => {
  test("by default", () => {
    expect(setupVariables()).toEqual({
      MAIL_HOSTNAME: HOSTNAME,
      A_RELAY_DOMAIN: "example.com",
      PACKAGES: expect.stringMatching(/^ca-certificates curl postfix postfix-lmdb .*spamassassin$/),
      MAILSCANNER_URL: expect.stringMatching(/^https:.*\.deb$/),
      MAILSCANNER_SHA256: "",
      CLAMAV: "",
      WATCH_INTERVAL: "30s",
      QUEUE_VOLUME: PLACE.queueVolumeId,
      DELIVER_UNSCANNED_AFTER: "",
    });
  });

  test("with ClamAV and a package of one's own", () => {
    const mailScanner = MailScanner.install({
      clamAv: true,
      packageUrl: "https://mirror.example.net/MailScanner.deb",
      packageSha256: "AB".repeat(32),
    });
    expect(setupVariables({ mailScanner })).toMatchObject({
      PACKAGES: expect.stringMatching(/ clamav-daemon clamav-freshclam$/),
      MAILSCANNER_URL: "https://mirror.example.net/MailScanner.deb",
      MAILSCANNER_SHA256: "ab".repeat(32),
      CLAMAV: "yes",
    });
  });

  test("without MailScanner", () => {
    expect(setupVariables({ mailScanner: MailScanner.none() })).toMatchObject({
      PACKAGES: "ca-certificates curl postfix postfix-lmdb ssl-cert chrony unattended-upgrades",
      MAILSCANNER_URL: "",
      MAILSCANNER_SHA256: "",
      CLAMAV: "",
    });
  });
});
