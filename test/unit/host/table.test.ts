import { table } from "../../../lib/host/table";

const LINES = Array.from(
  { length: 10_000 },
  (_, index) => `customer${index}.example relay:[mx1.example.com]:25`,
);

describe("a table of the configuration", () => {
  test("has every line once, whatever their number", () => {
    expect(table([])).toEqual({});
    expect(Object.values(table(LINES)).flat().sort()).toEqual([...LINES].sort());
  });

  // Terraform compares each line of a group with each other.
  test("has small groups", () => {
    const sizes = Object.values(table(LINES)).map(({ length }) => length);
    expect(sizes).toHaveLength(256);
    expect(Math.max(...sizes)).toBeLessThan(100);
  });

  test("has a line in the same group whatever its value, and whichever others there are", () => {
    const groupOf = (lines: readonly string[], key: string) =>
      Object.entries(table(lines)).find(([, group]) =>
        group.some((line) => line.startsWith(`${key} `)),
      )?.[0];
    const group = groupOf(LINES, "customer7.example");
    expect(group).toMatch(/^[0-9a-f]{2}$/);
    expect(groupOf(["customer7.example relay:[mx1.example.com]:25"], "customer7.example")).toBe(
      group,
    );
  });
});
