/**
 * Whether a value becomes known at deploy time only. CDK for Terraform carries such a value as a
 * marker inside a string, or as a number that no setting can have; it must pass unharmed, so
 * nothing can be checked about it.
 */
export function isDeferred(value: string | number): boolean {
  return typeof value === "number" ? value < -1e288 : /[$#]\{TfToken\[/.test(value);
}
