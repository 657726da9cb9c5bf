import { propObject } from "../../../lib/input/prop-object";

describe("an object of props", () => {
  test("passes as it is", () => {
    const props = { clamAv: true };
    expect(propObject("scanner", props)).toBe(props);
  });

  test.each<[unknown, string]>([
    ["rspamd", '"rspamd"'],
    [true, "true"],
    [null, "null"],
    [[{ clamAv: true }], '[{"clamAv":true}]'],
  ])("%p is none", (value, shown) => {
    expect(() => propObject("scanner", value as object)).toThrow(
      `scanner ${shown} is not an object; write the props in braces, or leave it out`,
    );
  });
});
