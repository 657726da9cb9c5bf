import { inPython } from "../../../support/part";

/** The fates of a primary, as looks at it tell them: a list of [seconds, what was seen]. */
type Looks = readonly (readonly [number, string])[];

/** The state after each look, and whether nobody can be asked. */
const states = (looks: Looks) =>
  inPython<[string, boolean][]>(
    ["host/watch"],
    `
from primary import Primary
one, result = Primary(0), []
for at, state in given:
    one.sees(state, {}, at)
    result.append([one.state, one.is_out(at)])
`,
    looks,
  );

const every = (seconds: number, state: string, count: number, from = 0): [number, string][] =>
  Array.from({ length: count }, (_, n) => [from + n * seconds, state]);

describe("a primary that is watched", () => {
  test("is down after the second time", () => {
    expect(states(every(5, "down", 3))).toEqual([
      ["unknown", false],
      ["down", true],
      ["down", true],
    ]);
  });

  test.each(["up", "refuses", "itself"])("that is %s is so at once, and not out", (state) => {
    expect(states([...every(5, "down", 2), [10, state]]).pop()).toEqual([state, false]);
  });

  test("that is busy is out only after a quarter of an hour without a good answer", () => {
    const found = states([[0, "up"], ...every(30, "busy", 40, 30)]);
    const first = found.findIndex(([, isOut]) => isOut);
    // From the first time that it was busy, at 30 s.
    expect(first).toBe(31);
    expect(found[30]).toEqual(["busy", false]);
    expect(states([...every(30, "busy", 20), [600, "up"], ...every(30, "busy", 20, 630)])).toEqual(
      expect.not.arrayContaining([[expect.anything(), true]]),
    );
  });

  test("that returns slowly is out no longer than it has no time", () => {
    expect(states([...every(5, "down", 2), [10, "busy"], [15, "busy"]]).pop()).toEqual([
      "busy",
      false,
    ]);
    expect(states([...every(5, "down", 200), [1000, "busy"]]).pop()).toEqual(["busy", true]);
  });

  test("has the mail that waits sent three times after its return", () => {
    const sent = inPython<boolean[]>(
      ["host/watch"],
      `
from primary import Primary
one = Primary(0)
result = [one.sees(state, {}, at) for at, state in enumerate(given)]
`,
      ["up", "up", "down", "up", "up", "up", "up", "busy", "up"],
    );
    expect(sent).toEqual([true, false, false, true, true, true, false, false, true]);
  });

  // Sequences that nobody has thought of, against what must hold after each look.
  test("keeps to the rules whatever it does", () => {
    const broken = inPython<unknown[]>(
      ["host/watch"],
      `
import random
from primary import Primary, BUSY_SECONDS, FAILURES
random.seed(11)
result = []
for run in range(2000):
    one, now, seen = Primary(0), 0.0, []
    for _ in range(random.randrange(1, 60)):
        now += random.choice((1, 5, 30, 31, 300, 1000))
        state = random.choice(("up", "refuses", "itself", "busy", "busy", "down", "down"))
        offers = random.choice(({}, {"SMTPUTF8": ""}))
        due = one.sees(state, offers, now)
        seen.append((now, state))
        out = one.is_out(now)
        since = next((i for i in range(len(seen), 0, -1) if seen[i - 1][1] in ("up", "refuses", "itself")), 0)
        trouble = seen[since:]
        rules = {
            "nobody is accepted unverified while it answers": not (state in ("up", "refuses", "itself") and out),
            "one look is no outage": not (out and len(trouble) < FAILURES),
            "busy is no outage for a while": not (out and state == "busy" and now - trouble[0][0] < BUSY_SECONDS),
            "two looks are one": out or len(trouble) < FAILURES or state != "down",
            "mail is sent at its return": due or not (state == "up" and len(seen) > 1 and seen[-2][1] != "up"),
            "mail is sent to who is up": not (due and state != "up"),
            "what it offers was seen": state != "up" or one.offers == offers,
        }
        result += [[run, name, seen[-5:]] for name, holds in rules.items() if not holds]
result = result[:5]
`,
    );
    expect(broken).toEqual([]);
  });
});
