import { badInput } from "./bad-input";

/**
 * A text that may stand on one line of a configuration file.
 *
 * @throws if it holds a line break or another control character, which could smuggle in a
 * setting of its own, or nothing at all, or is no text
 */
export function singleLine(prop: string, value: string): string {
  if (typeof value !== "string") {
    throw badInput(prop, value, "is not a text; put it in quotes");
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff\p{Cs}]/u.test(value)) {
    throw badInput(prop, value, "holds a line break or control character; write it on one line");
  }
  if (value.trim() === "") {
    throw badInput(prop, value, "is empty; leave the prop out or give it a value");
  }
  return value;
}
