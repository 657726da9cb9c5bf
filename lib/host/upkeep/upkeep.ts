import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import type { HostPart } from "../host-part";

/** How the host is kept up to date. */
export interface UpkeepProps {
  /**
   * The time of day, UTC, at which the host restarts when a security update needs it. Mail that
   * waits stays in the queue; senders try again. Give each of several backups a time of its own.
   *
   * @default "03:30"
   */
  readonly restartTime?: string | undefined;
}

/**
 * Security updates, and a journal that fills no disk.
 *
 * @throws if the time cannot be used
 */
export function upkeepPart({ restartTime = "03:30" }: UpkeepProps): HostPart {
  if (!isDeferred(restartTime) && !/^([01][0-9]|2[0-3]):[0-5][0-9]$/.test(restartTime)) {
    throw badInput(
      "restartTime",
      restartTime,
      'is not a time of day; give hours and minutes in UTC, such as "03:30"',
    );
  }
  return {
    files: [
      {
        path: "/etc/apt/apt.conf.d/60backup-mx",
        content: `\
// Security updates every day, a restart only when one needs it.
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "${restartTime}";
`,
      },
      {
        // The logs cannot fill the root volume, and every line is kept that Postfix writes when ten
        // thousand mails go out in half a minute: by default a service loses what is more than 32,500.
        path: "/etc/systemd/journald.conf.d/backup-mx.conf",
        content: "[Journal]\nSystemMaxUse=1G\nRateLimitBurst=100000\n",
      },
    ],
    packages: ["unattended-upgrades"],
  };
}
