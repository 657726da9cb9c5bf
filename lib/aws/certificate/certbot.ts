import { program } from "../../host/host-file";
import type { HostPart } from "../../host/host-part";

/** Who signs the certificate of a host. */
export interface AcmeAuthority {
  readonly directoryUrl: string;
  readonly email?: string;
}

const FILE = "/etc/postfix/certificate.pem";

/** Gets the certificate of a host, and renews it. */
export function certbotPart(hostname: string, { directoryUrl, email }: AcmeAuthority): HostPart {
  return {
    files: [
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
      program(__dirname, "backup-mx-certificate"),
    ],
    packages: ["certbot", "python3-certbot-dns-route53"],
    mainCf: [
      {
        comment: ["The certificate, with its key in one file."],
        settings: [
          ["smtpd_tls_cert_file", FILE],
          ["smtpd_tls_key_file", FILE],
        ],
      },
    ],
  };
}
