import { decimalNumber } from "../../../lib/input/decimal-number";

describe("a number with at most one decimal", () => {
  // Some of them are nothing that a computer can write down in full: 2.3, 16.1.
  test.each([[0.1], [2.3], [6], [8.2], [16.1], [1000]])("%d is one", (value) => {
    expect(decimalNumber("spamScore", value, 0.1, 1000)).toBe(value);
  });

  test("a number that is known at deploy time only passes", () => {
    expect(decimalNumber("spamScore", -1.8881545897087626e289, 0.1, 1000)).toBeLessThan(-1e288);
  });

  test.each([
    [0],
    [-0],
    [-6],
    [1000.1],
    [6.25],
    [0.30000000000000004],
    [1e-7],
    [1e21],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY],
    ["6" as unknown as number],
    [[6] as unknown as number],
    [true as unknown as number],
  ])("%p is none", (value) => {
    expect(() => decimalNumber("spamScore", value, 0.1, 1000)).toThrow(
      /^spamScore \S+ is out of range; give a number from 0\.1 to 1000 with at most one decimal$/,
    );
  });
});
