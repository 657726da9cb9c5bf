import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "../../lab/process/execution";
import { EXAMPLES, synthesizeExample } from "../support/synthesized";

const REPOSITORY = resolve(__dirname, "../..");

/** Without what CDK for Terraform notes for itself, and without user data, which has its tests. */
const outline = (stacks: object) =>
  JSON.parse(
    JSON.stringify(stacks, (key, value) => {
      if (key === "//") {
        return undefined;
      }
      return typeof value === "string" && value.startsWith("#cloud-config") ? "user data" : value;
    }),
  );

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
);

test.each(["complete", "nodes", "own-dns"])("the example %s is", async (example) => {
  expect(outline(await synthesizeExample(example))).toMatchSnapshot();
});

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
});
