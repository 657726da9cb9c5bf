import { duration } from "../../../lib/input/duration";

describe("a duration", () => {
  test.each([["1s"], ["90s"], ["10m"], ["36h"], ["21d"], ["3w"], [`\${TfToken[TOKEN.1]}`]])(
    "%j passes as it is",
    (value) => {
      expect(duration("maximalQueueLifetime", value)).toBe(value);
    },
  );

  // A number alone means days here and seconds there.
  test.each([
    [""],
    ["21"],
    ["d"],
    ["-1d"],
    ["1.5d"],
    ["21 d"],
    ["21D"],
    ["21 days"],
    ["P21D"],
    ["1d12h"],
    ["21d\n"],
    ["1234567d"],
  ])("%j is none", (value) => {
    expect(() => duration("maximalQueueLifetime", value)).toThrow(
      /^maximalQueueLifetime ".*" is not a duration; give a number and a unit .* such as "21d"$/,
    );
  });
});
