import {
  BackupMx,
  type BackupMxProps,
  Certificate,
  Logs,
  Network,
  PrimaryTls,
  RecipientVerification,
  Resolver,
  Route53Zone,
  Scanner,
  SessionManager,
  WhenUnreachable,
} from "../../lib";
import { newStack, synthesize } from "../support/stack";

const MX1 = { hostname: "mx1.example.com" };
const EXAMPLE = { name: "example.com", primaries: [MX1] };
const DEFER = RecipientVerification.callOut({ whenUnreachable: WhenUnreachable.DEFER });
const REFERENCE = `\${TfToken[TOKEN.0]}`;

/** What the user is told: one message, without what CDK for Terraform puts around it. */
function failure(change: () => Partial<BackupMxProps>): string {
  const stack = newStack();
  try {
    new BackupMx(stack, "Mx2", { hostname: "mx2.example.net", domains: [EXAMPLE], ...change() });
    synthesize(stack);
  } catch (error) {
    const { message } = error as Error;
    const wrapped = [...message.matchAll(/^ *\[test\/Mx2[^\]]*\] (.*)$/gm)];
    if (message.startsWith("Validation failed")) {
      expect(wrapped).toHaveLength(1);
      return wrapped[0][1];
    }
    return message;
  }
  throw new Error("it was accepted");
}

const domain = (props: object) => () => ({ domains: [{ ...EXAMPLE, ...props }] });
const primary = (props: object) => domain({ primaries: [{ ...MX1, ...props }] });
const list = (...addresses: string[]) =>
  domain({ recipients: RecipientVerification.list(addresses) });
const scanner = (props: object) => () => ({ scanner: Scanner.mailScanner(props) });
const rspamd = (props: object) => () => ({ scanner: Scanner.rspamd(props) });

const certificate = (props: { email?: string; directoryUrl?: string }) => () => ({
  certificate: Certificate.acme({ zone: Route53Zone.fromZoneId("Z0"), ...props }),
});

/** The mistake, how it is made, and what is said about it: the prop, the value, the remedy. */
const MISTAKES: [string, () => object, RegExp][] = [
  [
    "a text in place of a feature",
    () => ({ monitoring: "ops@example.org" }),
    /^monitoring "ops@example\.org" is not of this kind; use Monitoring\.toTopic\(\), Monitoring\.toEmail\(\) or Monitoring\.none\(\)$/,
  ],
  [
    "yes in place of a feature",
    () => ({ logs: true }),
    /^logs true is not of this kind; use Logs\.toLogGroup\(\) or Logs\.none\(\)$/,
  ],
  [
    "props in place of a feature",
    () => ({ certificate: { email: "ops@example.org" } }),
    /^certificate \{"email":"ops@example\.org"\} is not of this kind; use Certificate\.acme\(\) or Certificate\.selfSigned\(\)$/,
  ],
  [
    "a class in place of what it makes",
    () => ({ sessionManager: SessionManager }),
    /^sessionManager SessionManager is not of this kind; use SessionManager\.install\(\) or SessionManager\.none\(\)$/,
  ],
  [
    "a text in place of a resolver",
    () => ({ resolver: "local" }),
    /^resolver "local" is not of this kind; use Resolver\.ofVpc\(\) or Resolver\.local\(\)$/,
  ],
  [
    "null in place of the port's state",
    () => ({ outboundPort25: null }),
    /^outboundPort25 null is not of this kind; use OutboundPort25\.granted\(\) or OutboundPort25\.requested\(\)$/,
  ],
  [
    "the id of a subnet in place of a network",
    () => ({ network: "subnet-0123456789abcdef0" }),
    /^network "subnet-0123456789abcdef0" is not of this kind; use Network\.defaultVpc\(\), Network\.subnet\(\) or Network\.own\(\)$/,
  ],
  ["no domain", () => ({ domains: [] }), /^domains is empty; name at least one domain/],
  ["no domain at all", () => ({ domains: undefined }), /^domains is empty; name at least one/],
  [
    "a domain twice",
    () => ({ domains: [EXAMPLE, { ...EXAMPLE, name: "example.org" }, EXAMPLE] }),
    /^domains\[2\]\.name "example\.com" is listed twice; name each domain once$/,
  ],
  [
    "a domain twice in another spelling",
    () => ({ domains: [EXAMPLE, { ...EXAMPLE, name: "Example.COM." }] }),
    /^domains\[1\]\.name "example\.com" is listed twice/,
  ],
  [
    "a domain in Unicode and in ASCII",
    () => ({
      domains: [
        { ...EXAMPLE, name: "münchen.de" },
        { ...EXAMPLE, name: "xn--mnchen-3ya.de" },
      ],
    }),
    /^domains\[1\]\.name "xn--mnchen-3ya\.de" is listed twice/,
  ],
  [
    "a domain that is the backup itself: it would be local and relayed",
    domain({ name: "mx2.example.net" }),
    /^domains\[0\]\.name "mx2\.example\.net" /,
  ],
  [
    "no domain name",
    domain({ name: "example" }),
    /^domains\[0\]\.name "example" is not a fully qualified domain name; write it in full/,
  ],
  ["no primary", domain({ primaries: [] }), /^domains\[0\]\.primaries is empty; name the mail/],
  [
    "the backup among its primaries",
    domain({ primaries: [MX1, { hostname: "MX2.example.net" }] }),
    /^domains\[0\]\.primaries\[1\]\.hostname "mx2\.example\.net" is the backup itself; name only/,
  ],
  [
    "a primary twice",
    domain({ primaries: [MX1, MX1] }),
    /^domains\[0\]\.primaries\[1\]\.hostname "mx1\.example\.com" is listed twice; name it once$/,
  ],
  [
    "a preference below the range",
    primary({ preference: -1 }),
    /^domains\[0\]\.primaries\[0\]\.preference -1 is out of range; give a whole .* 0 to 65535$/,
  ],
  [
    "a preference above the range",
    primary({ preference: 65536 }),
    /^domains\[0\]\.primaries\[0\]\.preference 65536 is out of range; give a whole/,
  ],
  [
    "a preference of the backup above the range",
    domain({ backupPreference: 65536 }),
    /^domains\[0\]\.backupPreference 65536 is out of range; give a whole/,
  ],
  [
    "a preference of the backup that is not above all primaries",
    domain({ backupPreference: 10 }),
    /^domains\[0\]\.backupPreference 10 is not greater than 10, the highest preference of the/,
  ],
  [
    "a hostname of one label",
    () => ({ hostname: "mx2" }),
    /^hostname "mx2" is not a fully qualified domain name; write it in full, such as "mx1\./,
  ],
  [
    "a recipient of another domain",
    list("info@example.com", "info@example.org"),
    /^domains\[0\]\.recipients "info@example\.org" is outside its domain; list only recipients of/,
  ],
  ["a recipient without a domain", list("info"), /^domains\[0\]\.recipients "info" is not a mail/],
  [
    "an empty list of recipients",
    list(),
    /^domains\[0\]\.recipients is an empty list .*; list the recipients or use/,
  ],
  [
    "a port out of range",
    primary({ port: 70000 }),
    /^domains\[0\]\.primaries\[0\]\.port 70000 is out of range; give a whole number from 1 to/,
  ],
  [
    "an address that is a name",
    primary({ address: "mx1.example.com" }),
    /^domains\[0\]\.primaries\[0\]\.address ".*" is not an IP address; give one, or leave it out/,
  ],
  [
    "a port of the relayhost out of range",
    () => ({ relayhost: "[smtp.example.net]:70000" }),
    /^relayhost "\[smtp\.example\.net\]:70000" /,
  ],
  [
    "a relayhost with blanks",
    () => ({ relayhost: "smtp.example.net 587" }),
    /^relayhost "smtp\.example\.net 587" is not a next hop; give a name or "\[name\]:port"/,
  ],
  [
    "a postmaster without a domain",
    () => ({ postmaster: "ops" }),
    /^postmaster "ops" is not a mail address; write it in full$/,
  ],
  ["a disk without room", () => ({ volumeSize: 0 }), /^volumeSize 0 is out of range; give a whole/],
  ["a disk of a fraction", () => ({ volumeSize: 20.5 }), /^volumeSize 20\.5 is out of range/],
  [
    "no instance type",
    () => ({ instanceType: "small" }),
    /^instanceType "small" is not an instance type; give one such as "t4g\.small"$/,
  ],
  [
    "no instance type beside an image",
    () => ({ instanceType: "small", amiId: "ami-0123456789abcdef0" }),
    /^instanceType "small" is not an instance type/,
  ],
  [
    "an instance type that is known later, without an image",
    () => ({ instanceType: REFERENCE }),
    /^instanceType ".*" is not known before deployment, .*; set amiId as well$/,
  ],
  [
    "no id of an image",
    () => ({ amiId: "debian-13" }),
    /^amiId "debian-13" is not an id of this kind; it begins with "ami-"$/,
  ],
  [
    "no id of a subnet",
    () => ({ network: Network.subnet("vpc-0123456789abcdef0") }),
    /^network.subnetId "vpc-.*" is not an id of this kind; it begins with "subnet-"$/,
  ],
  [
    "no id of a VPC",
    () => ({ network: Network.subnet("subnet-0123456789abcdef0", { vpcId: "my-vpc" }) }),
    /^network.vpcId "my-vpc" is not an id of this kind; it begins with "vpc-"$/,
  ],
  [
    "no id of a zone",
    () => ({ zone: Route53Zone.fromZoneId("example.com") }),
    /^zoneId "example\.com" is not the id of a hosted zone; it begins with Z, such as/,
  ],
  [
    "a duration without a unit",
    () => ({ maximalQueueLifetime: "21" }),
    /^maximalQueueLifetime "21" is not a duration; give a number and a unit/,
  ],
  [
    "a setting that would open the relay",
    () => ({ postfixSettings: { mynetworks: "0.0.0.0/0" } }),
    /^postfixSettings\.mynetworks "0\.0\.0\.0\/0" cannot be set: it keeps the host from being an/,
  ],
  [
    "a setting that would open the relay by its default",
    () => ({ postfixSettings: { virtual_alias_maps: "static:someone@elsewhere.example" } }),
    /^postfixSettings\.virtual_alias_maps ".*" cannot be set: /,
  ],
  [
    "a setting that has a prop",
    () => ({ postfixSettings: { relayhost: "smtp.example.net" } }),
    /^postfixSettings\.relayhost ".*" cannot be set: use the relayhost prop$/,
  ],
  [
    "a setting without a name",
    () => ({ postfixSettings: { "": "x" } }),
    /^postfixSettings key "" is not a parameter's name; see postconf\(5\)$/,
  ],
  [
    "restrictions without a guard",
    () => ({ smtpdRecipientRestrictions: ["permit_mynetworks"] }),
    /^smtpdRecipientRestrictions lacks "reject_unauth_destination"; add it/,
  ],
  [
    "a permission before the guard",
    () => ({ smtpdRecipientRestrictions: ["permit", "reject_unauth_destination"] }),
    /^smtpdRecipientRestrictions\[0\] "permit" could permit before .*; put it behind that entry$/,
  ],
  [
    "a reply code that accepts",
    () => ({ unverifiedRecipientRejectCode: 250 }),
    /^unverifiedRecipientRejectCode 250 is out of range; give a whole number from 400 to 599$/,
  ],
  [
    "a message without a size",
    () => ({ messageSizeLimit: 0 }),
    /^messageSizeLimit 0 is out of range; give a whole number from/,
  ],
  [
    "a scanner that takes copies from elsewhere",
    scanner({ settings: { "Incoming Queue Dir": "/tmp" } }),
    /^scanner\.settings\["Incoming Queue Dir"\] "\/tmp" cannot be set: by it MailScanner judges copies/,
  ],
  [
    "the name of a scanner in place of it",
    () => ({ scanner: "rspamd" }),
    /^scanner "rspamd" is not of this kind; use Scanner\.mailScanner\(\), Scanner\.rspamd\(\) or Scanner\.none\(\)$/,
  ],
  [
    "props in place of a scanner",
    () => ({ scanner: { clamAv: true } }),
    /^scanner \{"clamAv":true\} is not of this kind; use Scanner\.mailScanner\(\), /,
  ],
  [
    "false in place of no scanner",
    () => ({ scanner: false }),
    /^scanner false is not of this kind/,
  ],
  ["null in place of no scanner", () => ({ scanner: null }), /^scanner null is not of this kind; /],
  [
    "the class in place of a scanner",
    () => ({ scanner: Scanner }),
    /^scanner Scanner is not of this kind; use /,
  ],
  [
    "a factory that is not called",
    () => ({ scanner: Scanner.rspamd }),
    /^scanner rspamd is not of this kind; use /,
  ],
  [
    "a feature in place of a scanner",
    () => ({ scanner: Logs.none() }),
    /^scanner Logs is not of this kind; use /,
  ],
  [
    "a scanner in place of a feature",
    () => ({ logs: Scanner.none() }),
    /^logs Scanner is not of this kind; use Logs\.toLogGroup\(\) or Logs\.none\(\)$/,
  ],
  [
    "one feature in place of another",
    () => ({ monitoring: Logs.none() }),
    /^monitoring Logs is not of this kind; use Monitoring\.toTopic\(\), /,
  ],
  [
    "a text in place of a scanner's props",
    () => ({ scanner: Scanner.mailScanner("MailScanner.deb" as unknown as object) }),
    /^scanner "MailScanner\.deb" is not an object; write the props in braces, or leave it out$/,
  ],
  [
    "a text in place of whether there is ClamAV",
    rspamd({ clamAv: "yes" }),
    /^scanner\.clamAv "yes" is neither true nor false; give one of the two$/,
  ],
  [
    "a time limit in which nothing is judged",
    rspamd({ timeLimit: "5s" }),
    /^scanner\.timeLimit "5s" is out of range; give a duration from "10s" to "10m"$/,
  ],
  [
    "a time limit that holds all mail up",
    scanner({ timeLimit: "1h" }),
    /^scanner\.timeLimit "1h" is out of range; give a duration from "10s" to "10m"$/,
  ],
  [
    "a time limit without a unit",
    scanner({ timeLimit: 60 }),
    /^scanner\.timeLimit 60 is not a duration; give a number and a unit/,
  ],
  [
    "a time limit that is known later",
    scanner({ timeLimit: REFERENCE }),
    /^scanner\.timeLimit ".*" is not known before deployment, and other limits .*; give a duration$/,
  ],
  [
    "no such policy for mail without a verdict",
    scanner({ unscanned: "bounce" }),
    /^scanner\.unscanned "bounce" is not one of its words; give "deliver" or "quarantine"$/,
  ],
  [
    "a patience of seconds",
    scanner({ deliverUnscannedAfter: "30s" }),
    /^scanner\.deliverUnscannedAfter "30s" is out of range; give a duration from "1m" to "100d" or "never"$/,
  ],
  [
    "a patience in a word",
    rspamd({ deliverUnscannedAfter: "forever" }),
    /^scanner\.deliverUnscannedAfter "forever" is not a duration; .* or "never"$/,
  ],
  [
    "a quarantine of hours",
    scanner({ quarantineLifetime: "12h" }),
    /^scanner\.quarantineLifetime "12h" is out of range; give a duration from "1d" to "3650d"$/,
  ],
  [
    "a share in a text",
    scanner({ quarantineShare: "25" }),
    /^scanner\.quarantineShare "25" is out of range; give a whole number from 1 to 50$/,
  ],
  [
    "a share of all",
    rspamd({ quarantineShare: 100 }),
    /^scanner\.quarantineShare 100 is out of range; give a whole number from 1 to 50$/,
  ],
  [
    "no such policy for a full quarantine",
    scanner({ quarantineWhenFull: "delete" }),
    /^scanner\.quarantineWhenFull "delete" is not one of its words; give "deliver" or "wait"$/,
  ],
  [
    "a score in a text",
    rspamd({ spamScore: "6" }),
    /^scanner\.spamScore "6" is out of range; give a number from 0\.1 to 1000 with at most one decimal$/,
  ],
  [
    "a score without an end",
    rspamd({ highSpamScore: Number.POSITIVE_INFINITY }),
    /^scanner\.highSpamScore Infinity is out of range; give a number from 0\.1 to 1000/,
  ],
  [
    "a score with two decimals",
    rspamd({ spamScore: 5.25 }),
    /^scanner\.spamScore 5\.25 is out of range; give a number .* with at most one decimal$/,
  ],
  [
    "scores the wrong way round",
    rspamd({ spamScore: 15, highSpamScore: 6 }),
    /^scanner\.spamScore 15 is not less than 6, .*; lower it, or raise highSpamScore$/,
  ],
  [
    "a setting of MailScanner that is a number",
    scanner({ settings: { "Required SpamAssassin Score": 5 } }),
    /^scanner\.settings\["Required SpamAssassin Score"\] 5 is not a text; put it in quotes$/,
  ],
  [
    "settings of MailScanner as a text",
    scanner({ settings: "Required SpamAssassin Score = 5" }),
    /^scanner\.settings ".*" is not an object; write the props in braces, or leave it out$/,
  ],
  [
    "a package from nowhere",
    scanner({ packageUrl: "MailScanner.deb" }),
    /^scanner\.packageUrl "MailScanner\.deb" is not the URL of a Debian package; give one/,
  ],
  [
    "no checksum",
    scanner({ packageSha256: "abc" }),
    /^scanner\.packageSha256 "abc" is not a SHA-256 checksum; give the 64 hexadecimal digits/,
  ],
  ...["zen", "zen.example.org*much", "zen.example.org=127.0.0*2", "a.example, b.example", ""].map(
    (site): [string, () => object, RegExp] => [
      `no list in DNS: "${site}"`,
      () => ({ postscreenDnsblSites: ["zen.example.org", site] }),
      /^postscreenDnsblSites\[1\] ".*" is not a (list in DNS; give its domain|fully qualified domain)/,
    ],
  ),
  [
    "a threshold that everybody reaches",
    () => ({ postscreenDnsblThreshold: 0 }),
    /^postscreenDnsblThreshold 0 is out of range; give a whole number from 1 to 1000$/,
  ],
  [
    "lists in DNS without a resolver",
    () => ({ postscreenDnsblSites: ["zen.example.org"], resolver: Resolver.ofVpc() }),
    /^resolver Resolver\.ofVpc\(\) leaves postscreenDnsblSites without the resolver that it needs; leave the/,
  ],
  [
    "a threshold that nobody reaches",
    () => ({
      postscreenDnsblSites: ["zen.example.org*2", "bl.example.org", "wl.example.org*-5"],
      postscreenDnsblThreshold: 4,
    }),
    /^postscreenDnsblThreshold 4 is more than the weights of all lists, 3, so nobody .*; give a/,
  ],
  [
    "an interval of the watch that hammers the primary",
    () => ({ watchInterval: "1s" }),
    /^watchInterval "1s" is out of range; give a duration from "5s" to "10m"$/,
  ],
  [
    "an interval of the watch that notices nothing",
    () => ({ watchInterval: "1h" }),
    /^watchInterval "1h" is out of range; give a duration from "5s" to "10m"$/,
  ],
  [
    "recipients that are deferred and accepted",
    () => ({
      domains: [{ ...EXAMPLE, recipients: DEFER }],
      unverifiedRecipientDeferCode: 250,
    }),
    /^unverifiedRecipientDeferCode 250 accepts those whom domains\[0\]\.recipients defers .*; leave/,
  ],
  [
    "recipients that are deferred and not verified",
    () => ({
      domains: [{ ...EXAMPLE, recipients: DEFER }],
      smtpdRecipientRestrictions: ["reject_unauth_destination"],
    }),
    /^smtpdRecipientRestrictions lacks "reject_unverified_recipient", so nobody .*; add it, or leave/,
  ],
  [
    "a domain with two ways of knowing recipients",
    () => ({
      domains: [
        { ...EXAMPLE, recipients: RecipientVerification.list(["info@example.com"]) },
        { ...EXAMPLE, recipients: RecipientVerification.none() },
      ],
    }),
    /^domains\[1\]\.name "example\.com" is listed twice; name each domain once$/,
  ],
  [
    "two TLS policies of one primary",
    () => ({
      domains: [
        { ...EXAMPLE, primaries: [{ ...MX1, tls: PrimaryTls.encrypt() }] },
        { ...EXAMPLE, name: "example.org", primaries: [{ ...MX1, tls: PrimaryTls.dane() }] },
      ],
    }),
    /^domains\[1\]\.primaries\[0\]\.tls "dane" differs from "encrypt" elsewhere .*; give both the same$/,
  ],
  [
    "DANE without a resolver",
    () => ({
      domains: [{ ...EXAMPLE, primaries: [{ ...MX1, tls: PrimaryTls.dane() }] }],
      resolver: Resolver.ofVpc(),
    }),
    /^resolver Resolver\.ofVpc\(\) leaves PrimaryTls\.dane\(\) without the resolver that it needs; leave the/,
  ],
  [
    "DANE past DNS",
    primary({ tls: PrimaryTls.dane(), address: "10.0.0.5" }),
    /^domains\[0\]\.primaries\[0\]\.address "10\.0\.0\.5" goes past DNS, .*; leave it out, or use/,
  ],
  [
    "no private zone",
    () => ({ resolver: Resolver.local({ privateZones: ["corp"] }) }),
    /^resolver\.privateZones\[0\] "corp" is not a fully qualified domain name/,
  ],
  [
    "a package that is not there",
    () => ({ scanner: Scanner.mailScanner({ packageFile: "/nowhere.deb" }) }),
    /^scanner\.packageFile "\/nowhere\.deb" cannot be read \(ENOENT\); give the path of a Debian/,
  ],
  [
    "a package from two places",
    () => ({
      scanner: Scanner.mailScanner({
        packageFile: "a.deb",
        packageUrl: "https://b.example/a.deb",
      }),
    }),
    /^scanner\.packageFile "a\.deb" is given together with packageUrl; give one of the two$/,
  ],
  [
    "a file of recipients that is not there",
    () => ({ domains: [{ ...EXAMPLE, recipients: RecipientVerification.listFile("/nowhere") }] }),
    /^recipients file "\/nowhere" cannot be read \(ENOENT\); give the path of a text file/,
  ],
];

describe("a mistake", () => {
  test.each(MISTAKES)("%s", (_, change, message) => {
    expect(failure(change)).toMatch(message);
  });

  test.each(MISTAKES)("%s: one sentence in the style of all", (_, change) => {
    expect(failure(change)).toMatch(/^[a-z][^\n]*[^.\n]$/);
  });
});

/** Every text that reaches a file of the host: how it is set, and the name of its prop. */
const TEXTS: [string, (text: string) => () => object][] = [
  ["hostname", (text) => () => ({ hostname: text })],
  ["domains[0].name", (name) => domain({ name })],
  ["domains[0].primaries[0].hostname", (hostname) => primary({ hostname })],
  ["domains[0].primaries[0].address", (address) => primary({ address })],
  ["domains[0].recipients", (address) => list(address)],
  [
    "domains[0].recipients",
    (address) => domain({ recipients: RecipientVerification.listThenCallOut([address]) }),
  ],
  ["postmaster", (postmaster) => () => ({ postmaster })],
  ["relayhost", (relayhost) => () => ({ relayhost })],
  ["maximalQueueLifetime", (text) => () => ({ maximalQueueLifetime: text })],
  ["bounceQueueLifetime", (text) => () => ({ bounceQueueLifetime: text })],
  ["refusedQueueLifetime", (text) => () => ({ refusedQueueLifetime: text })],
  ["addressVerifyNegativeExpireTime", (text) => () => ({ addressVerifyNegativeExpireTime: text })],
  [
    "addressVerifyNegativeRefreshTime",
    (text) => () => ({ addressVerifyNegativeRefreshTime: text }),
  ],
  ["unverifiedRecipientRejectReason", (text) => () => ({ unverifiedRecipientRejectReason: text })],
  ["smtpdSenderRestrictions[0]", (text) => () => ({ smtpdSenderRestrictions: [text] })],
  [
    "smtpdRecipientRestrictions[1]",
    (text) => () => ({ smtpdRecipientRestrictions: ["reject_unauth_destination", text] }),
  ],
  ["postfixSettings.mail_name", (text) => () => ({ postfixSettings: { mail_name: text } })],
  ["postfixSettings key", (text) => () => ({ postfixSettings: { [text]: "x" } })],
  ["certificate.email", (email) => certificate({ email })],
  ["certificate.directoryUrl", (directoryUrl) => certificate({ directoryUrl })],
  ["postscreenDnsblSites[0]", (text) => () => ({ postscreenDnsblSites: [text] })],
  [
    "resolver.privateZones[0]",
    (text) => () => ({ resolver: Resolver.local({ privateZones: [text] }) }),
  ],
  ["scanner.timeLimit", (timeLimit) => scanner({ timeLimit })],
  ["scanner.unscanned", (unscanned) => rspamd({ unscanned })],
  ["scanner.deliverUnscannedAfter", (text) => rspamd({ deliverUnscannedAfter: text })],
  ["scanner.quarantineLifetime", (text) => rspamd({ quarantineLifetime: text })],
  ["scanner.quarantineWhenFull", (text) => rspamd({ quarantineWhenFull: text })],
  ["scanner.packageUrl", (packageUrl) => scanner({ packageUrl })],
  ["scanner.packageSha256", (packageSha256) => scanner({ packageSha256 })],
  [
    'scanner.settings["Required SpamAssassin Score"]',
    (text) => scanner({ settings: { "Required SpamAssassin Score": text } }),
  ],
  ["scanner.settings key", (text) => scanner({ settings: { [text]: "x" } })],
];

/** Texts that are good but for what is put into them; a reference has no form to be checked. */
const GOOD: { readonly [prop: string]: string } = {
  hostname: "mx2.example.net",
  "domains[0].name": "example.com",
  "domains[0].primaries[0].hostname": "mx1.example.com",
  "domains[0].primaries[0].address": "10.0.0.5",
  "domains[0].recipients": "info@example.com",
  "postscreenDnsblSites[0]": "zen.example.org",
  "resolver.privateZones[0]": "corp.example",
  postmaster: "ops@example.org",
  relayhost: "[smtp.example.net]:587",
  "certificate.email": "ops@example.org",
  "certificate.directoryUrl": "https://acme.example.org/directory",
  "scanner.timeLimit": "30s",
  "scanner.unscanned": "deliver",
  "scanner.quarantineWhenFull": "deliver",
  "scanner.packageUrl": "https://mirror.example.net/MailScanner.deb",
  "scanner.packageSha256": "0123456789abcdef".repeat(4),
  "postfixSettings key": "mail_name",
  "scanner.settings key": "Required SpamAssassin Score",
};

const CONTROL = ["\n", "\r", "\0", "\t", "\u001b", "\u007f", "\u0085", "\u2028", "\u2029"];

describe("a line break or another control character", () => {
  test.each(TEXTS)("in %s", (prop, set) => {
    const good = GOOD[prop] ?? "10d";
    for (const character of CONTROL) {
      for (const text of [
        good + character,
        character + good,
        `${good}${character}mynetworks = 0.0.0.0/0`,
        good.slice(0, 2) + character + good.slice(2),
      ]) {
        const message = failure(set(text));
        expect([text, message]).toEqual([text, expect.stringContaining(`${prop} "`)]);
      }
    }
  });

  // A part of the text is known only later; what stands beside it is known now.
  test.each(TEXTS)("beside a value of deploy time in %s", (prop, set) => {
    expect(failure(set(`${REFERENCE}\nmynetworks = 0.0.0.0/0`))).toContain(`${prop} "`);
  });
});

describe("a quote in what the setup program reads as shell variables", () => {
  test.each(
    TEXTS.filter(([prop]) => /^(hostname|domains\[0\]\.name|scanner\.package.*)$/.test(prop)),
  )("in %s", (prop, set) => {
    expect(failure(set(`'; reboot; '${GOOD[prop]}`))).toContain(`${prop} "`);
    expect(failure(set(`${GOOD[prop]}'`))).toContain(`${prop} "`);
    expect(failure(set(`${REFERENCE}'`))).toContain(`${prop} "`);
  });
});

describe("text that is good", () => {
  test.each(TEXTS)("in %s is taken: the tests above prove something", (prop, set) => {
    expect(() => failure(set(GOOD[prop] ?? "10d"))).toThrow("it was accepted");
  });
});
