import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A file that goes to the host as it lies in `files/`, but for its comments: they are for those
 * who read it here, and a fifth of all user data. So Python has comments instead of docstrings.
 */
export function shippedFile(name: string): string {
  return withoutComments(readFileSync(join(__dirname, "files", name), "utf8"));
}

/** The text without the lines that are a comment. */
export function withoutComments(text: string): string {
  return text.replace(/^[ \t]*#(?!!).*\n/gm, "");
}
