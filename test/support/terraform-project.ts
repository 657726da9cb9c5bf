import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { child } from "./child";
import { program, type Requirement } from "./requirements";

/** Terraform itself, with the AWS provider in reach. */
export const terraform: Requirement = program("terraform", "terraform, from hashicorp.com");

/** What the plan does to a resource. */
export interface PlannedChange {
  readonly address: string;
  readonly type: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly importing?: object;
    // biome-ignore lint/suspicious/noExplicitAny: attributes have no types
    readonly before: any;
    // biome-ignore lint/suspicious/noExplicitAny: attributes have no types
    readonly after: any;
  };
}

/** A working directory of the real Terraform with the real AWS provider, far from any account. */
export class TerraformProject {
  private readonly folder = mkdtempSync(join(tmpdir(), "terraform-"));
  private isInitialized = false;

  /** @param env where the provider finds its services, such as `AWS_ENDPOINT_URL_ROUTE_53` */
  constructor(private readonly env: { readonly [name: string]: string } = {}) {}

  /** Replaces the configuration by what was synthesized. */
  configure(synthesized: object): void {
    this.write("cdk.tf.json", JSON.stringify(synthesized));
    this.write(
      "zz_override.tf.json",
      JSON.stringify({
        terraform: { backend: { local: { path: "terraform.tfstate" } } },
        provider: {
          aws: {
            region: "eu-central-1",
            access_key: "test",
            secret_key: "test",
            skip_credentials_validation: true,
            skip_requesting_account_id: true,
            skip_metadata_api_check: "true",
            skip_region_validation: true,
          },
        },
      }),
    );
  }

  /** Adds a file, a test of `terraform test` say. */
  write(name: string, content: string): void {
    writeFileSync(join(this.folder, name), content);
  }

  /** Runs a command of Terraform to its end. */
  async run(...args: string[]): Promise<string> {
    if (!this.isInitialized) {
      await this.terraform("init", "-input=false", "-no-color");
      this.isInitialized = true;
    }
    return this.terraform(...args);
  }

  /** Plans, and tells every resource with what would be done to it. */
  async plan(): Promise<readonly PlannedChange[]> {
    await this.run("plan", "-input=false", "-no-color", "-out=plan");
    return JSON.parse(await this.run("show", "-json", "plan")).resource_changes ?? [];
  }

  /** Does what was planned last. */
  async apply(): Promise<string> {
    return this.run("apply", "-input=false", "-no-color", "plan");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private terraform(...args: string[]): Promise<string> {
    return child("terraform", args, {
      cwd: this.folder,
      env: {
        CHECKPOINT_DISABLE: "1",
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_MAX_ATTEMPTS: "1",
        ...this.env,
      },
    });
  }
}

/** What the plan really does, without the resources that stay as they are. */
export function changes(plan: readonly PlannedChange[]): readonly PlannedChange[] {
  return plan.filter(({ change }) => change.actions.join() !== "no-op" || change.importing);
}
