/**
 * The file in which the programs on a host find what the props say. Where it lies, and what its
 * lines look like, the lab knows here alone.
 */
const FILE = "/etc/backup-mx/setup.env";

/** As much of it as the program needs that mounts the disk of the queue. */
export function queueConfiguration(hostname: string, volume: string): Record<string, string> {
  return { [FILE]: `MAIL_HOSTNAME='${hostname}'\nQUEUE_VOLUME='${volume}'\n` };
}

/** The command that changes on a running host how long mail waits for a scanner that is down. */
export function deliverUnscannedAfter(duration: string): string[] {
  return [
    ...["sed", "--in-place"],
    `s/^DELIVER_UNSCANNED_AFTER=.*/DELIVER_UNSCANNED_AFTER='${duration}'/`,
    FILE,
  ];
}
