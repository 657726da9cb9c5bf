import { program } from "../host-file";
import type { HostPart, SetupSteps } from "../host-part";

/** The one program that cloud-init runs. */
export const SETUP = program(__dirname, "backup-mx-setup");

/** Where the programs of the host find what the props say. */
const CONFIGURATION = "/etc/backup-mx/host.json";

/**
 * The program that makes a mail host of a fresh Debian, and the configuration that it and all
 * programs read.
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
  const steps = (stage: keyof SetupSteps) => parts.flatMap((part) => part.steps?.[stage] ?? []);
  const configuration = {
    hostname,
    ...Object.assign({}, ...parts.map((part) => part.configuration)),
    setup: {
      selfTestDomain,
      packages: ["ca-certificates", "curl", ...parts.flatMap((part) => part.packages ?? [])],
      installed: steps("installed"),
      beforeMail: steps("beforeMail"),
      ready: steps("ready"),
    },
  };
  return {
    files: [
      { path: CONFIGURATION, content: `${JSON.stringify(configuration, null, 1)}\n` },
      program(__dirname, "backup-mx-setting"),
      program(__dirname, "backup-mx-retry"),
      SETUP,
    ],
  };
}
