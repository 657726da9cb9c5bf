/**
 * The file in which the programs on a host find what the props say. Where it lies, and what its
 * lines look like, the lab knows here alone.
 */
const FILE = "/etc/backup-mx/setup.env";

/** The command that changes on a running host how long mail waits for a scanner that is down. */
export function deliverUnscannedAfter(duration: string): string[] {
  return [
    ...["sed", "--in-place"],
    `s/^DELIVER_UNSCANNED_AFTER=.*/DELIVER_UNSCANNED_AFTER='${duration}'/`,
    FILE,
  ];
}
