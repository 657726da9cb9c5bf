import { withoutDeferred } from "../../input/deferred-value";

/** One line of a Postfix lookup table. */
export interface TableEntry {
  readonly key: string;
  readonly value: string;
}

/** The lines of a Postfix lookup table, sorted, so that the order of the props changes nothing. */
export function lookupTable(entries: readonly TableEntry[]): string[] {
  return entries
    .map(({ key, value }) => `${key} ${value}`)
    .map((line) => ({ line, known: withoutDeferred(line) }))
    .sort((a, b) => compare(a.known, b.known))
    .map(({ line }) => line);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
