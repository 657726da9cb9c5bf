import { type HostFile, program, unit } from "../../host/host-file";
import type { HostPart } from "../../host/host-part";

/** Where a host sends its journal. */
export interface LogsDestination {
  readonly group: string;
  readonly stream: string;
}

export const LOGS_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-logs"),
  unit(__dirname, "backup-mx-logs.service"),
  unit(__dirname, "backup-mx-logs.timer"),
];

/** Sends what is new in the journal every minute. */
export function journalPart({ group, stream }: LogsDestination): HostPart {
  return { configuration: { logs: { group, stream } } };
}
