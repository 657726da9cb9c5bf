import { type HostFile, program, unit } from "../../host/host-file";
import type { HostPart } from "../../host/host-part";

/**
 * Where AWS takes mail for its customers by port 25, at a public address.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/ses.html, "Email receiving endpoints"
 */
const PORT_25_PROBE = "inbound-smtp.us-east-1.amazonaws.com/25";

/** What a host must know to send its figures. */
export interface FiguresProps {
  /** Whether mail leaves by port 25 to public addresses, which AWS may block. */
  readonly usesPort25: boolean;
}

export const MONITORING_FILES: readonly HostFile[] = [
  program(__dirname, "backup-mx-figures"),
  program(__dirname, "backup-mx-metrics"),
  unit(__dirname, "backup-mx-metrics.service"),
  unit(__dirname, "backup-mx-metrics.timer"),
];

/** Sends what `backup-mx` tells of the host, every five minutes. */
export function figuresPart({ usesPort25 }: FiguresProps): HostPart {
  return { configuration: { monitoring: { port25Probe: usesPort25 ? PORT_25_PROBE : "" } } };
}
