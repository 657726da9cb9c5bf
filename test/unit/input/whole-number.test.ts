import { wholeNumber } from "../../../lib/input/whole-number";

describe("a whole number", () => {
  test.each([[0], [10], [65535]])("%d is one", (value) => {
    expect(wholeNumber("preference", value, 0, 65535)).toBe(value);
  });

  test("a number that is known at deploy time only passes", () => {
    // This is how CDK for Terraform encodes such a number.
    expect(wholeNumber("preference", -1.8881545897087626e289, 0, 65535)).toBeLessThan(-1e288);
  });

  test.each([
    [-1],
    [65536],
    [1.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY],
    ["10" as unknown as number],
  ])("%p is out of range", (value) => {
    expect(() => wholeNumber("preference", value, 0, 65535)).toThrow(
      /^preference \S+ is out of range; give a whole number from 0 to 65535$/,
    );
  });
});
