import { badInput } from "./bad-input";
import { isDeferred } from "./deferred-value";

/**
 * A number with at most one decimal.
 *
 * @throws if it has more, is not a number or outside of the range
 */
export function decimalNumber(prop: string, value: number, least: number, most: number): number {
  const isDecimal = typeof value === "number" && /^[0-9]+(\.[0-9])?$/.test(String(value));
  if (!isDeferred(value) && !(isDecimal && value >= least && value <= most)) {
    throw badInput(
      prop,
      value,
      `is out of range; give a number from ${least} to ${most} with at most one decimal`,
    );
  }
  return value;
}
