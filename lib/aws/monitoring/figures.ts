import type { HostFile } from "../../host/host-file";
import { shippedFile } from "../../host/shipped-file";

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

/** The files by which a host sends what `backup-mx` tells of it, every five minutes. */
export function figuresFiles({ usesPort25 }: FiguresProps): HostFile[] {
  return [
    {
      path: "/etc/backup-mx/figures.env",
      content: `PORT25='${usesPort25 ? A_PUBLIC_MAIL_SERVER : ""}'\n`,
    },
    { path: "/etc/systemd/system/backup-mx-metrics.service", content: SERVICE },
    { path: "/etc/systemd/system/backup-mx-metrics.timer", content: TIMER },
    ...["backup-mx-figures", "backup-mx-metrics"].map((name) => ({
      path: `/usr/local/sbin/${name}`,
      content: shippedFile(__dirname, name),
      isProgram: true,
    })),
  ];
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
