import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import {
  type BackupMxDomain,
  type BackupMxProps,
  MailScanner,
  RecipientVerification,
  Resolver,
} from "../../../lib";
import { mailDomain } from "../../../lib/mail/mail-domain";
import { mailPolicy } from "../../../lib/mail/mail-policy";
import { postfixFiles } from "../../../lib/mail/postfix/postfix";
import { hostFiles, hostUserData, PUBLIC_ADDRESS } from "../../support/host-files";
import { QUEUE_VOLUME } from "../../support/synthesized";

const HOSTNAME = "mx2.example.net";
const SETUP = "/usr/local/sbin/backup-mx-setup";

const domains = (names: string[], props: Partial<BackupMxDomain> = {}): BackupMxDomain[] =>
  names.map((name) => ({ name, primaries: [{ hostname: "mx1.example.com" }], ...props }));

/** The variables that the setup program reads, each in single quotes. */
function setupVariables(props: Partial<BackupMxProps> = {}): { [name: string]: string } {
  const { content } = hostFiles({ hostname: HOSTNAME, ...props })["/etc/backup-mx/setup.env"];
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
    const props = {
      unverifiedRecipientRejectReason: `No such user: %{you} # 'quoted' "twice" - ünbekannt`,
      postfixSettings: { smtpd_banner: "$myhostname ESMTP: ready #1" },
      mailScanner: MailScanner.none(),
    };
    const [domain] = domains(["example.com"], {
      recipients: RecipientVerification.list(["a{b}$c#d@example.com", "o'neill@example.com"]),
    });
    const written = hostFiles({ hostname: HOSTNAME, ...props, domains: [domain] });
    const rendered = postfixFiles(
      mailPolicy(HOSTNAME, props),
      [mailDomain("domains[0]", domain, HOSTNAME)],
      PUBLIC_ADDRESS,
    );
    expect(rendered.size).toBe(7);
    for (const [path, content] of rendered) {
      expect(written[path]).toEqual({ content });
    }
  });

  test("writes these files", () => {
    expect(Object.keys(hostFiles())).toEqual([
      "/etc/postfix/main.cf",
      "/etc/postfix/master.cf",
      "/etc/postfix/transport",
      "/etc/postfix/probe_transport",
      "/etc/postfix/tls_policy",
      "/etc/postfix/aliases",
      "/etc/systemd/system/postfix.service.d/backup-mx.conf",
      "/etc/systemd/system/postfix@.service.d/backup-mx.conf",
      "/etc/MailScanner/conf.d/backup-mx.conf",
      "/etc/systemd/system/mailscanner.service.d/backup-mx.conf",
      "/etc/postfix/header_checks",
      "/etc/systemd/system/backup-mx-queue.service",
      "/etc/systemd/system/backup-mx-tidy.service",
      "/etc/systemd/system/backup-mx-tidy.timer",
      "/etc/apt/apt.conf.d/60backup-mx",
      "/etc/systemd/journald.conf.d/backup-mx.conf",
      "/etc/chrony/sources.d/amazon.sources",
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
    const resolver = (props: Partial<BackupMxProps>) => [
      Object.keys(hostFiles(props)).filter((path) => /unbound|resolver/.test(path)),
      setupVariables(props).PACKAGES.includes("unbound"),
    ];
    const brought = [
      ["/etc/unbound/unbound.conf.d/backup-mx.conf", "/etc/backup-mx/setup.d/resolver"],
      true,
    ];
    expect(resolver({})).toEqual([[], false]);
    expect(resolver({ postscreenDnsblSites: ["zen.example.org"] })).toEqual(brought);
    expect(resolver({ resolver: Resolver.local() })).toEqual(brought);
  });

  test("has nothing of MailScanner where there is none", () => {
    const paths = Object.keys(hostFiles({ mailScanner: MailScanner.none() }));
    expect(paths.filter((path) => /mailscanner|header_checks/i.test(path))).toEqual([]);
  });

  test("runs the setup program, which is the one in this repository without its comments", () => {
    expect(parse(hostUserData()).runcmd).toEqual([[SETUP]]);
    const { content, permissions } = hostFiles()[SETUP];
    const lines = readFileSync(join(__dirname, "../../../lib/host/setup/backup-mx-setup"), "utf8")
      .split("\n")
      .filter((line, number) => number === 0 || !line.trimStart().startsWith("#"));
    expect(content).toBe(lines.join("\n"));
    expect(permissions).toBe("0755");
  });

  test("brings programs without docstrings, but for the usage that one prints", () => {
    const files = hostFiles();
    expect(files["/usr/local/sbin/backup-mx-watch"].content).not.toContain('"""');
    expect(files["/usr/local/sbin/backup-mx"].content.match(/"""/g)).toHaveLength(2);
    expect(files["/usr/local/sbin/backup-mx"].content).toContain("\nusage: backup-mx [status]");
  });

  test("is the same each time", () => {
    expect(hostUserData()).toBe(hostUserData());
  });

  // The order means nothing, and other user data means another instance.
  test("does not depend on the order of the domains", () => {
    const text = (...names: string[]) =>
      hostUserData({ postmaster: "ops@example.org", domains: domains(names) });
    expect(text("b.example", "a.example")).toBe(text("a.example", "b.example"));
  });

  test("does not depend on the order of free settings", () => {
    const one = { biff: "no", mail_name: "Mail", always_bcc: "" };
    const other = { always_bcc: "", mail_name: "Mail", biff: "no" };
    expect(hostUserData({ postfixSettings: one })).toBe(hostUserData({ postfixSettings: other }));
  });
});

describe("what the setup program is told", () => {
  test("by default", () => {
    expect(setupVariables()).toEqual({
      MAIL_HOSTNAME: HOSTNAME,
      A_RELAY_DOMAIN: "example.com",
      PACKAGES: expect.stringMatching(
        /^ca-certificates curl postfix postfix-lmdb .* spamassassin /,
      ),
      MAILSCANNER_URL: expect.stringMatching(/^https:.*\.deb$/),
      MAILSCANNER_SHA256: "",
      CLAMAV: "",
      WATCH_INTERVAL: "30s",
      QUEUE_VOLUME: QUEUE_VOLUME,
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
      PACKAGES: expect.stringMatching(/ clamav-daemon clamav-freshclam /),
      MAILSCANNER_URL: "https://mirror.example.net/MailScanner.deb",
      MAILSCANNER_SHA256: "ab".repeat(32),
      CLAMAV: "yes",
    });
  });

  test("without MailScanner", () => {
    expect(setupVariables({ mailScanner: MailScanner.none() })).toMatchObject({
      PACKAGES: "ca-certificates curl postfix postfix-lmdb ssl-cert unattended-upgrades chrony",
      MAILSCANNER_URL: "",
      MAILSCANNER_SHA256: "",
      CLAMAV: "",
    });
  });
});
