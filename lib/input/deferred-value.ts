/** How CDK for Terraform marks a text that is known only at deploy time. */
const MARKER = /[$#]\{TfToken\[[\w:.-]+\]\}/g;
/** How it encodes a number that is: below every number that a setting can have. */
const NUMBER = /-[0-9.]+e\+[0-9]+/g;

/**
 * Whether a value becomes known at deploy time only. It must pass unharmed, so nothing can be
 * checked about it; but what stands beside a marker is known now, and may be nothing that could
 * break out of a line or a quoted text.
 */
export function isDeferred(value: unknown): boolean {
  if (typeof value === "number") {
    return value < -1e288 && Number.isFinite(value);
  }
  return (
    typeof value === "string" &&
    value.search(MARKER) >= 0 &&
    /^[\w.@:/[\]+~-]*$/.test(value.replace(MARKER, ""))
  );
}

/**
 * A text with every deferred value taken out. Markers are numbered through a whole app: whatever
 * depends on a number would change with every unrelated construct.
 */
export function withoutDeferred(text: string): string {
  return text.replace(MARKER, "").replace(NUMBER, "");
}
