import { singleLine } from "../../../lib/input/text";

describe("a text of one line", () => {
  test.each([["Address lookup failed"], [" a "], ["ünbekannt 例え 🚀"], ["'\"`$(){}#%;|&<>\\"]])(
    "%j passes as it is",
    (value) => {
      expect(singleLine("reason", value)).toBe(value);
    },
  );

  test.each([
    ["a\nb"],
    ["a\r"],
    ["\ta"],
    ["a\u0000"],
    ["a\u001b[31m"],
    ["a\u007f"],
    ["a\u0085b"],
    ["a\u2028b"],
    ["a\u2029b"],
    // YAML has no such characters: cloud-init would read none of the document.
    ["a\ufffe"],
    ["a\uffff"],
    ["a\ud800"],
  ])("%j is refused", (value) => {
    expect(() => singleLine("reason", value)).toThrow(
      /^reason "(.|\s)*" holds a line break or control character; write it on one line$/,
    );
  });

  test.each([[""], [" "], ["\u00a0"]])("%j is empty", (value) => {
    expect(() => singleLine("reason", value)).toThrow(
      /^reason ".*" is empty; leave the prop out or give it a value$/,
    );
  });

  test.each<[unknown, string]>([
    [5, "5"],
    [false, "false"],
    [undefined, "undefined"],
    [null, "null"],
    [["a"], '["a"]'],
  ])("%p is none", (value, shown) => {
    expect(() => singleLine("reason", value as string)).toThrow(
      `reason ${shown} is not a text; put it in quotes`,
    );
  });
});
