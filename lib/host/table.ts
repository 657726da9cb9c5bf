import { createHash } from "node:crypto";
import { withoutDeferred } from "../input/deferred-value";

/** The lines of a table, in groups by the beginning of a checksum. */
export interface Table {
  readonly [group: string]: readonly string[];
}

/**
 * A table of the configuration, divided. Terraform compares lists line by line, each with each: of
 * ten thousand lines that takes two gigabytes, of groups of some forty lines nearly nothing. In which
 * group a line is follows from its first word.
 */
export function table(lines: readonly string[]): Table {
  const groups: { [group: string]: string[] } = {};
  for (const line of lines) {
    const [key] = withoutDeferred(line).split(" ", 1);
    const group = createHash("sha256").update(key).digest("hex").slice(0, 2);
    groups[group] ??= [];
    groups[group].push(line);
  }
  return groups;
}
