import { type HostFile, program, pythonModule } from "../host-file";

/** The command of the postmaster, and what it knows of the queue and of the judge. */
export const COMMAND_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx"),
  ...["queued", "untrusted", "verdicts"].map((name) => pythonModule(__dirname, name)),
];
