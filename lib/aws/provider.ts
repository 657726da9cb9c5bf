import { TerraformDataSource, type TerraformProvider, TerraformResource } from "cdktf";
import type { Construct } from "constructs";

/** Has everything below a construct made by a provider, but what has one of its own already. */
export function useProvider(scope: Construct, provider: TerraformProvider): void {
  for (const child of scope.node.findAll()) {
    if (
      TerraformResource.isTerraformResource(child) ||
      TerraformDataSource.isTerraformDataSource(child)
    ) {
      child.provider ??= provider;
    }
  }
}
