import { choice } from "../../../lib/input/choice";

describe("one of a few words", () => {
  const WORDS = ["deliver", "quarantine"];

  test.each(WORDS)("%j passes as it is", (value) => {
    expect(choice("unscanned", value, WORDS)).toBe(value);
  });

  test.each<[unknown, string]>([
    ["bounce", '"bounce"'],
    ["Deliver", '"Deliver"'],
    ["deliver ", '"deliver "'],
    ["", '""'],
    [true, "true"],
    [null, "null"],
    [["deliver"], '["deliver"]'],
    [`\${TfToken[TOKEN.1]}`, `"\${TfToken[TOKEN.1]}"`],
  ])("%p is none of them", (value, shown) => {
    expect(() => choice("unscanned", value as string, WORDS)).toThrow(
      `unscanned ${shown} is not one of its words; give "deliver" or "quarantine"`,
    );
  });
});
