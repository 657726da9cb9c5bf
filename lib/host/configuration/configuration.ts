import { type HostFile, program, pythonModule, unit } from "../host-file";

/** Takes a configuration into use, or refuses it. */
export const CONFIGURATION_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-configuration"),
  ...["answers", "document", "sections", "taking"].map((name) => pythonModule(__dirname, name)),
  unit(__dirname, "backup-mx-configuration.service"),
  unit(__dirname, "backup-mx-restore.service"),
  unit(__dirname, "backup-mx@.target"),
];
