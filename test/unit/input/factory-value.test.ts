import { factoryValue } from "../../../lib/input/factory-value";

class Colour {
  static red(): Colour {
    return new Colour("red");
  }
  static green(): Colour {
    return new Colour("green");
  }
  /** No factory. */
  static readonly DEFAULT = new Colour("grey");

  private constructor(readonly name: string) {}
}

class Taste {
  static sweet(): Taste {
    return new Taste("sweet");
  }

  private constructor(readonly name: string) {}
}

describe("a value of a factory", () => {
  test.each([[Colour.red()], [Colour.green()], [Colour.DEFAULT]])("passes as it is", (value) => {
    expect(factoryValue("colour", value, Colour)).toBe(value);
  });

  test.each<[string, unknown, string]>([
    ["a text", "red", '"red"'],
    ["a plain object", { red: true }, '{"red":true}'],
    ["an object of no class", Object.create(null), "{}"],
    ["a list", [Colour.red()], '[{"name":"red"}]'],
    ["nothing", null, "null"],
    ["yes", true, "true"],
    ["the class", Colour, "Colour"],
    ["the factory, not called", Colour.red, "red"],
    ["what another factory made", Taste.sweet(), "Taste"],
  ])("is not %s", (_, value, shown) => {
    expect(() => factoryValue("colour", value as object, Colour)).toThrow(
      `colour ${shown} is not of this kind; use Colour.red() or Colour.green()`,
    );
  });
});
