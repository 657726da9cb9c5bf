import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import ts from "typescript";

const TESTS = resolve(__dirname, "..");

/** The calls of `test` in a file: `test(…)`, `test.each(…)(…)` and `(condition ? test : test.skip)(…)`. */
function tests(file: string): ts.CallExpression[] {
  const text = readFileSync(file, "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^\(?[^"`(]*\btest\b/.test(node.expression.getText())) {
      if (node.arguments.some((argument) => ts.isFunctionLike(argument))) {
        found.push(node);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const FILES = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => join(TESTS, name));

test.each(FILES.map((file) => [relative(TESTS, file), file]))(
  "each test of %s expects something",
  (_, file) => {
    expect(tests(file)).not.toEqual([]);
    const empty = tests(file).filter(
      (call) => !call.arguments.some((argument) => /\bexpect\b/.test(argument.getText())),
    );
    expect(empty.map((call) => call.arguments[0].getText())).toEqual([]);
  },
);
