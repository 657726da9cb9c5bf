import { badInput } from "./bad-input";
import { isDeferred } from "./deferred-value";

/**
 * A duration as Postfix writes it: a number and one of s, m, h, d, w.
 *
 * @throws if it is anything else; Postfix itself would take a number without a unit, but which
 * unit that means differs from setting to setting
 */
export function duration(prop: string, value: string): string {
  if (!isDeferred(value) && !/^[0-9]{1,6}[smhdw]$/.test(value)) {
    throw badInput(
      prop,
      value,
      'is not a duration; give a number and a unit (s, m, h, d or w), such as "21d"',
    );
  }
  return value;
}
