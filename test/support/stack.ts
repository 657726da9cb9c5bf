import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";

/** An empty stack with a provider: the library creates none. */
export function newStack(): TerraformStack {
  const stack = new TerraformStack(Testing.app(), "test");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  return stack;
}

/** What Terraform is given: validated and synthesized. */
// biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
export function synthesize(stack: TerraformStack): any {
  return JSON.parse(Testing.synth(stack, true));
}

/** The only resource or data source of its type. */
// biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
export function only(blocks: { [type: string]: { [name: string]: any } }, type: string): any {
  const found = Object.values(blocks[type] ?? {});
  if (found.length !== 1) {
    throw new Error(`${found.length} of ${type}, where one was expected`);
  }
  return found[0];
}
