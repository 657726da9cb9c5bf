import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A file that goes to the host as it lies beside the module that ships it, but for its comments:
 * they are for those who read it here, and a fifth of all user data. So Python has comments
 * instead of docstrings.
 *
 * @param folder the `__dirname` of that module
 */
export function shippedFile(folder: string, name: string): string {
  return withoutComments(readFileSync(join(folder, name), "utf8"));
}

/** The text without the lines that are a comment. */
export function withoutComments(text: string): string {
  return text.replace(/^[ \t]*#(?!!).*\n/gm, "");
}
