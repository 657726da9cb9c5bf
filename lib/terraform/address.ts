import type { TerraformElement } from "cdktf";
import type { IConstruct } from "constructs";
import { isDeferred } from "../input/deferred-value";

/** The constructs whose resources are named after something, and after what. */
const NAMES = new WeakMap<IConstruct, string>();

/**
 * Names everything below a construct after a domain name, wherever in the tree it is: what is
 * renamed or moved there stays in Terraform's state what it was. A name that is known only at
 * deploy time names nothing.
 */
export function nameAfter(scope: IConstruct, domainName: string): void {
  if (!isDeferred(domainName)) {
    NAMES.set(scope, domainName);
  }
}

/**
 * Gives a new element of Terraform its address: the name of the innermost construct that has one,
 * and the path from there, as in `mx2_example_com_Server_Queue`. Before anything refers to it.
 */
export function addressed<T extends TerraformElement>(element: T): T {
  const { scopes } = element.node;
  const named = scopes.map((scope) => NAMES.has(scope)).lastIndexOf(true);
  const name = NAMES.get(scopes[named]);
  if (name !== undefined) {
    const path = scopes.slice(named + 1).map((scope) => scope.node.id);
    element.overrideLogicalId(
      [identifier(name), ...path.filter((id) => id !== "Resource")].join("_"),
    );
  }
  return element;
}

/** No domain name has an underscore, so no two become the same. An identifier begins with no digit. */
function identifier(domainName: string): string {
  return domainName.replace(/\./g, "_").replace(/^(?=[0-9])/, "_");
}
