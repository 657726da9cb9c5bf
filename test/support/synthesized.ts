import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "../../lab/process/execution";

const REPOSITORY = resolve(__dirname, "../..");

/** The examples, by the names of their folders. */
export const EXAMPLES = readdirSync(join(REPOSITORY, "examples")).filter((example) =>
  existsSync(join(REPOSITORY, "examples", example, "main.ts")),
);

/** The id of the queue volume in deployed user data. */
export const QUEUE_VOLUME = "vol-0123456789abcdef0";

/** Where an instance finds this volume. */
export const QUEUE_DEVICE = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0";

/** Where deployed user data find a list of recipients from files. */
export const BUCKET = "backup-mx-20261101120000123400000001.s3.eu-central-1.amazonaws.com";

/** A stack as it was synthesized. */
export interface SynthesizedStack {
  readonly terraform: { readonly backend: { readonly [type: string]: { readonly path?: string } } };
  // biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
  readonly resource: { readonly [type: string]: { readonly [name: string]: any } };
  readonly locals: { readonly [name: string]: string };
}

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

/**
 * The user data of a stack as the instance receives it: what Terraform does to the text is done,
 * and the references to the public address, the queue volume and the bucket are replaced by their values.
 */
export function deployedUserData(stack: SynthesizedStack, publicAddress: string): string {
  const [text] = Object.values(stack.locals);
  return text
    .replace(/(?<!\$)\$\{aws_eip\.\w+\.public_ip\}/g, publicAddress)
    .replace(/(?<!\$)\$\{aws_ebs_volume\.\w+\.id\}/g, QUEUE_VOLUME)
    .replace(/(?<!\$)\$\{aws_s3_bucket\.\w+\.bucket_regional_domain_name\}/g, BUCKET)
    .replace(/(?<!\$)\$\{aws_s3_object\.\w+\.key\}/g, "recipients")
    .replace(/[$%](?=[$%]\{)/g, "");
}
