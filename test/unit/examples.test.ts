import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "../../lab/process/execution";
import { outline } from "../support/outline";
import { EXAMPLES, type SynthesizedStack, synthesizeExample } from "../support/synthesized";

const REPOSITORY = resolve(__dirname, "../..");

/** Without the configurations of the hosts, which have their tests. */
const withoutConfigurations = (stacks: { readonly [stack: string]: SynthesizedStack }) =>
  Object.fromEntries(
    Object.entries(stacks).map(([name, stack]) => [
      name,
      { ...stack, locals: Object.keys(stack.locals) },
    ]),
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
  expect(outline(withoutConfigurations(await synthesizeExample(example)))).toMatchSnapshot();
});

test("npm run synth shows the warnings of an example, and how large it is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "synth-"));
  try {
    const shown = await succeed(
      [join(REPOSITORY, "node_modules/.bin/tsx"), join(REPOSITORY, "examples/synth.ts")],
      { cwd: folder },
    );
    expect(shown).toContain(
      "warn: backup-mx/Mx2: mail for example.com cannot be delivered while AWS blocks outbound port 25",
    );
    expect(shown).toMatch(/^ +2 aws_s3_object$/m);
    expect(shown).toMatch(/^ +user data: \d{4} bytes of 16384\n +configuration: \d+ bytes$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
