import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { succeed } from "../../lab/process/execution";
import { describeWith, program } from "../support/requirements";
import { synthesizeExampleInto } from "../support/synthesized";
import { awsProvider, forgetProviders } from "../support/terraform";

/** Something that Terraform can create without a cloud. */
const EXTRA = { resource: { terraform_data: { extra: { input: "kept" } } } };

/** A project of a user: what is beside its `cdktf.json`, and what CDK for Terraform does there. */
class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "project-"));

  /** Empties `cdktf.out` and fills it anew, as each command of cdktf does. */
  async synthesize(): Promise<string> {
    const outdir = join(this.folder, "cdktf.out");
    rmSync(outdir, { recursive: true, force: true });
    const { "backup-mx": stack } = await synthesizeExampleInto(outdir, "quickstart");
    writeFileSync(join(dirname(stack), "extra.tf.json"), JSON.stringify(EXTRA));
    return dirname(stack);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

function terraform(cwd: string, ...args: string[]): Promise<string> {
  return succeed(["terraform", ...args], {
    cwd,
    env: { CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", TF_INPUT: "0" },
  });
}

describeWith(
  [program("terraform", "terraform"), awsProvider],
  "Terraform's state of the quickstart",
  () => {
    let project: Project;
    beforeEach(() => {
      project = new Project();
    });
    afterEach(() => project.remove());
    afterAll(forgetProviders);

    test("outlives cdktf.out", async () => {
      const stack = await project.synthesize();
      await terraform(stack, "init", "-no-color");
      // The rest needs an account.
      await terraform(stack, "apply", "-no-color", "-auto-approve", "-target=terraform_data.extra");
      expect(readdirSync(project.folder).sort()).toEqual([
        "cdktf.out",
        "terraform.backup-mx.tfstate",
      ]);

      const again = await project.synthesize();
      await terraform(again, "init", "-no-color");
      expect(await terraform(again, "state", "list")).toBe("terraform_data.extra\n");
      expect(await terraform(again, "state", "show", "-no-color", "terraform_data.extra")).toMatch(
        /output += "kept"/,
      );
    });
  },
);
