import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "../../lab/process/execution";
import { EXAMPLES, synthesizeExample } from "../support/synthesized";

const REPOSITORY = resolve(__dirname, "../..");

test.each(EXAMPLES)(
  "the example %s keeps its state where no synthesis deletes it",
  async (example) => {
    for (const [name, stack] of Object.entries(await synthesizeExample(example))) {
      const [[type, { path }]] = Object.entries(stack.terraform.backend);
      // Terraform works in cdktf.out/stacks/<stack>.
      expect([type, path]).toEqual(
        type === "s3" ? ["s3", undefined] : ["local", `../../../terraform.${name}.tfstate`],
      );
    }
  },
  60_000,
);

test("npm run synth shows the warnings of an example", async () => {
  const folder = mkdtempSync(join(tmpdir(), "synth-"));
  try {
    const shown = await succeed(
      [join(REPOSITORY, "node_modules/.bin/tsx"), join(REPOSITORY, "examples/synth.ts")],
      { cwd: folder },
    );
    expect(shown).toContain(
      "warn: backup-mx/Mx2: mail for example.com cannot be delivered while AWS blocks outbound port 25",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
