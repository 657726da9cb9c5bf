import { parse } from "yaml";
import {
  type BackupMxDomain,
  type BackupMxProps,
  Certificate,
  Logs,
  Monitoring,
  Network,
  RecipientVerification,
  Resolver,
  Route53Zone,
  Scanner,
  SessionManager,
} from "../../../lib";
import { BOOT_FILES } from "../../../lib/aws/store/store";
import type { HostPart } from "../../../lib/host/host-part";
import { mailHost } from "../../../lib/host/mail-host";
import { SETUP_UNITS } from "../../../lib/host/setup/setup";
import { mailDomain } from "../../../lib/mail/mail-domain";
import { mailPolicy } from "../../../lib/mail/mail-policy";
import { postfixSection } from "../../../lib/mail/postfix/postfix";
import { hostPrograms } from "../../../lib/programs";
import { backup } from "../../support/backup";
import {
  BUCKET,
  configurationIn,
  configurationOf,
  factsIn,
  factsOf,
  hostIn,
  hostOf,
  PUBLIC_ADDRESS,
} from "../../support/host-files";
import { mainCfSettings } from "../../support/main-cf";
import { EVERYTHING } from "../../support/props";
import { QUEUE_DEVICE, QUEUE_VOLUME, writtenFiles } from "../../support/synthesized";

const HOSTNAME = "mx2.example.com";
const HOST_JSON = "/etc/backup-mx/host.json";
const ZONE = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ");

const domains = (names: string[], props: Partial<BackupMxDomain> = {}): BackupMxDomain[] =>
  names.map((name) => ({ name, primaries: [{ hostname: "mx1.example.com" }], ...props }));

/** What is on by props alone. */
const FEATURES: Partial<BackupMxProps> = {
  sessionManager: SessionManager.install(),
  monitoring: Monitoring.toEmail("ops@example.org"),
  logs: Logs.toLogGroup(),
  certificate: Certificate.acme({ zone: ZONE, email: "ops@example.org" }),
  resolver: Resolver.local({ privateZones: ["corp.example"] }),
  scanner: Scanner.mailScanner({ clamAv: true, deliverUnscannedAfter: "4h" }),
};

describe("the user data of a host", () => {
  test("say what the instance is for all its life", () => {
    expect(factsOf()).toEqual({
      hostname: HOSTNAME,
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
      store: `https://${BUCKET}`,
      programs: hostPrograms().sha256,
      processor: "arm64",
      queue: { volume: QUEUE_VOLUME, devices: [QUEUE_DEVICE, "/dev/xvdf"] },
      parts: ["mailscanner"],
      downloads: { mailscanner: { url: expect.stringMatching(/^https:.*\.deb$/), sha256: "" } },
    });
  });

  test("bring the programs that fetch all others, as they are written, and nothing else", () => {
    const { [HOST_JSON]: facts, ...files } = writtenFiles(hostOf(EVERYTHING).userData);
    expect(facts.permissions).toBeUndefined();
    const brought = [...SETUP_UNITS, ...BOOT_FILES].map(({ path, content }) => [path, { content }]);
    expect(files).toEqual(Object.fromEntries(brought));
  });

  test("start the set-up, and give the host its name", () => {
    expect(parse(hostOf().userData)).toMatchObject({
      fqdn: HOSTNAME,
      runcmd: [["systemctl", "start", "backup-mx-setup.service"]],
    });
  });

  // It is read in the console, line by line. EC2 takes 16 KB.
  test.each<[string, Partial<BackupMxProps>]>([
    ["every default", {}],
    ["every feature", FEATURES],
    [
      "a hundred domains",
      { domains: domains(Array.from({ length: 100 }, (_, n) => `d${n}.example`)) },
    ],
  ])("have less than 6 KB with the longest name and %s", (_, props) => {
    const hostname = `mx2.${"a".repeat(64 - "mx2..example.com".length)}.example.com`;
    expect(hostname).toHaveLength(64);
    const { userData } = hostOf({ ...props, hostname });
    expect(Buffer.byteLength(userData)).toBeLessThan(6 * 1024);
    expect(writtenFiles(userData)[HOST_JSON].content.split("\n")).toHaveLength(11);
  });

  // EC2 refuses the instance another one, and its image would not start on it.
  test("change with the processor, and not with the size of the instance", () => {
    const userData = (instanceType: string) => hostOf({ instanceType }).userData;
    expect(userData("t4g.large")).toBe(userData("t4g.small"));
    expect(factsOf({ instanceType: "t3.small" }).processor).toBe("amd64");
    expect(factsOf({ instanceType: "t3.small" }).version).toBe(factsOf().version);
  });

  test("hold nothing that changes while the instance runs", () => {
    const props: Partial<BackupMxProps> = {
      domains: domains(["example.org"], {
        recipients: RecipientVerification.list(["info@example.org"]),
      }),
      postmaster: "ops@example.net",
      postfixSettings: { mail_name: "Mail" },
      watchInterval: "1m",
      restartTime: "02:15",
      logs: Logs.toLogGroup(),
      monitoring: Monitoring.toEmail("ops@example.org"),
      scanner: Scanner.mailScanner({ settings: { "Required SpamAssassin Score": "5" } }),
    };
    expect(hostOf(props).userData).toBe(hostOf().userData);
  });
});

describe("the version of a host", () => {
  const version = (programs: string, ...parts: HostPart[]) =>
    mailHost({ hostname: HOSTNAME, programs, parts }).configuration.version;
  const PROGRAMS = "0123456789abcdef".repeat(4);
  const SCANNER: HostPart = {
    parts: ["mailscanner"],
    downloads: { mailscanner: { url: "https://mirror.example.net/a.deb", sha256: "" } },
  };
  const RESOLVER: HostPart = { parts: ["resolver"], configuration: { resolver: { zones: [] } } };
  const first = version(PROGRAMS, SCANNER, RESOLVER);

  test.each<[string, string]>([
    ["other programs", version("f".repeat(64), SCANNER, RESOLVER)],
    ["a part less", version(PROGRAMS, SCANNER)],
    ["a part more", version(PROGRAMS, SCANNER, RESOLVER, { parts: ["clamav"] })],
    ["a package less", version(PROGRAMS, { parts: ["mailscanner"] }, RESOLVER)],
    [
      "a package from elsewhere",
      version(
        PROGRAMS,
        { ...SCANNER, downloads: { mailscanner: { url: "https://b.example/a.deb", sha256: "" } } },
        RESOLVER,
      ),
    ],
    [
      "a package with another checksum",
      version(
        PROGRAMS,
        {
          ...SCANNER,
          downloads: { mailscanner: { url: "https://mirror.example.net/a.deb", sha256: PROGRAMS } },
        },
        RESOLVER,
      ),
    ],
  ])("changes with %s", (_, other) => {
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(other).toMatch(/^[0-9a-f]{16}$/);
    expect(other).not.toBe(first);
  });

  test("does not change with the order of the parts, nor with what they have to say", () => {
    expect(version(PROGRAMS, RESOLVER, SCANNER)).toBe(first);
    const other: HostPart = { ...RESOLVER, configuration: { resolver: { zones: ["a.example"] } } };
    expect(version(PROGRAMS, SCANNER, other)).toBe(first);
  });

  test("is not the host's name: two hosts of the same programs and packages have one", () => {
    const other = mailHost({ hostname: "mx3.example.com", programs: PROGRAMS, parts: [SCANNER] });
    expect(other.configuration.version).toBe(version(PROGRAMS, SCANNER));
  });

  test("is in the user data and in the configuration, for the host to compare", () => {
    for (const props of [{}, FEATURES, EVERYTHING]) {
      expect(configurationOf(props).version).toBe(factsOf(props).version);
    }
    expect(factsOf(FEATURES).version).not.toBe(factsOf().version);
  });
});

describe("the parts and packages of a host", () => {
  const partsOf = (props: Partial<BackupMxProps>) => {
    const { parts, downloads } = factsOf(props);
    return { parts, downloads: Object.keys(downloads) };
  };

  test.each<[string, Partial<BackupMxProps>, string[], string[]]>([
    ["by default", {}, ["mailscanner"], ["mailscanner"]],
    ["without a scanner", { scanner: Scanner.none() }, [], []],
    ["with rspamd", { scanner: Scanner.rspamd() }, ["rspamd"], []],
    [
      "with rspamd and ClamAV",
      { scanner: Scanner.rspamd({ clamAv: true }) },
      ["clamav", "rspamd"],
      [],
    ],
    [
      "with ClamAV",
      { scanner: Scanner.mailScanner({ clamAv: true }) },
      ["clamav", "mailscanner"],
      ["mailscanner"],
    ],
    [
      "with a list in DNS",
      { postscreenDnsblSites: ["zen.example.org"] },
      ["mailscanner", "resolver"],
      ["mailscanner"],
    ],
    [
      "with a resolver",
      { resolver: Resolver.local() },
      ["mailscanner", "resolver"],
      ["mailscanner"],
    ],
    [
      "with a certificate",
      { certificate: Certificate.acme({ zone: ZONE }) },
      ["certificate", "mailscanner"],
      ["mailscanner"],
    ],
    [
      "with Session Manager",
      { sessionManager: SessionManager.install() },
      ["mailscanner"],
      ["amazon-ssm-agent", "mailscanner"],
    ],
    [
      "with monitoring and logs, which need none",
      { monitoring: Monitoring.toEmail("ops@example.org"), logs: Logs.toLogGroup() },
      ["mailscanner"],
      ["mailscanner"],
    ],
    [
      "with every feature",
      FEATURES,
      ["certificate", "clamav", "mailscanner", "resolver"],
      ["amazon-ssm-agent", "mailscanner"],
    ],
  ])("%s", (_, props, parts, downloads) => {
    const found = partsOf(props);
    expect(found).toEqual({ parts, downloads: expect.arrayContaining(downloads) });
    expect(found.downloads).toHaveLength(downloads.length);
  });

  test("are pinned where the user says so", () => {
    const scanner = Scanner.mailScanner({
      packageUrl: "https://mirror.example.net/MailScanner.deb",
      packageSha256: "AB".repeat(32),
    });
    expect(factsOf({ scanner }).downloads).toEqual({
      mailscanner: {
        url: "https://mirror.example.net/MailScanner.deb",
        sha256: "ab".repeat(32),
      },
    });
  });
});

describe("the configuration of a host", () => {
  test("has a section for each that is on, by default", () => {
    expect(configurationOf()).toEqual({
      hostname: HOSTNAME,
      version: factsOf().version,
      postfix: expect.objectContaining({ transport: ["example.com relay:[mx1.example.com]:25"] }),
      judge: {
        scanner: "mailscanner",
        clamAv: false,
        timeLimit: "60s",
        unscanned: "deliver",
        deliverUnscannedAfter: "1h",
        quarantineLifetime: "30d",
        quarantineShare: "25",
        quarantineWhenFull: "deliver",
        messageSizeLimit: "52428800",
      },
      mailscanner: { settings: Scanner.mailScanner().settingLines() },
      watch: { interval: "30s", domains: ["example.com accept [mx1.example.com]:25"] },
      upkeep: { restartTime: "03:30" },
      undeliverable: { refusedQueueLifetime: "5d", nonDeliveryReports: "proven" },
    });
  });

  test("has a section for each that is on, with every feature", () => {
    const {
      postfix,
      judge,
      mailscanner,
      watch,
      upkeep,
      undeliverable,
      hostname,
      version,
      ...rest
    } = configurationOf(FEATURES);
    expect([postfix, mailscanner, watch, upkeep, undeliverable, hostname, version]).not.toContain(
      undefined,
    );
    expect(judge).toMatchObject({ clamAv: true, deliverUnscannedAfter: "4h" });
    expect(rest).toEqual({
      resolver: { privateZones: ["corp.example"], privateResolver: "169.254.169.253" },
      certificate: {
        server: "https://acme-v02.api.letsencrypt.org/directory",
        email: "ops@example.org",
      },
      monitoring: { port25Probe: "inbound-smtp.us-east-1.amazonaws.com/25" },
      logs: { group: "/backup-mx/mx2.example.com", stream: "journal" },
      clamav: {},
    });
  });

  test("has the section of its scanner, and of no other", () => {
    const rspamd = configurationOf({ scanner: Scanner.rspamd({ spamScore: 5.5 }) });
    expect(rspamd.rspamd).toEqual({ spamScore: "5.5", highSpamScore: "15" });
    expect(rspamd.mailscanner).toBeUndefined();
    expect(configurationOf({ scanner: Scanner.mailScanner() }).rspamd).toBeUndefined();
    const none = configurationOf({ scanner: Scanner.none() });
    expect([none.mailscanner, none.rspamd]).toEqual([undefined, undefined]);
  });

  test("has what Postfix is told as it was rendered, whatever is special to Terraform, YAML or JSON", () => {
    const props = {
      unverifiedRecipientRejectReason: `No such \${user}: %{you} # 'quoted' "twice" <&> \\ - ünbekannt`,
      postfixSettings: { smtpd_banner: "$myhostname ESMTP: ready #1" },
    };
    const [domain] = domains(["example.com"], {
      recipients: RecipientVerification.list(["a{b}$c#d@example.com", "o'neill@example.com"]),
    });
    const scanner = Scanner.none();
    const { postfix } = configurationOf({ ...props, scanner, domains: [domain] });
    expect(postfix).toEqual(
      postfixSection(
        mailPolicy(HOSTNAME, { ...props, scanner }),
        [mailDomain("domains[0]", domain, HOSTNAME)],
        PUBLIC_ADDRESS,
      ),
    );
    expect(postfix.recipients).toHaveLength(5);
  });

  test("is the same each time", () => {
    expect(hostOf(FEATURES)).toEqual(hostOf(FEATURES));
  });

  // The order means nothing.
  test("does not depend on the order of the domains", () => {
    const host = (...names: string[]) =>
      hostOf({ postmaster: "ops@example.org", domains: domains(names) });
    expect(host("b.example", "a.example")).toEqual(host("a.example", "b.example"));
  });

  test("does not depend on the order of free settings", () => {
    const one = { biff: "no", mail_name: "Mail", always_bcc: "" };
    const other = { always_bcc: "", mail_name: "Mail", biff: "no" };
    expect(hostOf({ postfixSettings: one })).toEqual(hostOf({ postfixSettings: other }));
  });

  test("is that of each node by its own name", () => {
    const network = Network.defaultVpc({ availabilityZone: "eu-central-1b" });
    const stack = backup({ nodes: [{ hostname: "mx3.example.com", network }] });
    const hosts = [0, 1].map((index) => [
      factsIn(hostIn(stack, index)).hostname,
      configurationIn(stack, index).hostname,
      mainCfSettings(configurationIn(stack, index).postfix["main.cf"]).get("myhostname"),
    ]);
    expect(hosts.sort()).toEqual([HOSTNAME, "mx3.example.com"].map((name) => [name, name, name]));
  });
});
