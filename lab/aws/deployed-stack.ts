import { App, TerraformStack, Testing } from "cdktf";
import { parse } from "yaml";
import { BackupMx, type BackupMxProps } from "../../lib";

/** The id of the queue volume in deployed user data. */
export const QUEUE_VOLUME = "vol-0123456789abcdef0";

/** Where an instance finds this volume. */
export const QUEUE_DEVICE = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0";

/** A stack as it was synthesized. */
export interface SynthesizedStack {
  readonly terraform: { readonly backend: { readonly [type: string]: { readonly path?: string } } };
  // biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
  readonly resource: { readonly [type: string]: { readonly [name: string]: any } };
  readonly locals: { readonly [name: string]: unknown };
}

/** A stack with one backup, as Terraform is given it. */
export function synthesized(props: BackupMxProps): SynthesizedStack {
  const stack = new TerraformStack(new App(), "lab");
  new BackupMx(stack, "Mx2", props);
  return JSON.parse(Testing.synth(stack));
}

/** What AWS has given the resources of a stack. */
export interface Deployment {
  /** The address under which the internet reaches the host. */
  readonly publicAddress: string;
  /** The host name of its bucket. */
  readonly bucket: string;
}

/** A host of a stack as it is deployed. */
export interface DeployedHost {
  /** What the instance is given. */
  readonly userData: string;
  /** What lies in the bucket, by key. */
  readonly objects: { readonly [key: string]: string };
}

/**
 * A host of a stack as it is deployed: what Terraform does to the texts is done, and references to
 * what AWS gives are replaced by it.
 *
 * @param index which of the hosts of the stack
 */
export function deployedHost(
  { resource, locals }: SynthesizedStack,
  { publicAddress, bucket }: Deployment,
  index = 0,
): DeployedHost {
  const { user_data } = Object.values(resource.aws_instance)[index];
  const [, store] = /\$\{aws_s3_bucket\.(\w+)\.bucket_regional_domain_name\}/.exec(user_data) ?? [];
  const values: readonly (readonly [RegExp, string])[] = [
    [/^aws_eip\.\w+\.public_ip$/, publicAddress],
    [/^aws_ebs_volume\.\w+\.id$/, QUEUE_VOLUME],
    [/^replace\(aws_ebs_volume\.\w+\.id, "-", ""\)$/, QUEUE_VOLUME.replace("-", "")],
    [/^aws_s3_bucket\.\w+\.bucket_regional_domain_name$/, bucket],
  ];
  const deployed = (text: string) =>
    deployedText(
      text,
      locals,
      (expression) => values.find(([pattern]) => pattern.test(expression))?.[1],
    );
  const objects = Object.values(resource.aws_s3_object).filter(
    (object) => object.bucket === `\${aws_s3_bucket.${store}.id}`,
  );
  return {
    userData: deployed(user_data),
    // A package is a file, and no text.
    objects: Object.fromEntries(
      objects.flatMap(({ key, content }) =>
        content === undefined ? [] : [[key, deployed(content)]],
      ),
    ),
  };
}

/**
 * A text as Terraform makes it of what was synthesized.
 *
 * @param locals the local values of the stack
 * @param known what AWS gives for an expression
 */
export function deployedText(
  text: string,
  locals: { readonly [name: string]: unknown },
  known: (expression: string) => string | undefined,
): string {
  const evaluated = (expression: string): string => {
    const [, dollars] = /^"(\$+)"$/.exec(expression) ?? [];
    const [, call, local = ""] = /^(jsonencode\(|join\("", )local\.(\w+)\)$/.exec(expression) ?? [];
    const made = (value: unknown) =>
      call === "jsonencode(" ? terraformJson(value) : (value as string[]).join("");
    const value = dollars ?? (local === "" ? known(expression) : made(deployed(locals[local])));
    // A test may ask where a variable goes.
    const variable = /^var\.\w+$/.test(expression) ? `\${${expression}}` : undefined;
    if (value === undefined && variable === undefined) {
      throw new Error(`the lab does not know ${expression}`);
    }
    return value ?? variable ?? "";
  };
  const deployed = (value: unknown): unknown => {
    if (typeof value === "string") {
      // In one go: what comes of an expression is no template any more.
      return value.replace(TEMPLATE, (special, expression) =>
        expression === undefined ? special.slice(1) : evaluated(expression),
      );
    }
    if (Array.isArray(value)) {
      return value.map(deployed);
    }
    return typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, of]) => [deployed(key), deployed(of)]))
      : value;
  };
  return `${deployed(text)}`;
}

/** What is special in a text of Terraform: `$${`, `%%{`, and an expression between `${` and `}`. */
const TEMPLATE = /(?:\$\$|%%)\{|\$\{((?:[^{}"]|"[^"]*")*)\}/g;

/** JSON as Terraform writes it: sorted, and with nothing that is special in HTML. */
function terraformJson(value: unknown): string {
  const sorted = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sorted)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, of]) => [key, sorted(of)]),
          )
        : value;
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A configuration as the programs of the host see it: tables, which come in groups, as lists. */
// biome-ignore lint/suspicious/noExplicitAny: each section is its part's
export function readConfiguration(text: string): any {
  return Object.fromEntries(
    Object.entries(JSON.parse(text)).map(([name, section]) => [
      name,
      isObject(section)
        ? Object.fromEntries(
            Object.entries(section).map(([key, value]) => [
              key,
              isTable(value) ? Object.values(value).flat().sort() : value,
            ]),
          )
        : section,
    ]),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTable(value: unknown): value is Readonly<Record<string, string[]>> {
  return (
    isObject(value) &&
    Object.entries(value).every(([key, of]) => /^[0-9a-f]{2}$/.test(key) && Array.isArray(of))
  );
}

/** The programs of an archive, as the host unpacks it. */
export function archivedFiles(archive: string): { readonly [path: string]: WrittenFile } {
  const files: [string, { mode: string; lines: string[] }][] = Object.entries(JSON.parse(archive));
  return Object.fromEntries(
    files.map(([path, { mode, lines }]) => [
      path,
      { content: lines.map((line) => `${line}\n`).join(""), permissions: mode },
    ]),
  );
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
