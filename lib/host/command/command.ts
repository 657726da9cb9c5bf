import { type HostFile, program, unit } from "../host-file";

/** The command of the postmaster, and what of it runs every minute. */
export const COMMAND_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx"),
  unit(__dirname, "backup-mx-tidy.service"),
  unit(__dirname, "backup-mx-tidy.timer"),
];
