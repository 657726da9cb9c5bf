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
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  }
  // What a factory made is shown by its class.
  const { name = "Object" } = value.constructor ?? {};
  return name === "Object" || name === "Array" ? JSON.stringify(value) : name;
}
