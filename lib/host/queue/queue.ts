import { type HostFile, program, unit } from "../host-file";

/** The disk that holds the mail state. */
export interface QueueDisk {
  /** What it is called where one looks for it. */
  readonly volume: string;
  /** The device files that it may have. */
  readonly devices: readonly string[];
}

/** The disk under the mail, mounted before anything that handles mail can start. */
export const QUEUE_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-queue"),
  unit(__dirname, "backup-mx-queue.service"),
];
