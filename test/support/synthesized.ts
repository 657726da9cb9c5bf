import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { SynthesizedStack } from "../../lab/aws/deployed-stack";
import { succeed } from "../../lab/process/execution";

export {
  BUCKET,
  deployedUserData,
  QUEUE_DEVICE,
  QUEUE_VOLUME,
  type SynthesizedStack,
} from "../../lab/aws/deployed-stack";

const REPOSITORY = resolve(__dirname, "../..");

/** Synthesizes an example the way its user does, and returns its stacks by name. */
export async function synthesizeExample(
  example: string,
): Promise<{ readonly [stack: string]: SynthesizedStack }> {
  const outdir = mkdtempSync(join(tmpdir(), "synthesized-"));
  try {
    await succeed(
      [join(REPOSITORY, "node_modules/.bin/tsx"), join(REPOSITORY, "examples", example, "main.ts")],
      { env: { CDKTF_OUTDIR: outdir } },
    );
    const stacks = readdirSync(join(outdir, "stacks"));
    return Object.fromEntries(
      stacks.map((stack) => [
        stack,
        JSON.parse(readFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), "utf8")),
      ]),
    );
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
