import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EC2_USER_DATA_LIMIT, userDataSize } from "../lib/aws/user-data";

interface Manifest {
  readonly stacks: { readonly [name: string]: { readonly synthesizedStackPath: string } };
}

/** What of a synthesized stack is shown. */
interface Synthesized {
  readonly resource: { readonly [type: string]: { readonly [name: string]: Resource } };
  readonly locals?: { readonly [name: string]: string };
}

interface Resource {
  readonly user_data?: string;
}

// Synthesizes an example, as CDK for Terraform's own command line would, and shows what came out.
const [example = "quickstart"] = process.argv.slice(2);
const outdir = "cdktf.out";
execFileSync(process.execPath, [...process.execArgv, join(__dirname, example, "main.ts")], {
  stdio: "inherit",
  env: { ...process.env, CDKTF_OUTDIR: outdir },
});

const { stacks } = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8")) as Manifest;
for (const [stack, { synthesizedStackPath }] of Object.entries(stacks)) {
  const file = join(outdir, synthesizedStackPath);
  const { resource, locals } = JSON.parse(readFileSync(file, "utf8")) as Synthesized;
  console.log(`${stack}: ${file}\n`);
  console.log("  would create:");
  for (const [type, named] of Object.entries(resource).sort()) {
    console.log(`  ${String(Object.keys(named).length).padStart(4)} ${type}`);
  }
  for (const { user_data } of Object.values(resource.aws_instance ?? {})) {
    const { plain, compressed } = userDataSize(
      deployed(user_data ?? Object.values(locals ?? {})[0]),
    );
    console.log(
      user_data === undefined
        ? `\n  user data: ${plain} bytes, compressed to ${compressed} of ${EC2_USER_DATA_LIMIT}\n`
        : `\n  user data: ${plain} bytes of ${EC2_USER_DATA_LIMIT}\n`,
    );
  }
}

/** The text that Terraform makes of it: references are addresses, doubled openings are single. */
function deployed(text: string): string {
  return text.replace(/(?<!\$)\$\{[^}]*\}/g, "255.255.255.255").replace(/[$%](?=[$%]\{)/g, "");
}
