import type { MailScanner } from "../../mail/scanner/mailscanner";
import { downloadModule, dropIn, type HostFile, partModule } from "../host-file";
import { type HostPart, NOTHING, packageKey } from "../host-part";

const HEADER_CHECKS = "/etc/postfix/header_checks";

export const SCANNER_FILES: readonly HostFile[] = [
  dropIn(__dirname, "mailscanner.service"),
  downloadModule(__dirname, "mailscanner"),
  partModule(__dirname, "scanner"),
];

/** MailScanner, and the way of the mail through it. */
export function scannerPart(mailScanner: MailScanner): HostPart {
  if (!mailScanner.isInstalled) {
    return NOTHING;
  }
  const { clamAv, deliverUnscannedAfter, packageFile, packageUrl, packageSha256 } = mailScanner;
  return {
    parts: ["scanner", ...(clamAv ? ["clamav"] : [])],
    downloads: {
      mailscanner:
        packageFile === undefined
          ? { url: packageUrl, sha256: packageSha256 }
          : { key: packageKey(packageFile.sha256), sha256: packageFile.sha256 },
    },
    mainCf: [
      {
        comment: [
          "Every mail is held until MailScanner has seen it. Its lines are not broken",
          "in the queue file, which MailScanner could not put together again.",
        ],
        settings: [
          ["header_checks", `regexp:${HEADER_CHECKS}`],
          ["line_length_limit", 102400],
        ],
      },
    ],
    configuration: {
      scanner: { clamAv, deliverUnscannedAfter, settings: mailScanner.settingLines() },
    },
  };
}
