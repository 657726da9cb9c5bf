import { fixedFile, type HostFile } from "../../host/host-file";

/** The clock of the host follows the time service of AWS, which passes no firewall. */
export const CLOCK_FILES: readonly HostFile[] = [
  fixedFile(__dirname, "/etc/chrony/sources.d/amazon.sources"),
];
