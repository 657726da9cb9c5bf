import type { HostFile } from "../../host/host-file";
import { shippedFile } from "../../host/shipped-file";

/** Who signs the certificate of a host. */
export interface AcmeAuthority {
  readonly directoryUrl: string;
  readonly email?: string;
}

/** What certbot needs of Debian. */
export const CERTIFICATE_PACKAGES = ["certbot", "python3-certbot-dns-route53"];

const FILE = "/etc/postfix/certificate.pem";

/** How Postfix finds the certificate: with its key in one file. */
export const CERTIFICATE_SETTINGS: readonly (readonly [string, string])[] = [
  ["smtpd_tls_cert_file", FILE],
  ["smtpd_tls_key_file", FILE],
];

/** The files by which a host gets a certificate and renews it. */
export function certificateFiles(
  hostname: string,
  { directoryUrl, email }: AcmeAuthority,
): HostFile[] {
  return [
    {
      path: "/etc/backup-mx/certbot.ini",
      // On the disk that outlives the instance: the key stays the same, and no authority signs
      // more than a few certificates a week for one name.
      content: `\
server = ${directoryUrl}
${email === undefined ? "register-unsafely-without-email = true" : `email = ${email}`}
agree-tos = true
non-interactive = true
authenticator = dns-route53
domains = ${hostname}
cert-name = backup-mx
key-type = ecdsa
reuse-key = true
keep-until-expiring = true
config-dir = /var/spool/backup-mx/tls
work-dir = /var/spool/backup-mx/tls/work
logs-dir = /var/log/backup-mx-certificate
max-log-backups = 30
`,
    },
    {
      path: "/etc/systemd/system/backup-mx-certificate.service",
      content: `\
[Unit]
After=backup-mx-queue.service
Requires=backup-mx-queue.service
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/backup-mx-certificate
TimeoutStartSec=600
`,
    },
    {
      path: "/etc/systemd/system/backup-mx-certificate.timer",
      content: `\
[Timer]
OnCalendar=hourly
RandomizedDelaySec=30m
[Install]
WantedBy=timers.target
`,
    },
    {
      path: "/usr/local/sbin/backup-mx-certificate",
      content: shippedFile(__dirname, "backup-mx-certificate"),
      isProgram: true,
    },
  ];
}
