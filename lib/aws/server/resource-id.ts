import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";

/**
 * The id of a resource of EC2.
 *
 * @param kind what it begins with: `subnet`, `ami`
 * @throws if it is none of this kind
 */
export function resourceId(prop: string, value: string, kind: string): string {
  if (!isDeferred(value) && !new RegExp(`^${kind}-[0-9a-f]{8,17}$`).test(value)) {
    throw badInput(prop, value, `is not an id of this kind; it begins with "${kind}-"`);
  }
  return value;
}
