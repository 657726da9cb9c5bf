import type { MailScanner } from "../../mail/scanner/mailscanner";
import { dropIn } from "../host-file";
import type { HostPart } from "../host-part";

/** What MailScanner 5.5.3 needs of Debian; its package depends on perl alone. */
const PACKAGES = [
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

const HEADER_CHECKS = "/etc/postfix/header_checks";

/** MailScanner, and the way of the mail through it. */
export function scannerPart(mailScanner: MailScanner): HostPart {
  if (!mailScanner.isInstalled) {
    return {
      environment: {
        MAILSCANNER_URL: "",
        MAILSCANNER_SHA256: "",
        CLAMAV: "",
        DELIVER_UNSCANNED_AFTER: "",
      },
    };
  }
  return {
    files: [
      { path: "/etc/MailScanner/conf.d/backup-mx.conf", content: mailScanner.settingsFile() },
      dropIn(__dirname, "mailscanner.service"),
      { path: HEADER_CHECKS, content: "/^Received:/ HOLD\n" },
    ],
    packages: [...PACKAGES, ...(mailScanner.clamAv ? ["clamav-daemon", "clamav-freshclam"] : [])],
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
    environment: {
      MAILSCANNER_URL: mailScanner.packageUrl,
      MAILSCANNER_SHA256: mailScanner.packageSha256,
      CLAMAV: mailScanner.clamAv ? "yes" : "",
      DELIVER_UNSCANNED_AFTER: mailScanner.deliverUnscannedAfter,
    },
  };
}
