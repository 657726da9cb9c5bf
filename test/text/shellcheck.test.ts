import { readFileSync } from "node:fs";
import { execute } from "../../lab/process/execution";
import { withoutComments } from "../../lib/host/host-file";
import { PYTHON, programs, SHELL } from "../support/programs";
import { describeWith, program } from "../support/requirements";

describeWith([program("shellcheck", "shellcheck")], "shellcheck", () => {
  test("finds the setup program among the files of the host", () => {
    expect(programs(SHELL).map(({ name }) => name)).toContain("backup-mx-setup");
  });

  test.each(programs(SHELL))("has no complaint about $name", async ({ path }) => {
    const args = ["--severity=style", "--color=never", path];
    expect(await execute(["shellcheck", ...args])).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });
});

describeWith([program("python3", "python3")], "Python", () => {
  // As they are on the host, without comments and docstrings.
  test.each(programs(PYTHON))("can read $name", async ({ path }) => {
    const args = ["-W", "error", "-c", "import ast, sys; ast.parse(sys.stdin.read())"];
    expect(
      await execute(["python3", ...args], { input: withoutComments(readFileSync(path, "utf8")) }),
    ).toEqual({
      stdout: "",
      stderr: "",
      exitCode: 0,
    });
  });
});
