import { TerraformLocal } from "cdktf";
import type { Construct } from "constructs";
import { terraformLiteral } from "./user-data";

/**
 * A text that Terraform compresses at deploy time, when the addresses in it are known. It is a
 * local value, and so stays readable in what is synthesized; unused, it leaves no trace there.
 */
export class CompressedText extends TerraformLocal {
  constructor(
    scope: Construct,
    id: string,
    private readonly text: () => string | undefined,
  ) {
    super(scope, id, "");
  }

  /** The gzip of the text in base64. */
  get base64(): string {
    return `\${base64gzip(local.${this.friendlyUniqueId})}`;
  }

  override toTerraform(): object {
    const text = this.text();
    if (text === undefined) {
      return {};
    }
    this.expression = terraformLiteral(text);
    return super.toTerraform();
  }
}
