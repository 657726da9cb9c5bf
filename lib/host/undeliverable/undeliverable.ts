import type { MailPolicy } from "../../mail/mail-policy";
import { type HostFile, partModule, program, pythonModule, unit } from "../host-file";
import type { HostPart } from "../host-part";

export const UNDELIVERABLE_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-undeliverable"),
  pythonModule(__dirname, "refusals"),
  pythonModule(__dirname, "envelope"),
  partModule(__dirname, "undeliverable"),
  unit(__dirname, "backup-mx-undeliverable.service"),
  unit(__dirname, "backup-mx-undeliverable.timer"),
];

/** Mail that no primary will take goes from the queue into quarantine, and nobody but the postmaster hears of it. */
export function undeliverablePart({ refusedQueueLifetime }: MailPolicy): HostPart {
  return { configuration: { undeliverable: { refusedQueueLifetime } } };
}
