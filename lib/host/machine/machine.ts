import { type HostFile, pythonModule } from "../host-file";

/** What all programs share. */
export const MACHINE_FILES: readonly HostFile[] = [pythonModule(__dirname, "host")];
