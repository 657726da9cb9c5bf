import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execute } from "../../lab/process/execution";

const REPOSITORY = resolve(__dirname, "../..");

test("the API reference names all that is public, and every name of it is explained", async () => {
  const folder = mkdtempSync(join(tmpdir(), "api-reference-"));
  try {
    const typedoc = join(REPOSITORY, "node_modules/.bin/typedoc");
    const { stdout, stderr, exitCode } = await execute([typedoc, "--out", folder], {
      cwd: REPOSITORY,
    });
    expect((stdout + stderr).match(/.*(warning|error)\b.*/g)).toBeNull();
    expect(exitCode).toBe(0);
    expect(existsSync(join(folder, "classes/BackupMx.html"))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
