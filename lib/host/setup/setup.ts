import { program } from "../host-file";
import type { HostPart } from "../host-part";

/** The one program that cloud-init runs. */
export const SETUP = program(__dirname, "backup-mx-setup");

/**
 * The program that makes a mail host of a fresh Debian.
 *
 * @param hostname the name of the host
 * @param selfTestDomain a relay domain, by which the host tests itself
 * @param parts all other parts of the host
 */
export function setupPart(
  hostname: string,
  selfTestDomain: string,
  parts: readonly HostPart[],
): HostPart {
  const packages = ["ca-certificates", "curl", ...parts.flatMap((part) => part.packages ?? [])];
  const variables = {
    MAIL_HOSTNAME: hostname,
    A_RELAY_DOMAIN: selfTestDomain,
    PACKAGES: packages.join(" "),
    ...Object.assign({}, ...parts.map((part) => part.environment)),
  };
  return {
    files: [
      {
        path: "/etc/backup-mx/setup.env",
        // No value can hold a quote: each was checked when the props were read.
        content: Object.entries(variables)
          .map(([name, value]) => `${name}='${value}'\n`)
          .join(""),
      },
      SETUP,
    ],
  };
}
