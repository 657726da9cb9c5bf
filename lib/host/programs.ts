import { createHash } from "node:crypto";
import type { HostFile } from "./host-file";

/** All programs of a host in one text, and its checksum, by which the host knows it. */
export interface Programs {
  readonly text: string;
  readonly sha256: string;
}

/**
 * One archive of files: JSON, by path, line by line. Sorted, so that it is always the same.
 *
 * @throws if a file does not end with its last line, or two have one path
 */
export function programs(files: readonly HostFile[]): Programs {
  const paths = files.map(({ path }) => path);
  const twice = paths.find((path, index) => paths.indexOf(path) < index);
  if (twice !== undefined) {
    throw new Error(`${twice} is there twice`);
  }
  const entries = [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, content, isProgram }) => {
      if (!content.endsWith("\n")) {
        throw new Error(`${path} has a last line without an end`);
      }
      return [path, { mode: isProgram ? "0755" : "0644", lines: content.slice(0, -1).split("\n") }];
    });
  const text = `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`;
  return { text, sha256: createHash("sha256").update(text).digest("hex") };
}
