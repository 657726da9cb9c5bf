import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "../../lab/process/execution";

const REPOSITORY = resolve(__dirname, "../..");

describe("the test in docs/testing-your-stack.md", () => {
  let project: string;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), "stack-"));
    const page = readFileSync(join(REPOSITORY, "docs/testing-your-stack.md"), "utf8");
    const [, program] = /^```ts\n(import [\s\S]*?)^```$/m.exec(page) ?? [];
    const [, config] = /^```js\n([\s\S]*?)^```$/m.exec(page) ?? [];
    writeFileSync(join(project, "stack.test.ts"), program);
    // As in the page; the package itself is the one that is being written.
    writeFileSync(
      join(project, "jest.config.js"),
      `${config}module.exports.moduleNameMapper = {
        "^cdktf-backup-mx$": ${JSON.stringify(join(REPOSITORY, "lib/index.ts"))} };\n`,
    );
    symlinkSync(join(REPOSITORY, "node_modules"), join(project, "node_modules"));
  });

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const jest = (...options: string[]) =>
    succeed([process.execPath, "node_modules/jest/bin/jest.js", ...options], { cwd: project });

  test("passes, and its snapshot has one line for each line of what is deployed", async () => {
    await jest("--ci=false");
    await jest("--ci");
    const snapshot = readFileSync(join(project, "__snapshots__/stack.test.ts.snap"), "utf8");
    expect(snapshot).toMatch(/"#cloud-config$/m);
    expect(snapshot).toMatch(/^ +"myhostname = mx2\.example\.com",$/m);
    // Without the programs.
    expect(snapshot).toMatch(/^ +"mx2_example_com_Store_ProgramText": "programs",$/m);
    expect(snapshot.split("\n").length).toBeLessThan(1000);
    expect(snapshot).toMatch(/^ +"20 mx2\.example\.com",$/m);
  });

  test("fails when another host would be deployed", async () => {
    const file = join(project, "stack.test.ts");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("mx2.example", "mx3.example"));
    await expect(jest("--ci")).rejects.toThrow(/1 snapshot failed/);
  });
});
