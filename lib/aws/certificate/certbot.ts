import { type HostFile, partModule, program, unit } from "../../host/host-file";
import type { HostPart } from "../../host/host-part";

/** Who signs the certificate of a host. */
export interface AcmeAuthority {
  readonly directoryUrl: string;
  readonly email?: string;
}

const FILE = "/etc/postfix/certificate.pem";

export const CERTIFICATE_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-certificate"),
  unit(__dirname, "backup-mx-certificate.service"),
  unit(__dirname, "backup-mx-certificate.timer"),
  partModule(__dirname, "certificate"),
];

/** Gets the certificate of a host, and renews it. */
export function certbotPart({ directoryUrl, email = "" }: AcmeAuthority): HostPart {
  return {
    parts: ["certificate"],
    mainCf: [
      {
        comment: ["The certificate, with its key in one file."],
        settings: [
          ["smtpd_tls_cert_file", FILE],
          ["smtpd_tls_key_file", FILE],
        ],
      },
    ],
    configuration: { certificate: { server: directoryUrl, email } },
  };
}
