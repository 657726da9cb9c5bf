import { cloudConfig } from "./cloud-config";
import { type HostFile, withoutComments } from "./host-file";
import type { HostPart } from "./host-part";
import { SETUP } from "./setup/setup";

/**
 * The user data of a mail host: the files of its parts, and the program that makes a mail host of
 * them.
 *
 * @param hostname the fully qualified name of the host
 * @param parts all that it consists of, the set-up included
 * @param isCommented whether its settings are explained by comments
 */
export function mailHostUserData(
  hostname: string,
  parts: readonly HostPart[],
  isCommented: boolean,
): string {
  const files = parts.flatMap((part) => part.files ?? []);
  // What several parts need is there once. Compression finds what is alike within the 32 KiB before.
  const sorted = [...new Map(files.map((file) => [file.path, file])).values()].sort((a, b) =>
    compare(kind(a), kind(b)),
  );
  return cloudConfig({
    fqdn: hostname,
    files: isCommented
      ? sorted
      : sorted.map((file) => ({ ...file, content: withoutComments(file.content) })),
    program: SETUP.path,
  });
}

/** Settings are of one kind, programs of that of their interpreter. */
function kind({ content, isProgram }: HostFile): string {
  return isProgram ? content.slice(0, content.indexOf("\n")) : "";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
