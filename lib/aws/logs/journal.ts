import { program } from "../../host/host-file";
import type { HostPart } from "../../host/host-part";
import { AWS_REQUEST } from "../request/aws-request";

/** Where a host sends its journal. */
export interface LogsDestination {
  readonly group: string;
  readonly stream: string;
}

/** Sends what is new in the journal every minute. */
export function journalPart({ group, stream }: LogsDestination): HostPart {
  return {
    files: [
      AWS_REQUEST,
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
      program(__dirname, "backup-mx-logs"),
    ],
  };
}
