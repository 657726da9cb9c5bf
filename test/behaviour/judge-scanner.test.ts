import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../lab";
import { above, JudgeWorld, mailTo, mark } from "../support/judge/judge-world";
import { describeWith } from "../support/requirements";

/** Moods of a scanner that give no verdict at once, and what the header says of them. */
const LIES: Readonly<Record<string, RegExp>> = {
  crash: /the scanner ended with it in hand/,
  close: /the scanner ended with it in hand/,
  half: /the scanner ended with it in hand/,
  error: /the scanner gave up \(500\)/,
  empty: /no JSON/,
  deep: /no JSON|too long/,
  long: /too long/,
  endless: /too many headers/,
  smtp: /no HTTP/,
  forged: /its score is no number/,
  digits: /its score cannot be/,
  huge: /its score cannot be/,
  rule: /a rule has no name/,
  reason: /its reason is no plain text/,
  foreign: /its word is none of a scanner/,
  virus: /its word is none of a scanner/,
  list: /its word is none of a scanner/,
  other: /it has other names than a verdict/,
};

const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${name}${n}`);

describeWith(JudgeWorld.NEEDS, "a scanner behind the judge", () => {
  let world: JudgeWorld;

  beforeAll(async () => {
    world = await JudgeWorld.open({
      section: { timeLimit: "6s" },
      // A host waits for three minutes until a scanner that starts counts as gone.
      env: { SET: "judge.guest:START_SECONDS=3" },
    });
  });

  afterAll(() => world?.close());

  test("mail arrives by its verdict (J26)", async () => {
    const moods = ["ham", "spam", "unsure", "blank"];
    const sent = moods.map((mood) => mailTo(`verdict.${mood}`, { mood }));
    await world.deliver([...sent, mailTo("verdict.high", { mood: "high" })]);
    const arrived = await world.arrive(moods.map((mood) => `verdict.${mood}`));
    await world.settled();
    sent.forEach((mail, n) => {
      above(arrived[n], mail);
    });
    expect(arrived.map(mark)).toEqual([
      "ham; score=0.1; tests=ALL_TRUSTED",
      "spam; score=6.5; tests=BAYES_99, URIBL_BLACK",
      "not scanned (SpamAssassin timed out)",
      expect.stringMatching(/^ham; score=0\.1; tests=ALL_TRUSTED;/),
    ]);
    const status = arrived.map(({ content }) => /^X-Spam-Status: .*$/m.exec(content)?.[0]);
    expect(status).toEqual([
      "X-Spam-Status: No, score=0.1",
      "X-Spam-Status: Yes, score=6.5",
      "X-Spam-Status: Unknown",
      "X-Spam-Status: No, score=0.1",
    ]);
    const [{ facts }] = world.kept("verdict.high");
    expect(facts).toMatchObject({ verdict: "high spam", score: 22, rules: ["GTUBE"] });
    expect(world.counts(["verdict.high"])).toEqual([0]);
  });

  test("whatever a scanner says in place of a verdict, the mail arrives as it is (J6, J9)", async () => {
    const moods = Object.keys(LIES);
    const sent = moods.map((mood) => mailTo(`lie.${mood}`, { mood }));
    await world.deliver(sent, { connections: 5 });
    const arrived = await world.arrive(
      moods.map((mood) => `lie.${mood}`),
      240,
    );
    await world.settled();
    const marks = Object.fromEntries(moods.map((mood, n) => [mood, mark(arrived[n]) ?? ""]));
    expect(marks).toEqual(
      Object.fromEntries(moods.map((mood) => [mood, expect.stringMatching(LIES[mood])])),
    );
    sent.forEach((mail, n) => {
      expect(above(arrived[n], mail)).not.toContain("ceo@example.com");
    });
    expect(world.counts(moods.map((mood) => `lie.${mood}`))).toEqual(moods.map(() => 1));
  });

  test("mail that takes too long goes on after its time (J23)", async () => {
    const moods = ["hang", "loop", "drip", "slow=60"];
    const sent = moods.map((mood, n) => mailTo(`long${n}`, { mood }));
    const slow = mailTo("slow.but.good", { mood: "slow=2" });
    await world.deliver([...sent, slow], { connections: 5 });
    const arrived = await world.arrive(["long0", "long1", "long2", "long3"]);
    const [good] = await world.arrive(["slow.but.good"]);
    expect(arrived.map(mark)).toEqual(
      moods.map(() => "not scanned (the scanner took more than 6 s)"),
    );
    expect(mark(good)).toMatch(/^ham;/);
    sent.forEach((mail, n) => {
      above(arrived[n], mail);
    });
    expect(world.guests.restarts().length).toBeGreaterThanOrEqual(8);
  });

  test("its figures tell what happened", async () => {
    const count = Object.keys(LIES).length + 4 + 1;
    await eventually(() => world.judge.state().unscanned === count);
    const { judged, inHand, waiting, lastVerdict, time } = world.judge.state();
    expect(judged["not analysed"]).toBe(count);
    expect(judged["high spam"]).toBe(1);
    expect([inHand, waiting]).toEqual([0, 0]);
    expect(Date.now() / 1000 - lastVerdict).toBeLessThan(600);
    // It is written again and again.
    await eventually(() => world.judge.state().time > time, 10);
  });

  test("ten bad mails among 60 hold up no ordinary one for a minute", async () => {
    await world.restart({ timeLimit: "12s" });
    const moods = [
      "hang",
      "loop",
      "crash",
      "drip",
      "deep",
      "long",
      "endless",
      "forged",
      "close",
      "hang",
    ];
    const bad = moods.map((mood, n) => mailTo(`bad${n}`, { mood }));
    const good = numbered("ordinary", 60).map((name) => mailTo(name));
    const all = good.flatMap((mail, n) => (n % 6 === 0 ? [bad[n / 6], mail] : [mail]));
    await world.deliver(all, { connections: 10 });
    const arrived = await world.arrive(numbered("ordinary", 60));
    const last = Math.max(...arrived.map(({ time }) => time));
    arrived.forEach((mail, n) => {
      above(mail, good[n]);
      expect(mark(mail)).toMatch(/^ham;/);
    });
    const poisons = await world.arrive(numbered("bad", 10));
    // The last ordinary one did not wait for most of the bad ones.
    expect(poisons.filter(({ time }) => time < last).length).toBeLessThan(5);
    for (const [n, mail] of poisons.entries()) {
      above(mail, bad[n]);
      expect(mark(mail)).toMatch(/^not scanned \(/);
    }
    await world.settled();
    expect(world.counts(numbered("bad", 10))).toEqual(moods.map(() => 1));
  });

  test("fifty bad mails in a row arrive, and ordinary mail between them", async () => {
    const moods = ["crash", "forged", "empty", "close", "error"];
    const bad = numbered("row", 50).map((name, n) => mailTo(name, { mood: moods[n % 5] }));
    const good = numbered("between", 10).map((name) => mailTo(name));
    await world.deliver(
      bad.flatMap((mail, n) => (n % 5 === 4 ? [mail, good[(n - 4) / 5]] : [mail])),
      { connections: 5 },
    );
    const arrived = await world.arrive(numbered("row", 50));
    for (const [n, mail] of arrived.entries()) {
      above(mail, bad[n]);
      expect(mark(mail)).toMatch(/^not scanned \(/);
    }
    const between = await world.arrive(numbered("between", 10));
    expect(between.map(mark)).toEqual(good.map(() => expect.stringMatching(/^ham;/)));
    await world.settled();
    expect(world.counts(numbered("row", 50))).toEqual(bad.map(() => 1));
  });

  test("mail waits while nobody scans, with the reason in the queue, and is tried when somebody does", async () => {
    await world.restart();
    world.guests.close();
    await eventually(() => world.judge.state().scannerState === "down");
    const names = numbered("absent", 10);
    await world.deliver(names.map((name) => mailTo(name)));
    const waiting = await eventually(() => {
      const found = world.waiting(...names).filter(({ queue_name }) => queue_name === "deferred");
      return found.length === names.length && found;
    });
    for (const { recipients } of waiting) {
      expect(recipients[0].delay_reason).toMatch(/451 4\.3\.2 the scanner is not there/);
    }
    world.guests.open();
    const opened = Date.now() / 1000;
    const arrived = await world.arrive(names);
    expect(Math.max(...arrived.map(({ time }) => time)) - opened).toBeLessThan(60);
    expect(arrived.map(mark)).toEqual(names.map(() => expect.stringMatching(/^ham;/)));
  });

  test("a scanner that starts late gets the mail of the meantime", async () => {
    await world.guests.stop();
    await eventually(() => world.judge.state().scannerState !== "up");
    await world.deliver([mailTo("early")]);
    await sleep(1000);
    await world.guests.start();
    expect(mark((await world.arrive(["early"]))[0])).toMatch(/^ham;/);
  });

  test("after its time mail goes on without a scanner, marked or into quarantine", async () => {
    await world.guests.stop();
    await world.restart({ deliverUnscannedAfter: "5s" });
    const sent = mailTo("unscanned");
    await world.deliver([sent]);
    const [arrived] = await world.arrive(["unscanned"]);
    above(arrived, sent);
    expect(mark(arrived)).toBe("not scanned (the scanner did not come to it in time)");

    await world.restart({ deliverUnscannedAfter: "5s", unscanned: "quarantine" });
    await world.deliver([mailTo("unscanned.kept")]);
    const [{ facts }] = await eventually(() => {
      const kept = world.kept("unscanned.kept");
      return kept.length > 0 && kept;
    });
    expect(facts).toMatchObject({
      verdict: "not analysed",
      reason: "the scanner did not come to it in time",
    });
    await world.guests.start();
  });

  test("a scanner that calls nearly all mail bad is not believed (J10)", async () => {
    await world.restart();
    await eventually(() => world.judge.state().scannerState === "up");
    const names = numbered("called", 60);
    await world.deliver(
      names.map((name) => mailTo(name, { mood: "high" })),
      { connections: 5 },
    );
    await eventually(() => world.counts(names).filter(Boolean).length > 0);
    await world.settled();
    const arrived = names.filter((name) => world.counts([name])[0] === 1);
    const kept = names.filter((name) => world.kept(name).length === 1);
    expect(arrived.length + kept.length).toBe(60);
    expect(kept.length).toBeLessThanOrEqual(50);
    const [first] = world.sink.arrivedFor(`${arrived[0]}@example.com`);
    expect(mark(first)).toContain("delivered, since nearly all mail is called so");
    await eventually(() => world.judge.state().suspicious === true);
  });
});
