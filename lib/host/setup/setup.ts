import { type HostFile, program, pythonModule, unit } from "../host-file";

/** The set-up as a service, which starts what fetches the programs. They lie in the user data. */
export const SETUP_UNITS: readonly HostFile[] = [
  unit(__dirname, "backup-mx-setup.service"),
  unit(__dirname, "backup-mx-setup.timer"),
];

/** Makes a mail host of a fresh Debian. */
export const SETUP_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-setup"),
  program(__dirname, "backup-mx-setting"),
  pythonModule(__dirname, "fetch"),
  pythonModule(__dirname, "packages"),
];
