import type { MachineFile } from "../machine/machine";

/** The file that every virus scanner finds, and that harms nobody. */
export const EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

const FOLDER = "/var/lib/lab-signatures";

/**
 * One signature in place of the millions of ClamAV's databases, which the lab cannot download. What
 * is not signed by ClamAV it loads from another folder alone.
 */
export const SIGNATURES: Readonly<Record<string, MachineFile>> = {
  [`${FOLDER}/lab.ndb`]: { content: `Eicar:0:*:${Buffer.from(EICAR).toString("hex")}\n` },
  // The host waits for their names.
  "/var/lib/clamav/main.cld": { content: "" },
  "/var/lib/clamav/daily.cld": { content: "" },
  "/etc/systemd/system/clamav-daemon.service.d/zzz-lab.conf": {
    content: `[Service]
BindReadOnlyPaths=${FOLDER}
ExecStart=
ExecStart=/usr/sbin/clamd --foreground=true --config-file=/etc/clamav/backup-mx.conf --datadir=${FOLDER}
`,
  },
};
