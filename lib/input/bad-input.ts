/**
 * The error for a prop that cannot be used. It names the prop, the value and the remedy.
 *
 * @param prop where the value stands, as the user wrote it: `domains[0].name`
 * @param value what was given
 * @param problem what is wrong with it and what to write instead
 */
export function badInput(prop: string, value: unknown, problem: string): Error {
  return new Error(`${prop} ${shown(value)} ${problem}`);
}

function shown(value: unknown): string {
  if (typeof value === "function") {
    return value.name;
  }
  const isPlain =
    typeof value === "string" || value?.constructor === Object || Array.isArray(value);
  return isPlain ? JSON.stringify(value) : String(value);
}
