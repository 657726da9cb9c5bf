import { withoutDeferred } from "../../input/deferred-value";

/** One line of a Postfix lookup table. */
export interface TableEntry {
  readonly key: string;
  readonly value: string;
}

/**
 * A Postfix lookup table as text, sorted, so that the order of the props changes nothing.
 *
 * @param comment what the table is for
 */
export function lookupTable(comment: string, entries: readonly TableEntry[]): string {
  const lines = entries
    .map(({ key, value }) => `${key} ${value}`)
    .sort((a, b) => compare(withoutDeferred(a), withoutDeferred(b)));
  return [`# ${comment}`, ...lines].map((line) => `${line}\n`).join("");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
