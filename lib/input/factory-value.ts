import { badInput } from "./bad-input";

/** A class whose values come from its static methods alone. */
interface FactoryClass {
  readonly name: string;
  readonly prototype: object;
}

/**
 * That a value came from a static method of a class, as `Network.own("10.25.0.0/28")` does: a text or
 * a plain object in its place would be taken for something that is off.
 *
 * @throws if it is something else; the message lists the methods
 */
export function factoryValue<T extends object>(prop: string, value: T, type: FactoryClass): T {
  if (!Object.prototype.isPrototypeOf.call(type.prototype, value)) {
    const methods = Object.entries(Object.getOwnPropertyDescriptors(type))
      .filter(([, { value }]) => typeof value === "function")
      .map(([name]) => `${type.name}.${name}()`);
    throw badInput(
      prop,
      value,
      `is not of this kind; use ${methods.join(", ").replace(/, (?=[^,]*$)/, " or ")}`,
    );
  }
  return value;
}
