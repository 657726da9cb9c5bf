import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { execute } from "../lab/execution";
import { describeWith, program } from "../support/requirements";

const FOLDER = resolve(__dirname, "../../lib/host/files");
const programs = readdirSync(FOLDER).filter((name) =>
  readFileSync(join(FOLDER, name), "utf8").startsWith("#!"),
);

describeWith([program("shellcheck", "shellcheck")], "shellcheck", () => {
  test("finds the setup program among the files of the host", () => {
    expect(programs).toContain("backup-mx-setup");
  });

  test.each(programs)("has no complaint about %s", async (name) => {
    const args = ["--severity=style", "--color=never", join(FOLDER, name)];
    expect(await execute(["shellcheck", ...args])).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });
});
