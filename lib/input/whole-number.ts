import { badInput } from "./bad-input";
import { isDeferred } from "./deferred-value";

/**
 * A whole number of a range.
 *
 * @throws if it is a fraction, not a number or outside of the range
 */
export function wholeNumber(prop: string, value: number, least: number, most: number): number {
  if (!isDeferred(value) && !(Number.isInteger(value) && value >= least && value <= most)) {
    throw badInput(prop, value, `is out of range; give a whole number from ${least} to ${most}`);
  }
  return value;
}
