/**
 * The text as Terraform has to be given it, so that it comes out as it is: Terraform reads `${` and
 * `%{` as the beginning of a template, but they are shell and printf here. References that CDK for
 * Terraform put in stay references, and a dollar sign before one does not take its meaning.
 */
export function terraformLiteral(text: string): string {
  return text.replace(/\$+(?=\$\{TfToken\[)|\$\{(?!TfToken\[)|%\{/g, (special) =>
    special.endsWith("{") ? special[0] + special : `\${"${special}"}`,
  );
}

/** The same for every text in a value, keys included. */
export function terraformLiterals(value: unknown): unknown {
  if (typeof value === "string") {
    return terraformLiteral(value);
  }
  if (Array.isArray(value)) {
    return value.map(terraformLiterals);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value).map(([key, of]) => [terraformLiteral(key), terraformLiterals(of)]),
      )
    : value;
}
