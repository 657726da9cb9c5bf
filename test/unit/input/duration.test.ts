import { duration, durationOr, seconds } from "../../../lib/input/duration";

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

  test.each<[unknown, string]>([
    [60, "60"],
    [true, "true"],
    [null, "null"],
    [["21d"], '["21d"]'],
    [{ days: 21 }, '{"days":21}'],
  ])("%p is no text", (value, shown) => {
    expect(() => duration("maximalQueueLifetime", value as string)).toThrow(
      `maximalQueueLifetime ${shown} is not a duration; give a number and a unit`,
    );
  });
});

describe("a duration or a word", () => {
  const patience = (value: string) => durationOr(["never"], "patience", value, "1m", "2h");

  test.each([["never"], ["1m"], ["2h"], [`\${TfToken[TOKEN.1]}`]])("%j passes", (value) => {
    expect(patience(value)).toBe(value);
  });

  test.each([["always"], ["NEVER"], ["never "], [""], ["1"]])("%j is neither", (value) => {
    expect(() => patience(value)).toThrow(
      /^patience ".*" is not a duration; give a number and a unit .*, such as "21d" or "never"$/,
    );
  });

  test.each([["59s"], ["3h"]])("%j is out of range", (value) => {
    expect(() => patience(value)).toThrow(
      /^patience ".*" is out of range; give a duration from "1m" to "2h" or "never"$/,
    );
  });
});

test.each([
  ["90s", 90],
  ["2m", 120],
  ["1h", 3600],
  ["1d", 86400],
  ["2w", 1209600],
])("%s are %d seconds", (value, length) => {
  expect(seconds(value)).toBe(length);
});
