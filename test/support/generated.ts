import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOCS = join(__dirname, "../../docs");

/**
 * The part of a page of the docs between `<!-- name -->` and `<!-- end of name -->`, which a test
 * generates. With `UPDATE_DOCS=1` it is replaced by what the test found.
 *
 * @param page its name, such as `outage.md`
 */
export function docsPart(page: string, name: string, found: string): string {
  const path = join(DOCS, page);
  const text = readFileSync(path, "utf8");
  const marks = new RegExp(`(<!-- ${name} -->\n)([^]*?)(<!-- end of ${name} -->\n)`);
  const part = marks.exec(text);
  if (part === null) {
    throw new Error(`${page} has no part between <!-- ${name} --> and <!-- end of ${name} -->`);
  }
  if (process.env.UPDATE_DOCS !== "1") {
    return part[2];
  }
  writeFileSync(
    path,
    text.replace(marks, (_, begin, __, end) => begin + found + end),
  );
  return found;
}
