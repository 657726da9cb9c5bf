import { join } from "node:path";
import {
  type AcmeAuthority,
  CERTIFICATE_PACKAGES,
  CERTIFICATE_SETTINGS,
  certificateFiles,
} from "../aws/certificate/certbot";
import { hasLocalResolver } from "../mail/local-resolver";
import type { MailDomain } from "../mail/mail-domain";
import type { MailPolicy } from "../mail/mail-policy";
import { postfixFiles } from "../mail/postfix/postfix";
import { cloudConfig } from "./cloud-config";
import type { HostFile } from "./host-file";
import { RESOLVER_PACKAGES, resolverFiles } from "./resolver/resolver";
import { shippedFile, withoutComments } from "./shipped-file";
import {
  OPERATIONS_PACKAGES,
  type Operations,
  operations,
  operationsFiles,
} from "./upkeep/operations";
import { watchedPrimaries } from "./watch/watched-primaries";

const SETUP = "/usr/local/sbin/backup-mx-setup";
const WATCH = "/usr/local/sbin/backup-mx-watch";
const QUEUE = "/usr/local/sbin/backup-mx-queue";

/** What MailScanner 5.5.3 needs of Debian; its package depends on perl alone. */
const MAILSCANNER_PACKAGES = [
  "file",
  "libarchive-zip-perl",
  "libconvert-tnef-perl",
  "libdbd-sqlite3-perl",
  "libdbi-perl",
  "libfilesys-df-perl",
  "libhtml-parser-perl",
  "libio-stringy-perl",
  "libmime-tools-perl",
  "libnet-cidr-perl",
  "libole-storage-lite-perl",
  "libsys-hostname-long-perl",
  "libsys-sigaction-perl",
  "perl",
  "spamassassin",
];

/** Where a mail host stands, and what is on it beside mail. */
export interface HostPlace {
  /** The address under which the internet reaches it. */
  readonly publicAddress: string;
  /** The EBS volume that holds the mail state. */
  readonly queueVolumeId: string;
  /** How it is kept in order. @default - the defaults of the operations props */
  readonly upkeep?: Operations;
  /** Who signs its certificate. @default - itself */
  readonly authority?: AcmeAuthority;
  /** The files by which it speaks with AWS. @default - it does not */
  readonly awsFiles?: readonly HostFile[];
  /** Whether its settings are explained by comments, if there is room for them. @default true */
  readonly isCommented?: boolean;
}

/**
 * The user data of a mail host: its files, and the program that makes a mail host of them.
 *
 * @param policy what to do with mail
 * @param domains the relay domains
 * @param host its place in the cloud, and what is on it beside mail
 */
export function mailHostUserData(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  place: HostPlace,
): string {
  const { publicAddress, queueVolumeId, upkeep = operations({}), awsFiles = [], authority } = place;
  const settings = [...(authority ? CERTIFICATE_SETTINGS : []), ...policy.postfixSettings];
  const postfix = { ...policy, postfixSettings: new Map(settings) };
  const files = [
    ...[...postfixFiles(postfix, domains, publicAddress)].map(([path, content]) => ({
      path,
      content,
    })),
    ...scannerFiles(policy),
    ...queueFiles(),
    ...commandFiles(),
    ...operationsFiles(upkeep),
    ...(authority ? certificateFiles(policy.hostname, authority) : []),
    ...awsFiles,
    ...(hasLocalResolver(policy, domains) ? resolverFiles(policy.privateDnsZones) : []),
    ...setupFiles(policy, domains, queueVolumeId, upkeep, authority ? CERTIFICATE_PACKAGES : []),
  ];
  // Compression finds what is alike within the 32 KiB before.
  files.sort((a, b) => (kind(a) < kind(b) ? -1 : kind(a) > kind(b) ? 1 : 0));
  return cloudConfig({
    fqdn: policy.hostname,
    files:
      (place.isCommented ?? true)
        ? files
        : files.map((file) => ({ ...file, content: withoutComments(file.content) })),
    program: SETUP,
  });
}

/** Settings are of one kind, programs of that of their interpreter. */
function kind({ content, isProgram }: HostFile): string {
  return isProgram ? content.slice(0, content.indexOf("\n")) : "";
}

function scannerFiles({ mailScanner }: MailPolicy): HostFile[] {
  return mailScanner.isInstalled
    ? [
        {
          path: "/etc/MailScanner/conf.d/backup-mx.conf",
          content: mailScanner.settingsFile(),
        },
        {
          path: "/etc/systemd/system/mailscanner.service.d/backup-mx.conf",
          content: shippedFile(join(__dirname, "scanner"), "mailscanner.service.conf"),
        },
      ]
    : [];
}

/** The disk under the mail, mounted before anything that handles mail can start. */
function queueFiles(): HostFile[] {
  return [
    {
      path: QUEUE,
      content: shippedFile(join(__dirname, "queue"), "backup-mx-queue"),
      isProgram: true,
    },
    {
      path: "/etc/systemd/system/backup-mx-queue.service",
      content: shippedFile(join(__dirname, "queue"), "backup-mx-queue.service"),
    },
  ];
}

/** The command of the postmaster, and what of it runs every minute. */
function commandFiles(): HostFile[] {
  return [
    {
      path: "/usr/local/sbin/backup-mx",
      content: shippedFile(join(__dirname, "command"), "backup-mx"),
      isProgram: true,
    },
    ...["backup-mx-tidy.service", "backup-mx-tidy.timer"].map((unit) => ({
      path: `/etc/systemd/system/${unit}`,
      content: shippedFile(join(__dirname, "command"), unit),
    })),
  ];
}

function setupFiles(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  queueVolumeId: string,
  upkeep: Operations,
  furtherPackages: readonly string[],
): HostFile[] {
  return [
    // Two names of one service: Debian 12 runs postfix@-.service, Debian 13 postfix.service.
    ...["postfix.service.d", "postfix@.service.d"].map((folder) => ({
      path: `/etc/systemd/system/${folder}/backup-mx.conf`,
      content: shippedFile(join(__dirname, "postfix"), "postfix.service.conf"),
    })),
    ...watchFiles(domains),
    {
      path: "/etc/backup-mx/setup.env",
      content: setupEnvironment(policy, domains, queueVolumeId, upkeep, furtherPackages),
    },
    {
      path: SETUP,
      content: shippedFile(join(__dirname, "setup"), "backup-mx-setup"),
      isProgram: true,
    },
  ];
}

/** The watch of the primaries, and what it watches. */
function watchFiles(domains: readonly MailDomain[]): HostFile[] {
  return [
    { path: "/etc/backup-mx/primaries", content: watchedPrimaries(domains) },
    {
      path: "/etc/systemd/system/backup-mx-watch.service",
      content: shippedFile(join(__dirname, "watch"), "backup-mx-watch.service"),
    },
    {
      path: WATCH,
      content: shippedFile(join(__dirname, "watch"), "backup-mx-watch"),
      isProgram: true,
    },
  ];
}

/** What the setup program must know of the props, as shell variables. */
function setupEnvironment(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  queueVolumeId: string,
  { sessionManager }: Operations,
  furtherPackages: readonly string[],
) {
  const { hostname, mailScanner, watchInterval } = policy;
  const packages = [
    "ca-certificates",
    "curl",
    "postfix",
    "postfix-lmdb",
    // The certificate of the first boot; on Debian 13 Postfix does without.
    "ssl-cert",
    ...OPERATIONS_PACKAGES,
    ...furtherPackages,
    ...(hasLocalResolver(policy, domains) ? RESOLVER_PACKAGES : []),
    ...(mailScanner.isInstalled ? MAILSCANNER_PACKAGES : []),
    ...(mailScanner.clamAv ? ["clamav-daemon", "clamav-freshclam"] : []),
  ];
  const variables = {
    MAIL_HOSTNAME: hostname,
    QUEUE_VOLUME: queueVolumeId,
    A_RELAY_DOMAIN: [...domains.map(({ name }) => name)].sort()[0],
    PACKAGES: packages.join(" "),
    MAILSCANNER_URL: mailScanner.isInstalled ? mailScanner.packageUrl : "",
    MAILSCANNER_SHA256: mailScanner.packageSha256,
    CLAMAV: mailScanner.clamAv ? "yes" : "",
    DELIVER_UNSCANNED_AFTER: mailScanner.deliverUnscannedAfter,
    WATCH_INTERVAL: watchInterval,
    ...(sessionManager.isInstalled
      ? {
          SESSION_MANAGER_URL: sessionManager.packageUrl,
          SESSION_MANAGER_SHA256: sessionManager.packageSha256,
        }
      : {}),
  };
  // No value can hold a quote: each was checked when the props were read.
  return Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join("");
}
