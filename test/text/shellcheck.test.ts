import { readFileSync } from "node:fs";
import { execute } from "../../lab/process/execution";
import { PYTHON, programs, pythonModules, SHELL } from "../support/programs";
import { describeWith, program } from "../support/requirements";

describeWith([program("shellcheck", "shellcheck")], "shellcheck", () => {
  test.each(programs(SHELL))("has no complaint about $name", async ({ path }) => {
    const args = ["--severity=style", "--color=never", path];
    expect(await execute(["shellcheck", ...args])).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });

  test("finds every program that is not Python", () => {
    expect(programs(/^#!/)).toHaveLength(programs(SHELL).length + programs(PYTHON).length);
  });
});

describeWith([program("python3", "python3")], "Python", () => {
  test("finds the set-up among the programs, and what reads them among the modules", () => {
    expect(programs(PYTHON).map(({ name }) => name)).toContain("backup-mx-setup");
    expect(pythonModules().map(({ name }) => name)).toEqual(
      expect.arrayContaining(["boot.py", "host.py", "store.py"]),
    );
  });

  test.each([...programs(PYTHON), ...pythonModules()])("can read $name", async ({ path }) => {
    const args = ["-W", "error", "-c", "import ast, sys; ast.parse(sys.stdin.read())"];
    expect(await execute(["python3", ...args], { input: readFileSync(path, "utf8") })).toEqual({
      stdout: "",
      stderr: "",
      exitCode: 0,
    });
  });
});
