import { TerraformOutput } from "cdktf";
import { CompressedText } from "../../lib/aws/compressed-text";
import { newStack, synthesize } from "../support/stack";

function build(text: string | undefined) {
  const stack = newStack();
  const compressed = new CompressedText(stack, "Text", () => text);
  new TerraformOutput(stack, "Base64", { value: compressed.base64 });
  return synthesize(stack);
}

describe("a compressed text", () => {
  test("is a local value that Terraform compresses", () => {
    const { locals, output } = build(`echo \${x} %{y}\n`);
    expect(locals).toEqual({ Text: `echo $\${x} %%{y}\n` });
    expect(output.Base64.value).toBe(`\${base64gzip(local.Text)}`);
  });

  test("leaves no trace where there is none", () => {
    expect(build(undefined).locals ?? {}).toEqual({});
  });
});
