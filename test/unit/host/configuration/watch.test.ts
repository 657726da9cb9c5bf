import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { layOutPrograms } from "../../../support/configured/programs";
import { describeWith, program } from "../../../support/requirements";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** For how many seconds what lies in the bucket, null if it is out of reach, and a jump of the clock. */
type Stage = readonly [seconds: number, bucket: string | null, jump: number];

interface Told {
  readonly events: readonly (readonly [second: number, what: string, text: string | null])[];
  readonly state: { readonly refused: string | null };
}

/** What the service tells and tries. */
function watching(...plan: Stage[]): Told {
  const root = mkdtempSync(join(tmpdir(), "configuration-"));
  try {
    layOutPrograms((path) => join(root, path));
    const script = resolve(__dirname, "../../../support/configured/watching.py");
    const args = [script, root, JSON.stringify(plan)];
    return JSON.parse(execFileSync("/usr/bin/python3", args, { encoding: "utf8" }));
  } finally {
    rmSync(root, { recursive: true });
  }
}

describeWith([program("python3", "python3")], "the service that takes configurations", () => {
  const seconds = (what: string, { events }: Told) =>
    events.filter(([, kind]) => kind === what).map(([second]) => second);

  test("takes what it finds once", () => {
    const told = watching([600, "good", 0], [600, "better", 0], [60, "good", 0]);
    expect(seconds("take", told)).toEqual([0, 600, 1200]);
    expect(seconds("letter", told)).toEqual([]);
  });

  test("tries what is refused again with growing pauses, and writes once", () => {
    const told = watching([HOUR + 15 * 60, "bad", 0]);
    expect(seconds("take", told)).toEqual([0, 60, 180, 420, 900, 1800, 2700, 3600]);
    expect(seconds("letter", told)).toEqual([0]);
    expect(told.state.refused).toBe("is bad");
  });

  test("tries another at once, whatever the pause", () => {
    const told = watching([300, "bad", 0], [60, "bad, too", 0]);
    expect(seconds("take", told)).toEqual([0, 60, 180, 300]);
    expect(seconds("letter", told)).toEqual([0, 300]);
  });

  test("does not tell the reason of one as that of another", () => {
    const { events } = watching([75, "bad", 0], [15, "bad, too", 0]);
    expect(events.filter(([, what]) => what === "refused until now")).toEqual([
      [0, "refused until now", null],
      [60, "refused until now", "is bad"],
      [75, "refused until now", null],
    ]);
  });

  test("forgets what was refused when it is wanted no more", () => {
    const told = watching([0.5, "good", 0], [300, "bad", 0], [60, "good", 0], [120, "bad", 0]);
    expect(seconds("take", told)).toEqual([0, 15, 75, 195, 375, 435]);
    expect(seconds("letter", told)).toEqual([15]);
    expect(watching([0.5, "good", 0], [300, "bad", 0], [60, "good", 0]).state.refused).toBeNull();
  });

  test("waits a quarter of an hour before it writes about another version", () => {
    expect(seconds("letter", watching([15 * 60, "other", 0]))).toEqual([]);
    expect(seconds("letter", watching([HOUR, "other", 0]))).toEqual([900]);
  });

  test("writes once a day about a bucket that is out of reach for an hour", () => {
    expect(seconds("letter", watching([HOUR - 15, null, 0]))).toEqual([]);
    const told = watching([2 * DAY, null, 0], [15, "good", 0], [2 * HOUR, null, 0]);
    expect(seconds("letter", told)).toEqual([HOUR, HOUR + DAY + 15, 2 * DAY + HOUR]);
    expect(seconds("log", told).filter((one) => one % DAY !== 0)).toEqual(seconds("letter", told));
  });

  test("is not misled by a clock that jumps", () => {
    const told = watching([60, "good", 0], [600, null, 30 * DAY], [600, null, -60 * DAY]);
    expect(seconds("letter", told)).toEqual([]);
    expect(seconds("letter", watching([300, "other", 0], [300, "other", DAY]))).toEqual([]);
    expect(seconds("take", watching([30, "bad", 0], [90, "bad", 30 * DAY]))).toEqual([0, 60]);
  });
});
