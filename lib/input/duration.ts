import { badInput } from "./bad-input";
import { isDeferred } from "./deferred-value";

const SECONDS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
/** Postfix's own limit: with more, its queue manager does not start. */
const LONGEST = "100d";

/**
 * A duration as Postfix writes it: a number and one of s, m, h, d, w.
 *
 * @throws if it is anything else, shorter than the least, or longer than the most; Postfix itself
 * would take a number without a unit, but which unit that means differs from setting to setting
 */
export function duration(
  prop: string,
  value: string,
  least = "1s",
  most: string = LONGEST,
): string {
  return durationOr([], prop, value, least, most);
}

/**
 * As `duration()`, or one of some words that stand for none.
 *
 * @throws if it is neither
 */
export function durationOr(
  words: readonly string[],
  prop: string,
  value: string,
  least: string,
  most: string = LONGEST,
): string {
  if (isDeferred(value) || words.includes(value)) {
    return value;
  }
  const or = words.map((word) => ` or ${JSON.stringify(word)}`).join("");
  const [, count, unit] =
    (typeof value === "string" && /^([0-9]{1,6})([smhdw])$/.exec(value)) || [];
  if (unit === undefined) {
    throw badInput(
      prop,
      value,
      `is not a duration; give a number and a unit (s, m, h, d or w), such as "21d"${or}`,
    );
  }
  const length = Number(count) * SECONDS[unit];
  if (length < seconds(least) || length > seconds(most)) {
    throw badInput(
      prop,
      value,
      `is out of range; give a duration from "${least}" to "${most}"${or}`,
    );
  }
  return value;
}

/** The length of a duration that was checked. */
export function seconds(text: string): number {
  return Number(text.slice(0, -1)) * SECONDS[text.slice(-1)];
}
