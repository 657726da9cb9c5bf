import { program } from "../../host/host-file";
import type { HostPart } from "../../host/host-part";
import { AWS_REQUEST } from "../request/aws-request";

/**
 * Where AWS takes mail for its customers by port 25, at a public address.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/ses.html, "Email receiving endpoints"
 */
const A_PUBLIC_MAIL_SERVER = "inbound-smtp.us-east-1.amazonaws.com/25";

/** What a host must know to send its figures. */
export interface FiguresProps {
  /** Whether mail leaves by port 25 to public addresses, which AWS may block. */
  readonly usesPort25: boolean;
}

/** Sends what `backup-mx` tells of the host, every five minutes. */
export function figuresPart({ usesPort25 }: FiguresProps): HostPart {
  return {
    files: [
      AWS_REQUEST,
      {
        path: "/etc/backup-mx/figures.env",
        content: `PORT25='${usesPort25 ? A_PUBLIC_MAIL_SERVER : ""}'\n`,
      },
      { path: "/etc/systemd/system/backup-mx-metrics.service", content: SERVICE },
      { path: "/etc/systemd/system/backup-mx-metrics.timer", content: TIMER },
      program(__dirname, "backup-mx-figures"),
      program(__dirname, "backup-mx-metrics"),
    ],
  };
}

const SERVICE = `\
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/backup-mx-metrics
TimeoutStartSec=120
`;

const TIMER = `\
[Timer]
OnCalendar=*:0/5
[Install]
WantedBy=timers.target
`;
