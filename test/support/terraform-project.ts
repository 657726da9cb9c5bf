import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "../../lab/process/execution";
import { NO_COLLECTION } from "./terraform";

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
    readonly after_unknown?: object;
  };
}

/** What only AWS knows and the provider checks the form of. All else is made up by Terraform. */
const MOCKS = `
mock_resource "aws_eip" { defaults = { public_ip = "192.0.2.25" } }
mock_resource "aws_instance" {
  defaults = { arn = "arn:aws:ec2:eu-central-1:111122223333:instance/i-0123456789abcdef0" }
}
mock_data "aws_ec2_instance_type_offerings" { defaults = { locations = ["eu-central-1b"] } }
mock_resource "aws_ebs_volume" {
  defaults = {
    id  = "vol-0123456789abcdef0"
    arn = "arn:aws:ec2:eu-central-1:111122223333:volume/vol-0123456789abcdef0"
  }
}
mock_resource "aws_sns_topic" { defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:alarms" } }
`;

interface AppliedResource {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly schema_version: number;
  readonly values: { readonly [attribute: string]: unknown };
}

/** What AWS leaves empty where nothing is asked for, and a mock would fill. */
const LEFT_EMPTY = ["user_data_base64", "fifo_throughput_scope"];

/** What the provider keeps of user data in the state. */
function userDataSum(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/** The planned values, with mocked ones where the plan knows none. */
// biome-ignore lint/suspicious/noExplicitAny: attributes have no types
function known(planned: any, unknown: any, mocked: any, name = ""): any {
  if (unknown === true) {
    if (name === "user_data") {
      return userDataSum(mocked);
    }
    return LEFT_EMPTY.includes(name) ? null : mocked;
  }
  if (planned === null || typeof planned !== "object") {
    return planned;
  }
  if (Array.isArray(planned)) {
    return planned.map((value, index) => known(value, unknown?.[index], mocked?.[index]));
  }
  const names = [...new Set([...Object.keys(planned), ...Object.keys(unknown ?? {})])];
  return Object.fromEntries(
    names.map((name) => [name, known(planned[name], unknown?.[name], mocked?.[name], name)]),
  );
}

/** The attributes in a state. A value of any type is there with its type. */
// biome-ignore lint/suspicious/noExplicitAny: attributes have no types
function stored(type: string, planned: any, unknown: any, mocked: any): any {
  const { triggers_replace, ...attributes } = known(planned, unknown, mocked);
  return type === "terraform_data"
    ? { ...attributes, triggers_replace: { value: triggers_replace, type: "string" } }
    : { ...attributes, ...(triggers_replace === undefined ? {} : { triggers_replace }) };
}

/** A working directory of the real Terraform with the real AWS provider, far from any account. */
export class TerraformProject {
  private readonly folder = mkdtempSync(join(tmpdir(), "terraform-"));
  private configuration = "";
  /** What was planned last for this configuration. */
  private planned?: readonly PlannedChange[];
  private isInitialized = false;

  /** @param env where the provider finds its services, such as `AWS_ENDPOINT_URL_ROUTE_53` */
  constructor(private readonly env: { readonly [name: string]: string } = {}) {}

  /** Replaces the configuration by what was synthesized. */
  configure(synthesized: object): void {
    this.configuration = JSON.stringify(synthesized);
    this.planned = undefined;
    this.write("cdk.tf.json", this.configuration);
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
  async plan(...args: string[]): Promise<readonly PlannedChange[]> {
    await this.run("plan", "-input=false", "-no-color", "-out=plan", ...args);
    const { resource_changes = [] } = JSON.parse(await this.run("show", "-json", "plan"));
    this.planned = resource_changes;
    return resource_changes;
  }

  /**
   * Plans, and tells what would be done to what, as `update aws_eip.x`: all that changes. It takes
   * half the time of `plan`, since nobody asks for values.
   */
  async steps(...args: string[]): Promise<string[]> {
    return steps(await this.run("plan", "-input=false", "-json", "-out=plan", ...args));
  }

  /** Plans and does it at once, and tells what was done. */
  async take(...args: string[]): Promise<string[]> {
    return steps(await this.run("apply", "-input=false", "-json", "-auto-approve", ...args));
  }

  /** Does what was planned last. */
  async apply(): Promise<string> {
    return this.run("apply", "-input=false", "-no-color", "plan");
  }

  /**
   * Applies the configuration where there is no AWS: what the provider plans, it does, and what
   * only AWS knows Terraform's own mock makes up. The state is written for the real provider to
   * plan on, with `-refresh=false`.
   */
  async applyMocked(): Promise<void> {
    const plan = this.planned ?? (await this.plan("-refresh=false"));
    const planned = new Map(plan.map(({ address, change }) => [address, change]));
    this.write(
      "apply.tftest.hcl",
      `mock_provider "aws" {${MOCKS}}\n` +
        `mock_provider "aws" {\nalias = "us-east-1"\n${MOCKS}}\n` +
        `run "apply" {}\n`,
    );
    // In the end the test destroys what it has made.
    this.write(
      "cdk.tf.json",
      this.configuration.replaceAll('"prevent_destroy":true', '"prevent_destroy":false'),
    );
    const printed = await this.run("test", "-json", "-verbose");
    this.write("cdk.tf.json", this.configuration);
    const { test_state } = printed
      .split("\n")
      .filter((line) => line.includes('"test_state"'))
      .map((line) => JSON.parse(line))[0];
    const resources = test_state.root_module.resources.map(
      ({ address, mode, type, name, schema_version, values }: AppliedResource) => {
        const { after, after_unknown } = planned.get(address) ?? { after: values };
        return {
          mode,
          type,
          name,
          provider:
            type === "terraform_data"
              ? 'provider["terraform.io/builtin/terraform"]'
              : 'provider["registry.terraform.io/hashicorp/aws"]',
          instances: [{ schema_version, attributes: stored(type, after, after_unknown, values) }],
        };
      },
    );
    this.write(
      "terraform.tfstate",
      JSON.stringify({
        version: 4,
        terraform_version: "1.7.0",
        serial: 1,
        lineage: "x",
        resources,
      }),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private async terraform(...args: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await execute(["terraform", ...args], {
      cwd: this.folder,
      env: {
        CHECKPOINT_DISABLE: "1",
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_MAX_ATTEMPTS: "1",
        ...NO_COLLECTION,
        ...this.env,
      },
    });
    if (exitCode !== 0) {
      throw new Error(`terraform ${args.join(" ")}\n${stdout}${stderr}`);
    }
    return stdout;
  }
}

/** What Terraform says, as JSON, that it will do, such as `update aws_eip.x`. */
function steps(printed: string): string[] {
  return printed
    .split("\n")
    .filter((line) => line.includes('"type":"planned_change"'))
    .map((line) => {
      const { action, resource } = JSON.parse(line).change;
      return `${action} ${resource.addr}`;
    });
}

/** What the plan really does, without the resources that stay as they are. */
export function changes(plan: readonly PlannedChange[]): readonly PlannedChange[] {
  return plan.filter(({ change }) => change.actions.join() !== "no-op" || change.importing);
}
