import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const README = join(__dirname, "../../README.md");

/**
 * The part of the README between `<!-- name -->` and `<!-- end of name -->`, which a test
 * generates. With `UPDATE_README=1` it is replaced by what the test found.
 */
export function readmePart(name: string, found: string): string {
  const text = readFileSync(README, "utf8");
  const marks = new RegExp(`(<!-- ${name} -->\n)([^]*?)(<!-- end of ${name} -->\n)`);
  const part = marks.exec(text);
  if (part === null) {
    throw new Error(`README.md has no part between <!-- ${name} --> and <!-- end of ${name} -->`);
  }
  if (process.env.UPDATE_README !== "1") {
    return part[2];
  }
  writeFileSync(
    README,
    text.replace(marks, (_, begin, __, end) => begin + found + end),
  );
  return found;
}
