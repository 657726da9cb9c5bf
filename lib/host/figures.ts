import type { MailDomain } from "../mail/mail-domain";
import type { HostFile } from "./host-file";
import { shippedFile } from "./shipped-file";

/** What a host must know to measure itself. */
export interface FiguresProps {
  readonly hostname: string;
  readonly domains: readonly MailDomain[];
  /** Whether mail leaves by port 25 to public addresses, which AWS may block. */
  readonly usesPort25: boolean;
}

/** How many primaries are asked for a greeting; each is one connection every five minutes. */
const MOST_PRIMARIES = 20;

/**
 * Where AWS takes mail for its customers by port 25, at a public address.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/ses.html, "Email receiving endpoints"
 */
const A_PUBLIC_MAIL_SERVER = "inbound-smtp.us-east-1.amazonaws.com/25";

/** The files by which a host measures itself every five minutes and sends what it found. */
export function figuresFiles({ hostname, domains, usesPort25 }: FiguresProps): HostFile[] {
  const primaries = domains.flatMap((domain) =>
    domain.primaries.map((primary) => `${primary.address ?? primary.hostname}/${primary.port}`),
  );
  const variables = {
    MAIL_HOSTNAME: hostname,
    PRIMARIES: [...new Set(primaries)].sort().slice(0, MOST_PRIMARIES).join(" "),
    PORT25: usesPort25 ? A_PUBLIC_MAIL_SERVER : "",
  };
  return [
    {
      path: "/etc/backup-mx/figures.env",
      content: Object.entries(variables)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(""),
    },
    { path: "/etc/systemd/system/backup-mx-metrics.service", content: SERVICE },
    { path: "/etc/systemd/system/backup-mx-metrics.timer", content: TIMER },
    ...["backup-mx-figures", "backup-mx-metrics"].map((name) => ({
      path: `/usr/local/sbin/${name}`,
      content: shippedFile(name),
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
