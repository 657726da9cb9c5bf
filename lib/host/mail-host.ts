import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MailDomain } from "../mail/mail-domain";
import type { MailPolicy } from "../mail/mail-policy";
import { postfixFiles } from "../mail/postfix";
import { cloudConfig } from "./cloud-config";
import type { HostFile } from "./host-file";

const SETUP = "/usr/local/sbin/backup-mx-setup";
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

/**
 * The user data of a mail host: its files, and the program that makes a mail host of them.
 *
 * @param policy what to do with mail
 * @param domains the relay domains
 * @param publicAddress the address under which the internet reaches the host
 * @param queueVolumeId the EBS volume that holds the mail state
 */
export function mailHostUserData(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  publicAddress: string,
  queueVolumeId: string,
): string {
  return cloudConfig({
    fqdn: policy.hostname,
    files: [
      ...[...postfixFiles(policy, domains, publicAddress)].map(([path, content]) => ({
        path,
        content,
      })),
      ...scannerFiles(policy),
      ...queueFiles(),
      ...commandFiles(),
      ...setupFiles(policy, domains, queueVolumeId),
    ],
    program: SETUP,
  });
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
          content: shipped("mailscanner.service.conf"),
        },
      ]
    : [];
}

/** The disk under the mail, mounted before anything that handles mail can start. */
function queueFiles(): HostFile[] {
  return [
    { path: QUEUE, content: shipped("backup-mx-queue"), isProgram: true },
    {
      path: "/etc/systemd/system/backup-mx-queue.service",
      content: shipped("backup-mx-queue.service"),
    },
  ];
}

/** The command of the postmaster, and what of it runs every minute. */
function commandFiles(): HostFile[] {
  return [
    { path: "/usr/local/sbin/backup-mx", content: shipped("backup-mx"), isProgram: true },
    ...["backup-mx-tidy.service", "backup-mx-tidy.timer"].map((unit) => ({
      path: `/etc/systemd/system/${unit}`,
      content: shipped(unit),
    })),
  ];
}

function setupFiles(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  queueVolumeId: string,
): HostFile[] {
  return [
    // Two names of one service: Debian 12 runs postfix@-.service, Debian 13 postfix.service.
    ...["postfix.service.d", "postfix@.service.d"].map((folder) => ({
      path: `/etc/systemd/system/${folder}/backup-mx.conf`,
      content: shipped("postfix.service.conf"),
    })),
    { path: "/etc/backup-mx/setup.env", content: setupEnvironment(policy, domains, queueVolumeId) },
    { path: SETUP, content: shipped("backup-mx-setup"), isProgram: true },
  ];
}

/** What the setup program must know of the props, as shell variables. */
function setupEnvironment(
  { hostname, mailScanner }: MailPolicy,
  domains: readonly MailDomain[],
  queueVolumeId: string,
) {
  const packages = [
    "ca-certificates",
    "curl",
    "postfix",
    "postfix-lmdb",
    ...(mailScanner.isInstalled ? MAILSCANNER_PACKAGES : []),
    ...(mailScanner.clamAv ? ["clamav-daemon", "clamav-freshclam"] : []),
  ];
  const variables = {
    MAIL_HOSTNAME: hostname,
    QUEUE_VOLUME: queueVolumeId,
    A_RELAY_DOMAIN: domains[0].name,
    PACKAGES: packages.join(" "),
    MAILSCANNER_URL: mailScanner.isInstalled ? mailScanner.packageUrl : "",
    MAILSCANNER_SHA256: mailScanner.packageSha256,
    CLAMAV: mailScanner.clamAv ? "yes" : "",
    DELIVER_UNSCANNED_AFTER: mailScanner.deliverUnscannedAfter,
  };
  // No value can hold a quote: each was checked when the props were read.
  return Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join("");
}

function shipped(name: string): string {
  return readFileSync(join(__dirname, "files", name), "utf8");
}
