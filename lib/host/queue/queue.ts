import { program, unit } from "../host-file";
import type { HostPart } from "../host-part";

/**
 * The disk under the mail, mounted before anything that handles mail can start.
 *
 * @param volumeId the id of the volume
 */
export function queuePart(volumeId: string): HostPart {
  return {
    files: [program(__dirname, "backup-mx-queue"), unit(__dirname, "backup-mx-queue.service")],
    environment: { QUEUE_VOLUME: volumeId },
  };
}
