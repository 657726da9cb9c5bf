import type { Scanner } from "../../mail/scanner/scanner";
import { guest } from "../guests/guests";
import { dropIn, fixedFile, type HostFile, partModule } from "../host-file";
import { type HostPart, NOTHING } from "../host-part";

const SERVICE = "clamav-daemon.service";
/** Behind the file that Debian writes there, `extend.conf`. */
const LAST: HostFile = {
  ...dropIn(__dirname, SERVICE),
  path: `/etc/systemd/system/${SERVICE}.d/zz-backup-mx.conf`,
};

export const CLAMAV_FILES: readonly HostFile[] = [
  guest(SERVICE),
  LAST,
  dropIn(__dirname, "clamav-daemon.socket"),
  dropIn(__dirname, "clamav-freshclam.service"),
  fixedFile(__dirname, "/etc/clamav/backup-mx.conf"),
  partModule(__dirname, "clamav"),
];

/** ClamAV of Debian, which the judge asks about viruses, whatever the scanner. */
export function clamAvPart(scanner: Scanner): HostPart {
  const { clamAv } = scanner;
  return clamAv ? { parts: ["clamav"], configuration: { clamav: {} } } : NOTHING;
}
