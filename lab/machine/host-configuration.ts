/**
 * The file in which the programs on a host find what the props say. Where it lies, and what is in
 * it, the lab knows here alone.
 */
const FILE = "/etc/backup-mx/host.json";

/** The command that changes on a running host how long mail waits for a scanner that is down. */
export function deliverUnscannedAfter(duration: string): string[] {
  return ["sed", "--in-place", `s/\\("deliverUnscannedAfter": \\).*/\\1"${duration}"/`, FILE];
}
