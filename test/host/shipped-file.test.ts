import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { shippedFile } from "../../lib/host/shipped-file";
import { execute } from "../lab/execution";
import { describeWith, program } from "../support/requirements";

const FOLDER = resolve(__dirname, "../../lib/host/files");
const inLanguage = (firstLine: RegExp) =>
  readdirSync(FOLDER).filter((name) => firstLine.test(readFileSync(join(FOLDER, name), "utf8")));

/** The syntax tree of a program that it is given, without docstrings. */
const TREE = `
import ast, sys
tree = ast.parse(sys.stdin.read())
for node in ast.walk(tree):
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
        if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
            del body[0]
print(ast.dump(tree))
`;

describeWith([program("python3", "python3")], "a Python program on its way to the host", () => {
  test.each(inLanguage(/^#!\/usr\/bin\/python3\n/))("%s does what it did", async (name) => {
    const tree = (input: string) => execute(["python3", "-c", TREE], { input });
    const here = await tree(readFileSync(join(FOLDER, name), "utf8"));
    expect(here.exitCode).toBe(0);
    expect(await tree(shippedFile(name))).toEqual(here);
  });
});

test("what explains a program stays here, but for what it tells its users", () => {
  expect(shippedFile("backup-mx-watch")).not.toContain('"""');
  expect(shippedFile("backup-mx-watch")).not.toMatch(/^ *#(?!!)/m);
  expect(shippedFile("backup-mx").match(/"""/g)).toHaveLength(2);
  expect(shippedFile("backup-mx")).toContain("usage: backup-mx");
});
