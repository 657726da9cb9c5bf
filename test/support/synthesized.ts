import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { SynthesizedStack } from "../../lab/aws/deployed-stack";
import { succeed } from "../../lab/process/execution";

export {
  archivedFiles,
  type DeployedHost,
  deployedHost,
  deployedText,
  QUEUE_DEVICE,
  QUEUE_VOLUME,
  readConfiguration,
  type SynthesizedStack,
  type WrittenFile,
  writtenFiles,
} from "../../lab/aws/deployed-stack";

const REPOSITORY = resolve(__dirname, "../..");

/** The examples, by the names of their folders. */
export const EXAMPLES = readdirSync(join(REPOSITORY, "examples")).filter((example) =>
  existsSync(join(REPOSITORY, "examples", example, "main.ts")),
);

/**
 * Synthesizes an example into a folder, the way its user does it, and returns the `cdk.tf.json` of
 * its stacks, by name.
 */
export async function synthesizeExampleInto(
  outdir: string,
  example: string,
): Promise<{ readonly [stack: string]: string }> {
  await succeed(
    [join(REPOSITORY, "node_modules/.bin/tsx"), join(REPOSITORY, "examples", example, "main.ts")],
    { env: { CDKTF_OUTDIR: outdir } },
  );
  const stacks = readdirSync(join(outdir, "stacks"));
  return Object.fromEntries(
    stacks.map((stack) => [stack, join(outdir, "stacks", stack, "cdk.tf.json")]),
  );
}

/** Synthesizes an example, and returns its stacks by name. */
export async function synthesizeExample(
  example: string,
): Promise<{ readonly [stack: string]: SynthesizedStack }> {
  const outdir = mkdtempSync(join(tmpdir(), "synthesized-"));
  try {
    const stacks = await synthesizeExampleInto(outdir, example);
    return Object.fromEntries(
      Object.entries(stacks).map(([stack, file]) => [
        stack,
        JSON.parse(readFileSync(file, "utf8")),
      ]),
    );
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
