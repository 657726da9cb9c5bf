import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly stacks: {
    readonly [name: string]: {
      readonly synthesizedStackPath: string;
      /** What the stack has to say, with a level such as `@cdktf/warn`. */
      readonly annotations: readonly {
        readonly constructPath: string;
        readonly level: string;
        readonly message: string;
      }[];
    };
  };
}

/** What of a synthesized stack is shown. */
interface Synthesized {
  readonly resource: {
    readonly aws_instance: { readonly [name: string]: { readonly user_data: string } };
    readonly [type: string]: { readonly [name: string]: object };
  };
  /** The programs and the configuration of each host. */
  readonly locals: { readonly [name: string]: object };
}

/** In bytes. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
const EC2_USER_DATA_LIMIT = 16384;

// Synthesizes an example, as CDK for Terraform's own command line would, and shows what came out.
const [example = "quickstart"] = process.argv.slice(2);
const outdir = "cdktf.out";
execFileSync(process.execPath, [...process.execArgv, join(__dirname, example, "main.ts")], {
  stdio: "inherit",
  env: { ...process.env, CDKTF_OUTDIR: outdir },
});

const { stacks } = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8")) as Manifest;
for (const [stack, { synthesizedStackPath, annotations }] of Object.entries(stacks)) {
  const file = join(outdir, synthesizedStackPath);
  const { resource, locals } = JSON.parse(readFileSync(file, "utf8")) as Synthesized;
  console.log(`${stack}: ${file}\n`);
  for (const { constructPath, level, message } of annotations) {
    console.log(`  ${level.replace("@cdktf/", "")}: ${constructPath}: ${message}\n`);
  }
  console.log("  would create:");
  for (const [type, named] of Object.entries(resource).sort()) {
    console.log(`  ${String(Object.keys(named).length).padStart(4)} ${type}`);
  }
  for (const { user_data } of Object.values(resource.aws_instance)) {
    console.log(`\n  user data: ${bytes(deployed(user_data))} bytes of ${EC2_USER_DATA_LIMIT}`);
  }
  for (const [name, value] of Object.entries(locals)) {
    const what = name.endsWith("_Content") ? "configuration" : "programs";
    console.log(`  ${what}: ${bytes(JSON.stringify(value))} bytes`);
  }
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** The text that Terraform makes of it: references have their values, doubled openings are single. */
function deployed(text: string): string {
  return text
    .replace(/(?<!\$)\$\{[^}]*\}/g, "vol-0123456789abcdef0")
    .replace(/[$%](?=[$%]\{)/g, "");
}
