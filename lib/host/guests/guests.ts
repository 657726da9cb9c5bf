import { fixedFile, type HostFile, program, unit } from "../host-file";

/** What all guests share: users, the wall around them, and how the judge has them restarted. */
export const GUESTS_FILES: readonly HostFile[] = [
  fixedFile(__dirname, "/etc/sysusers.d/backup-mx.conf"),
  program(__dirname, "backup-mx-guests"),
  unit(__dirname, "backup-mx-guests.service"),
  unit(__dirname, "backup-mx-guests.path"),
  unit(__dirname, "backup-mx-guests.timer"),
  program(__dirname, "backup-mx-restart"),
  unit(__dirname, "backup-mx-restart.socket"),
  unit(__dirname, "backup-mx-restart@.service"),
];

/** What makes a service a guest; what is its own, a file beside it adds. */
export function guest(service: string): HostFile {
  const { content } = fixedFile(__dirname, "guest.conf");
  return { path: `/etc/systemd/system/${service}.d/backup-mx-guest.conf`, content };
}
