import { DataResource } from "cdktf";
import type { Construct } from "constructs";

/**
 * Has the plan refuse that a value changes, as long as it is fixed. Terraform compares it with that
 * of the deployment before, so the construct must stay where it is in the tree.
 */
export function fixedValue(scope: Construct, id: string, value: string, isFixed: boolean): void {
  new DataResource(scope, id, {
    // The type wants a map; a text will do.
    triggersReplace: value as unknown as { [key: string]: string },
    lifecycle: { preventDestroy: isFixed },
  });
}
