import type { MailPolicy } from "../../mail/mail-policy";
import { type HostFile, partModule, program, pythonModule, unit } from "../host-file";
import type { HostPart } from "../host-part";

export const UNDELIVERABLE_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-undeliverable"),
  program(__dirname, "backup-mx-spf"),
  ...["envelope", "refusals", "report"].map((name) => pythonModule(__dirname, name)),
  partModule(__dirname, "undeliverable"),
  unit(__dirname, "backup-mx-undeliverable.service"),
  unit(__dirname, "backup-mx-undeliverable.timer"),
];

/** Mail that no primary will take goes from the queue into quarantine, and the postmaster is told. */
export function undeliverablePart(policy: MailPolicy): HostPart {
  const { refusedQueueLifetime, nonDeliveryReports } = policy;
  return { configuration: { undeliverable: { refusedQueueLifetime, nonDeliveryReports } } };
}
