import type { MailPolicy } from "../../mail/mail-policy";
import { type HostFile, packageModule, partModule, program, unit } from "../host-file";
import type { HostPart } from "../host-part";

/** The modules of the judge, each of which is one thing of its own. */
const MODULES = [
  "clamd",
  "content",
  "doubt",
  "guest",
  "headers",
  "hop",
  "judging",
  "kept",
  "ledger",
  "letter",
  "line",
  "lmtp",
  "mail",
  "quarantine",
  "restart",
  "service",
  "settings",
  "verdict",
  "wake",
  "wire",
];

/** The judge, which stands between two hops of Postfix. */
export const JUDGE_FILES: readonly HostFile[] = [
  ...["backup-mx-judge", "backup-mx-ledger", "backup-mx-quarantine", "backup-mx-take"].map((name) =>
    program(__dirname, name),
  ),
  ...MODULES.map((name) => packageModule(__dirname, "judge", name)),
  partModule(__dirname, "judge"),
  unit(__dirname, "backup-mx-judge.service"),
  unit(__dirname, "backup-mx-judge.socket"),
];

/**
 * The judge: it stands between two hops of Postfix, asks the scanner for a verdict of each mail, and
 * does what the policy says. It is on every host, also on one without a scanner.
 */
export function judgePart({ scanner, messageSizeLimit }: MailPolicy): HostPart {
  return {
    configuration: {
      judge: {
        scanner: scanner.kind,
        clamAv: scanner.clamAv,
        timeLimit: scanner.timeLimit,
        unscanned: scanner.unscanned,
        deliverUnscannedAfter: scanner.deliverUnscannedAfter,
        quarantineLifetime: scanner.quarantineLifetime,
        quarantineShare: scanner.quarantineShare,
        quarantineWhenFull: scanner.quarantineWhenFull,
        messageSizeLimit: `${messageSizeLimit}`,
      },
    },
  };
}
