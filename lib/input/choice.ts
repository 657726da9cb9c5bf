import { badInput } from "./bad-input";

/**
 * One of a few words.
 *
 * @throws if it is another one, or no text
 */
export function choice<Word extends string>(
  prop: string,
  value: Word,
  words: readonly Word[],
): Word {
  if (!words.includes(value)) {
    const quoted = words.map((word) => JSON.stringify(word));
    throw badInput(prop, value, `is not one of its words; give ${quoted.join(" or ")}`);
  }
  return value;
}
