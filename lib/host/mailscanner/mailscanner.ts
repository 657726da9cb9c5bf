import type { Scanner } from "../../mail/scanner/scanner";
import { downloadModule, fixedFile, type HostFile, partModule, program, unit } from "../host-file";
import { type HostPart, NOTHING, packageKey } from "../host-part";

/** MailScanner in slots, which judge copies of mail. */
export const MAILSCANNER_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-mailscanner"),
  program(__dirname, "backup-mx-mailscanner-slots"),
  fixedFile(__dirname, "/usr/local/lib/backup-mx/mailscanner/Verdict.pm"),
  unit(__dirname, "backup-mx-mailscanner@.socket"),
  unit(__dirname, "backup-mx-mailscanner@.service"),
  unit(__dirname, "backup-mx-mailscanner.service"),
  downloadModule(`${__dirname}/download`, "mailscanner"),
  partModule(__dirname, "mailscanner"),
];

/** MailScanner as the scanner of a host. */
export function mailscannerPart(scanner: Scanner): HostPart {
  if (scanner.kind !== "mailscanner") {
    return NOTHING;
  }
  const { packageFile, packageUrl, packageSha256 } = scanner;
  return {
    parts: ["mailscanner"],
    downloads: {
      mailscanner:
        packageFile === undefined
          ? { url: packageUrl, sha256: packageSha256 }
          : { key: packageKey(packageFile.sha256), sha256: packageFile.sha256 },
    },
    configuration: { mailscanner: { settings: scanner.settingLines() } },
  };
}
