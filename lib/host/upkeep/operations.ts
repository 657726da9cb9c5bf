import { join } from "node:path";
import { SessionManager } from "../../aws/session-manager/session-manager";
import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import type { HostFile } from "../host-file";
import { shippedFile } from "../shipped-file";

/** How the host is kept in order. */
export interface OperationsProps {
  /**
   * Whether people can log in, and how.
   *
   * @default SessionManager.none()
   */
  readonly sessionManager?: SessionManager;
  /**
   * The time of day, UTC, at which the host restarts when a security update needs it. Mail that
   * waits, waits on; senders try again. Give each of several backups a time of its own.
   *
   * @default "03:30"
   */
  readonly restartTime?: string;
}

/** The same, checked, with every default filled in. */
export interface Operations {
  readonly sessionManager: SessionManager;
  readonly restartTime: string;
}

/** What operations need of Debian. */
export const OPERATIONS_PACKAGES = ["chrony", "unattended-upgrades"];

/**
 * Reads the props.
 *
 * @throws if a value cannot be used
 */
export function operations(props: OperationsProps): Operations {
  const { sessionManager = SessionManager.none(), restartTime = "03:30" } = props;
  if (!isDeferred(restartTime) && !/^([01][0-9]|2[0-3]):[0-5][0-9]$/.test(restartTime)) {
    throw badInput(
      "restartTime",
      restartTime,
      'is not a time of day; give hours and minutes in UTC, such as "03:30"',
    );
  }
  return { sessionManager, restartTime };
}

/** The files by which the host is kept in order. */
export function operationsFiles({ sessionManager, restartTime }: Operations): HostFile[] {
  return [
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
      // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html: it passes no firewall.
      path: "/etc/chrony/sources.d/amazon.sources",
      content: "server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4\n",
    },
    {
      // The logs cannot fill the root volume, and every line is kept that Postfix writes when ten
      // thousand mails go out in half a minute: by default a service loses what is more than 32,500.
      path: "/etc/systemd/journald.conf.d/backup-mx.conf",
      content: "[Journal]\nSystemMaxUse=1G\nRateLimitBurst=100000\n",
    },
    ...(sessionManager.isInstalled ? [program("backup-mx-session-manager")] : []),
  ];
}

function program(name: string): HostFile {
  return {
    path: `/usr/local/sbin/${name}`,
    content: shippedFile(join(__dirname, "../../aws/session-manager"), name),
    isProgram: true,
  };
}
