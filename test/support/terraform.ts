import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "../../lab/process/execution";
import type { Requirement } from "./requirements";
import { newStack, synthesize } from "./stack";

/** Each run reads the large schema of the provider and ends: not to clean up saves a quarter of it. */
export const NO_COLLECTION = { GOGC: "off", GOMEMLIMIT: "3GiB" };

/** Nothing but the loopback answers, nobody is asked for anything, and no account is used. */
const OFFLINE = {
  ...NO_COLLECTION,
  CHECKPOINT_DISABLE: "1",
  TF_IN_AUTOMATION: "1",
  TF_INPUT: "0",
  HTTPS_PROXY: "http://127.0.0.1:9",
  HTTP_PROXY: "http://127.0.0.1:9",
  NO_PROXY: "127.0.0.1",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_MAX_ATTEMPTS: "1",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_PROFILE: "",
};

let providers: string | undefined;

/** That Terraform can get the AWS provider: tried once, and kept for all that follows. */
export const awsProvider: Requirement = {
  remedy:
    "let terraform reach the AWS provider, or point TF_CLI_CONFIG_FILE at a mirror that has it",
  isMet: () => {
    providers ??= fetchProviders();
    return providers !== "";
  },
};

/** The folder with the providers that Terraform was able to get; empty if it could not. */
function fetchProviders(): string {
  const folder = mkdtempSync(join(tmpdir(), "providers-"));
  const { terraform } = synthesize(newStack());
  writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ terraform }));
  try {
    execFileSync("terraform", ["init", "-input=false"], {
      cwd: folder,
      env: { ...process.env, CHECKPOINT_DISABLE: "1" },
      stdio: "pipe",
    });
    return join(folder, ".terraform/providers");
  } catch {
    rmSync(folder, { recursive: true });
    return "";
  }
}

/** Removes what was kept. */
export function forgetProviders(): void {
  if (providers) {
    rmSync(resolve(providers, "../.."), { recursive: true });
    providers = undefined;
  }
}

/** A resource of a plan, as `terraform show -json` tells it. */
export interface ResourceChange {
  readonly type: string;
  readonly address: string;
  readonly change: {
    readonly actions: string[];
    // biome-ignore lint/suspicious/noExplicitAny: every type has values of its own
    readonly after: any;
  };
}

/** A plan, as `terraform show -json` tells it. */
export interface Plan {
  readonly resource_changes: ResourceChange[];
  readonly configuration: {
    readonly root_module: {
      readonly resources: {
        readonly type: string;
        readonly expressions: { readonly [attribute: string]: { readonly references?: string[] } };
      }[];
    };
  };
}

/** A folder in which the real Terraform works on one synthesized stack. */
export class Workspace {
  private readonly folder = mkdtempSync(join(tmpdir(), "terraform-"));

  /**
   * @param stack the `cdk.tf.json` of the stack
   * @param aws where the AWS provider finds the services that a data source asks
   */
  constructor(stack: string, aws?: string) {
    copyFileSync(stack, join(this.folder, "cdk.tf.json"));
    const provider = {
      access_key: "none",
      secret_key: "none",
      skip_credentials_validation: true,
      skip_requesting_account_id: true,
      skip_metadata_api_check: "true",
      endpoints: [{ ec2: aws, ssm: aws }],
    };
    writeFileSync(
      join(this.folder, "offline_override.tf.json"),
      JSON.stringify({
        terraform: { backend: { local: { path: "test.tfstate" } } },
        ...(aws === undefined ? {} : { provider: { aws: provider } }),
      }),
    );
  }

  /** Gets ready. A stack without providers needs none, and no folder of them. */
  async init(): Promise<void> {
    const empty = join(this.folder, "no-providers");
    mkdirSync(empty);
    await this.run("init", `-plugin-dir=${providers || empty}`);
  }

  async validate(): Promise<{ valid: boolean; diagnostics: unknown[] }> {
    // With errors its exit status is 1; the diagnostics tell them better.
    const report = await this.run("validate", "-json").catch((error) => {
      throw new Error(String(error.cause?.stdout || error.message));
    });
    return JSON.parse(report);
  }

  async plan(): Promise<Plan> {
    await this.run("plan", "-out=test.plan", "-lock=false");
    return JSON.parse(await this.run("show", "-json", "test.plan"));
  }

  /** Applies, and returns the outputs. */
  async apply(): Promise<{ readonly [name: string]: { readonly value: string } }> {
    await this.run("apply", "-auto-approve");
    return JSON.parse(await this.run("output", "-json"));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(command: string, ...options: string[]): Promise<string> {
    const args = [command, ...options, ...(command === "output" ? [] : ["-no-color"])];
    return succeed(["terraform", ...args], { cwd: this.folder, env: OFFLINE });
  }
}
