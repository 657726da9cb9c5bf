import { yesOrNo } from "../../../lib/input/yes-or-no";

describe("whether something is on", () => {
  test.each([true, false])("%p passes as it is", (value) => {
    expect(yesOrNo("clamAv", value)).toBe(value);
  });

  test.each<[unknown, string]>([
    ["yes", '"yes"'],
    ["false", '"false"'],
    ["", '""'],
    [1, "1"],
    [0, "0"],
    [{}, "{}"],
  ])("%p does not say it", (value, shown) => {
    expect(() => yesOrNo("clamAv", value as boolean)).toThrow(
      `clamAv ${shown} is neither true nor false; give one of the two`,
    );
  });
});
