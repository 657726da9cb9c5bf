import { App, TerraformStack, Testing } from "cdktf";
import { parse } from "yaml";
import { BackupMx, type BackupMxProps } from "../../lib";

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

/** A stack with one backup, as Terraform is given it. */
export function synthesized(props: BackupMxProps): SynthesizedStack {
  const stack = new TerraformStack(new App(), "lab");
  new BackupMx(stack, "Mx2", props);
  return JSON.parse(Testing.synth(stack));
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
    .replace(
      /(?<!\$)\$\{replace\(aws_ebs_volume\.\w+\.id, "-", ""\)\}/g,
      QUEUE_VOLUME.replace("-", ""),
    )
    .replace(/(?<!\$)\$\{aws_s3_bucket\.\w+\.bucket_regional_domain_name\}/g, BUCKET)
    .replace(/(?<!\$)\$\{aws_s3_object\.\w+\.key\}/g, "recipients")
    .replace(/[$%](?=[$%]\{)/g, "");
}

/** A file as cloud-init writes it. */
export interface WrittenFile {
  readonly content: string;
  readonly permissions?: string;
}

/** The files of a `#cloud-config` document by path. */
export function writtenFiles(userData: string): { readonly [path: string]: WrittenFile } {
  const entries: ({ path: string } & WrittenFile)[] = parse(userData).write_files;
  return Object.fromEntries(entries.map(({ path, ...file }) => [path, file]));
}
