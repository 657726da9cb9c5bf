import type { BackupMxProps } from "../../lib";
import { deployedUserData, synthesized, writtenFiles } from "../aws/deployed-stack";

/** What Postfix reads, what the programs beside it read, and these programs. */
const BESIDE_POSTFIX = /^\/(etc\/(postfix|backup-mx|unbound)|usr\/local\/sbin)\//;

/**
 * What a host has of the props, as far as it needs no systemd: the files by path. The one place
 * of the lab that knows how a host gets them.
 *
 * @param publicAddress the address under which the internet reaches the host
 */
export function renderedPolicy(
  props: BackupMxProps,
  publicAddress: string,
): Readonly<Record<string, string>> {
  const files = Object.entries(writtenFiles(deployedUserData(synthesized(props), publicAddress)));
  return Object.fromEntries(
    files
      .filter(([path]) => BESIDE_POSTFIX.test(path))
      .map(([path, { content }]) => [path, content]),
  );
}
