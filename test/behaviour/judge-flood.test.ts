import { JudgeWorld, mailTo, mark } from "../support/judge/judge-world";
import { describeWith } from "../support/requirements";

const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${name}${n}`);

describeWith(JudgeWorld.NEEDS, "more bad mail than a scanner has turns for", () => {
  let world: JudgeWorld;

  beforeAll(async () => {
    world = await JudgeWorld.open({
      section: { timeLimit: "6s", deliverUnscannedAfter: "30s" },
      // A host gives a mail two minutes for its turn.
      env: { SET: "judge.settings:TURN=10" },
    });
  });

  afterAll(() => world?.close());

  test("costs ordinary mail of the same network one round, and ends", async () => {
    const bad = numbered("bad", 16);
    const good = numbered("good", 8);
    await world.deliver([
      ...bad.map((name) => mailTo(name, { mood: "hang" })),
      ...good.map((name) => mailTo(name)),
    ]);
    await world.arrive(good);
    const arrived = await world.arrive(bad);
    for (const mail of arrived) {
      expect(mark(mail)).toMatch(/^not scanned \(the scanner /);
    }
    await world.settled();
    expect(world.counts([...bad, ...good])).toEqual([...bad, ...good].map(() => 1));
    // A scanner has each bad mail in hand twice: once among the others, once alone.
    const asked = bad.map(
      (name) =>
        world.guests.questions().filter(({ head }) => head.includes(`Rcpt: ${name}@example.com`))
          .length,
    );
    expect(Math.max(...asked)).toBeLessThanOrEqual(2);
  });
});
