import { badInput } from "./bad-input";

/**
 * The props of a factory, or of a part of it: an object.
 *
 * @throws if it is something else, whose props would all be taken for left out
 */
export function propObject<T extends object>(prop: string, value: T): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badInput(prop, value, "is not an object; write the props in braces, or leave it out");
  }
  return value;
}
