import type { MailDomain } from "../mail/mail-domain";
import type { MailPolicy } from "../mail/mail-policy";
import { postfixFiles } from "../mail/postfix";
import { cloudConfig } from "./cloud-config";
import type { HostFile } from "./host-file";
import { OPERATIONS_PACKAGES, type Operations, operations, operationsFiles } from "./operations";
import { shippedFile } from "./shipped-file";

const SETUP = "/usr/local/sbin/backup-mx-setup";

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
 * @param upkeep how the host is kept in order
 * @param figures the files by which it measures itself
 */
export function mailHostUserData(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  publicAddress: string,
  upkeep: Operations = operations({}),
  figures: HostFile[] = [],
): string {
  return cloudConfig({
    fqdn: policy.hostname,
    files: [
      ...[...postfixFiles(policy, domains, publicAddress)].map(([path, content]) => ({
        path,
        content,
      })),
      ...scannerFiles(policy),
      ...operationsFiles(upkeep),
      ...figures,
      ...setupFiles(policy, domains, upkeep),
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
          content: shippedFile("mailscanner.service.conf"),
        },
      ]
    : [];
}

function setupFiles(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  upkeep: Operations,
): HostFile[] {
  return [
    // Two names of one service: Debian 12 runs postfix@-.service, Debian 13 postfix.service.
    ...["postfix.service.d", "postfix@.service.d"].map((folder) => ({
      path: `/etc/systemd/system/${folder}/backup-mx.conf`,
      content: shippedFile("postfix.service.conf"),
    })),
    { path: "/etc/backup-mx/setup.env", content: setupEnvironment(policy, domains, upkeep) },
    { path: SETUP, content: shippedFile("backup-mx-setup"), isProgram: true },
  ];
}

/** What the setup program must know of the props, as shell variables. */
function setupEnvironment(
  { hostname, mailScanner }: MailPolicy,
  domains: readonly MailDomain[],
  { sessionManager }: Operations,
) {
  const packages = [
    "ca-certificates",
    "curl",
    "postfix",
    "postfix-lmdb",
    ...OPERATIONS_PACKAGES,
    ...(mailScanner.isInstalled ? MAILSCANNER_PACKAGES : []),
    ...(mailScanner.clamAv ? ["clamav-daemon", "clamav-freshclam"] : []),
  ];
  const variables = {
    MAIL_HOSTNAME: hostname,
    A_RELAY_DOMAIN: [...domains.map(({ name }) => name)].sort()[0],
    PACKAGES: packages.join(" "),
    MAILSCANNER_URL: mailScanner.isInstalled ? mailScanner.packageUrl : "",
    MAILSCANNER_SHA256: mailScanner.packageSha256,
    CLAMAV: mailScanner.clamAv ? "yes" : "",
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
