import { program, unit } from "../host-file";
import type { HostPart } from "../host-part";

/** The command of the postmaster, and what of it runs every minute. */
export function commandPart(): HostPart {
  return {
    files: [
      program(__dirname, "backup-mx"),
      unit(__dirname, "backup-mx-tidy.service"),
      unit(__dirname, "backup-mx-tidy.timer"),
    ],
  };
}
