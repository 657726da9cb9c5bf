import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A file that goes to the host as it lies in `files/`, but for its comments: they are for those
 * who read it here, and a fifth of all user data. Of Python's docstrings those stay that the program
 * prints as its usage.
 */
export function shippedFile(name: string): string {
  const text = readFileSync(join(__dirname, "files", name), "utf8")
    .replace(/^[ \t]*#(?!!).*\n/gm, "")
    .replace(/^[ \t]+"""[\s\S]+?"""\n/gm, "");
  return text.includes("__doc__") ? text : text.replace(/^(#!.*\n)"""[\s\S]+?"""\n/, "$1");
}
