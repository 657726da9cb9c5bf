import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A file that goes to the host as it lies in `files/`, but for its comments: they are for those
 * who read it here, and a fifth of all user data. A Python program loses its docstrings as well,
 * unless it shows the first of them to its users.
 */
export function shippedFile(name: string): string {
  const text = readFileSync(join(__dirname, "files", name), "utf8").replace(
    /^[ \t]*#(?!!).*\n/gm,
    "",
  );
  const isUsage = (index: number) =>
    text.includes("__doc__") && !text.slice(0, index).includes('"""');
  return text.startsWith("#!/usr/bin/python3\n")
    ? text.replace(/^[ \t]*""".*?"""\n/gms, (doc, index) => (isUsage(index) ? doc : ""))
    : text;
}
