import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { shippedFile } from "../../lib/host/shipped-file";
import { execute } from "../lab/execution";
import { describeWith, program } from "../support/requirements";

const FOLDER = resolve(__dirname, "../../lib/host/files");
const inLanguage = (firstLine: RegExp) =>
  readdirSync(FOLDER).filter((name) => firstLine.test(readFileSync(join(FOLDER, name), "utf8")));
const programs = inLanguage(/^#!\/bin\/(ba)?sh\n/);

describeWith([program("shellcheck", "shellcheck")], "shellcheck", () => {
  test("finds the setup program among the files of the host", () => {
    expect(programs).toContain("backup-mx-setup");
  });

  test.each(programs)("has no complaint about %s", async (name) => {
    const args = ["--severity=style", "--color=never", join(FOLDER, name)];
    expect(await execute(["shellcheck", ...args])).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });
});

describeWith([program("python3", "python3")], "Python", () => {
  // As they are on the host, without comments and docstrings.
  test.each(inLanguage(/^#!\/usr\/bin\/python3\n/))("can read %s", async (name) => {
    const args = ["-W", "error", "-c", "import ast, sys; ast.parse(sys.stdin.read())"];
    expect(await execute(["python3", ...args], { input: shippedFile(name) })).toEqual({
      stdout: "",
      stderr: "",
      exitCode: 0,
    });
  });
});
