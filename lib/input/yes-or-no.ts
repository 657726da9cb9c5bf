import { badInput } from "./bad-input";

/**
 * Whether something is on.
 *
 * @throws if it is neither true nor false: a text, even "no", would count as true
 */
export function yesOrNo(prop: string, value: boolean): boolean {
  if (typeof value !== "boolean") {
    throw badInput(prop, value, "is neither true nor false; give one of the two");
  }
  return value;
}
