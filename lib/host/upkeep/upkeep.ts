import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { fixedFile, type HostFile, partModule } from "../host-file";
import type { HostPart } from "../host-part";

/** How the host is kept up to date. */
export interface UpkeepProps {
  /**
   * The time of day, UTC, at which the host restarts when a security update needs it. Mail that
   * waits stays in the queue; senders try again. Give each of several backups a time of its own.
   *
   * @default "03:30"
   */
  readonly restartTime?: string | undefined;
}

export const UPKEEP_FILES: readonly HostFile[] = [
  partModule(__dirname, "upkeep"),
  fixedFile(__dirname, "/etc/systemd/journald.conf.d/backup-mx.conf"),
];

/**
 * Security updates; a restart only when one needs it.
 *
 * @throws if the time cannot be used
 */
export function upkeepPart({ restartTime = "03:30" }: UpkeepProps): HostPart {
  if (!isDeferred(restartTime) && !/^([01][0-9]|2[0-3]):[0-5][0-9]$/.test(restartTime)) {
    throw badInput(
      "restartTime",
      restartTime,
      'is not a time of day; give hours and minutes in UTC, such as "03:30"',
    );
  }
  return {
    configuration: { upkeep: { restartTime } },
  };
}
