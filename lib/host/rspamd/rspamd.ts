import type { Scanner } from "../../mail/scanner/scanner";
import { guest } from "../guests/guests";
import { dropIn, fixedFile, type HostFile, partModule, program, unit } from "../host-file";
import { type HostPart, NOTHING } from "../host-part";

export const RSPAMD_FILES: readonly HostFile[] = [
  guest("rspamd.service"),
  dropIn(__dirname, "rspamd.service"),
  unit(__dirname, "rspamd.socket"),
  guest("backup-mx-rspamd-patterns.service"),
  unit(__dirname, "backup-mx-rspamd-patterns.service"),
  program(__dirname, "backup-mx-rspamd-patterns"),
  fixedFile(__dirname, "/etc/rspamd/backup-mx.conf"),
  partModule(__dirname, "rspamd"),
];

/** rspamd of Debian as the scanner of a host. */
export function rspamdPart(scanner: Scanner): HostPart {
  const { spamScores } = scanner;
  return spamScores === undefined
    ? NOTHING
    : { parts: ["rspamd"], configuration: { rspamd: { ...spamScores } } };
}
