import { TerraformElement } from "cdktf";
import type { Construct } from "constructs";

/**
 * A top-level block that CDK for Terraform has no class for: `check`, `import`, `removed`. Its
 * unique id is that which a resource of the same construct id would have.
 */
export class TerraformBlock extends TerraformElement {
  constructor(
    scope: Construct,
    id: string,
    private readonly block: (uniqueId: string) => object,
  ) {
    super(scope, id);
  }

  override toTerraform(): object {
    return this.block(this.friendlyUniqueId);
  }

  override toHclTerraform(): object {
    // Left out silently, a record set that should stay would be destroyed.
    throw new Error(
      `${this.node.path} cannot be written as HCL; synthesize JSON, which is the default`,
    );
  }
}
