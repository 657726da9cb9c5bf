import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import {
  type BackupMxDomain,
  type BackupMxProps,
  MailScanner,
  Monitoring,
  RecipientVerification,
  Resolver,
  SessionManager,
} from "../../../lib";
import { mailDomain } from "../../../lib/mail/mail-domain";
import { mailPolicy } from "../../../lib/mail/mail-policy";
import { postfixFiles } from "../../../lib/mail/postfix/postfix";
import {
  hostConfiguration,
  hostFiles,
  hostUserData,
  PUBLIC_ADDRESS,
} from "../../support/host-files";
import { QUEUE_DEVICE, QUEUE_VOLUME } from "../../support/synthesized";

const HOSTNAME = "mx2.example.net";
const SETUP = "/usr/local/sbin/backup-mx-setup";

const domains = (names: string[], props: Partial<BackupMxDomain> = {}): BackupMxDomain[] =>
  names.map((name) => ({ name, primaries: [{ hostname: "mx1.example.com" }], ...props }));

/** What the programs of a host are told. */
const configuration = (props: Partial<BackupMxProps> = {}) =>
  hostConfiguration(hostFiles({ hostname: HOSTNAME, ...props }));

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
      "/etc/systemd/system/backup-mx-queue.service",
      "/etc/systemd/system/backup-mx-tidy.service",
      "/etc/systemd/system/backup-mx-tidy.timer",
      "/etc/apt/apt.conf.d/60backup-mx",
      "/etc/systemd/journald.conf.d/backup-mx.conf",
      "/etc/chrony/sources.d/amazon.sources",
      "/etc/MailScanner/conf.d/backup-mx.conf",
      "/etc/systemd/system/mailscanner.service.d/backup-mx.conf",
      "/etc/postfix/header_checks",
      "/etc/systemd/system/backup-mx-watch.service",
      "/etc/backup-mx/host.json",
      "/usr/local/sbin/backup-mx-queue",
      "/usr/local/sbin/backup-mx-scanner",
      "/usr/local/sbin/backup-mx-retry",
      SETUP,
      "/usr/local/sbin/backup-mx",
      "/usr/local/sbin/backup-mx-watch",
      "/usr/local/sbin/backup-mx-setting",
    ]);
  });

  test("brings a resolver of its own to those who need it alone", () => {
    const resolver = (props: Partial<BackupMxProps>) => [
      Object.keys(hostFiles(props)).filter((path) => /unbound|resolver/.test(path)),
      configuration(props).setup.packages.includes("unbound"),
    ];
    const brought = [
      ["/etc/unbound/unbound.conf.d/backup-mx.conf", "/usr/local/sbin/backup-mx-resolver"],
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
    expect(files["/usr/local/sbin/backup-mx"].content).toContain("usage: backup-mx [status]");
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

describe("what the programs of a host are told", () => {
  test("by default", () => {
    expect(configuration()).toEqual({
      hostname: HOSTNAME,
      queue: { volume: QUEUE_VOLUME, devices: [QUEUE_DEVICE, "/dev/xvdf"] },
      scanner: {
        packageUrl: expect.stringMatching(/^https:.*\.deb$/),
        packageSha256: "",
        clamAv: false,
        deliverUnscannedAfter: "",
      },
      watch: {
        interval: "30s",
        domains: {
          "example.com": { whenUnreachable: "accept", primaries: ["[mx1.example.com]:25"] },
        },
      },
      setup: {
        selfTestDomain: "example.com",
        packages: expect.arrayContaining(["ca-certificates", "curl", "postfix", "spamassassin"]),
        installed: ["/usr/local/sbin/backup-mx-scanner install"],
        beforeMail: [
          "/usr/local/sbin/backup-mx-scanner start",
          "systemctl enable --quiet --now backup-mx-watch",
        ],
        ready: ["systemctl enable --quiet --now backup-mx-tidy.timer"],
      },
    });
  });

  test("with ClamAV and a package of one's own", () => {
    const mailScanner = MailScanner.install({
      clamAv: true,
      packageUrl: "https://mirror.example.net/MailScanner.deb",
      packageSha256: "AB".repeat(32),
    });
    const { setup, scanner } = configuration({ mailScanner });
    expect(setup.packages).toEqual(expect.arrayContaining(["clamav-daemon", "clamav-freshclam"]));
    expect(scanner).toEqual({
      packageUrl: "https://mirror.example.net/MailScanner.deb",
      packageSha256: "ab".repeat(32),
      clamAv: true,
      deliverUnscannedAfter: "",
    });
  });

  test("without MailScanner", () => {
    const { setup, scanner } = configuration({ mailScanner: MailScanner.none() });
    expect(scanner).toBeUndefined();
    expect(setup.packages.join(" ")).toBe(
      "ca-certificates curl postfix postfix-lmdb ssl-cert unattended-upgrades chrony",
    );
    expect(setup.installed).toEqual([]);
  });

  // People log in to see what goes wrong later, and nothing asks a name before there is a resolver.
  test("in the order in which the set-up needs it", () => {
    const { installed, beforeMail } = configuration({
      sessionManager: SessionManager.install(),
      monitoring: Monitoring.toEmail("ops@example.org"),
      resolver: Resolver.local(),
    }).setup;
    expect(installed).toEqual([
      "-/usr/local/sbin/backup-mx-session-manager",
      "systemctl enable --quiet --now backup-mx-metrics.timer",
      "/usr/local/sbin/backup-mx-scanner install",
    ]);
    expect(beforeMail).toEqual([
      "/usr/local/sbin/backup-mx-retry /usr/local/sbin/backup-mx-resolver",
      "/usr/local/sbin/backup-mx-scanner start",
      "systemctl enable --quiet --now backup-mx-watch",
    ]);
  });
});
