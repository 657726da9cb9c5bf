import type { HostFile } from "../../host/host-file";
import { shippedFile } from "../../host/shipped-file";

/** Where a host sends its journal. */
export interface LogsDestination {
  readonly group: string;
  readonly stream: string;
}

/** The files by which a host sends what is new in its journal every minute. */
export function logsFiles({ group, stream }: LogsDestination): HostFile[] {
  return [
    {
      path: "/etc/systemd/system/backup-mx-logs.service",
      content: `\
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/backup-mx-logs ${group} ${stream}
TimeoutStartSec=300
`,
    },
    {
      path: "/etc/systemd/system/backup-mx-logs.timer",
      content: "[Timer]\nOnCalendar=minutely\n[Install]\nWantedBy=timers.target\n",
    },
    {
      path: "/usr/local/sbin/backup-mx-logs",
      content: shippedFile(__dirname, "backup-mx-logs"),
      isProgram: true,
    },
  ];
}
