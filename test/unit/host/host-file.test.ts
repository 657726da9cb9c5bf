import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { execute } from "../../../lab/process/execution";
import { program as shipped, withoutComments } from "../../../lib/host/host-file";
import { PYTHON, programs } from "../../support/programs";
import { describeWith, program } from "../../support/requirements";

const HOST = resolve(__dirname, "../../../lib/host");

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
  test.each(programs(PYTHON))("$name does what it did", async ({ path }) => {
    const tree = (input: string) => execute(["python3", "-c", TREE], { input });
    const text = readFileSync(path, "utf8");
    const here = await tree(text);
    expect(here.exitCode).toBe(0);
    expect(await tree(withoutComments(text))).toEqual(here);
  });
});

test("what explains a program stays here, but for what it tells its users", () => {
  const watch = shipped(`${HOST}/watch`, "backup-mx-watch").content;
  expect(watch).not.toContain('"""');
  expect(watch).not.toMatch(/^ *#(?!!)/m);
  const command = shipped(`${HOST}/command`, "backup-mx").content;
  expect(command.match(/"""/g)).toHaveLength(2);
  expect(command).toContain("usage: backup-mx");
});
