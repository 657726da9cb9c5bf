import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, succeed } from "../../lab";
import { above, JudgeWorld, mailTo, mark } from "../support/judge/judge-world";
import { describeWith } from "../support/requirements";

const JOURNALCTL = "/usr/local/sbin/journalctl";
const SPOOL = "/var/spool/backup-mx/judge";
const QUARANTINE = "/var/spool/backup-mx/quarantine";
/** A host waits for longer before it believes the log. */
const SETTLED = "judge.doubt:SETTLED=2";

/** Steps at which the judge ends, the mood of the mail, and whether hop 2 has the mail already. */
const STEPS: readonly (readonly [step: string, mood: string])[] = [
  ["judge.lmtp:Session._judge:before", "ham"],
  ["judge.judging:Judging._verdict:after", "ham"],
  ["judge.ledger:Ledger.begin:before", "ham"],
  ["judge.ledger:Ledger.begin:after", "ham"],
  ["judge.hop:hand_on:before", "ham"],
  ["judge.hop:hand_on:after", "ham"],
  ["judge.ledger:Ledger.end:before", "ham"],
  ["judge.ledger:Ledger.end:after", "ham"],
  ["judge.quarantine:Quarantine.put:before", "high"],
  ["judge.quarantine:Quarantine._sync:before", "high"],
  ["judge.quarantine:Quarantine.put:after", "high"],
  ["judge.ledger:Ledger.end:after", "high"],
];

describeWith(JudgeWorld.NEEDS, "faults around the judge", () => {
  let world: JudgeWorld;

  beforeAll(async () => {
    world = await JudgeWorld.open({ env: { SET: SETTLED } });
  });

  afterAll(() => world?.close());

  /** A mail whose judge ends at a step, before it is there again. */
  async function killedAt(step: string, name: string, mood: string): Promise<void> {
    const KILLED = `/run/backup-mx-judge/killed-${name}`;
    await world.restart({}, { KILL_AT: step, KILLED, SET: SETTLED });
    await world.deliver([mailTo(name, { mood })]);
    await eventually(() => !world.judge.isRunning);
  }

  const deferred = (name: string, reason: RegExp) =>
    eventually(() => {
      const [mail] = world.waiting(name);
      return (
        mail?.queue_name === "deferred" &&
        reason.test(mail.recipients[0].delay_reason ?? "") &&
        mail
      );
    });

  /** A folder of the judge on a small disk of its own, as long as something is done. */
  async function onSmallDisk(
    folder: string,
    size: string,
    done: () => Promise<void>,
  ): Promise<void> {
    world.backup.run("mount", "-t", "tmpfs", "-o", `size=${size},mode=777`, "tmpfs", folder);
    try {
      await done();
    } finally {
      world.backup.run("umount", "--lazy", folder);
    }
  }

  test.each(STEPS)(
    "the judge ends at %s: the mail (%s) is neither lost nor doubled",
    async (step, mood) => {
      const name = `kill${STEPS.findIndex((one) => one[0] === step && one[1] === mood)}`;
      await killedAt(step, name, mood);
      await world.restart();
      await world.settled(60);
      const copies = mood === "high" ? world.kept(name).length : world.counts([name])[0];
      expect(copies).toBe(1);
      expect(world.counts([name])).toEqual([mood === "high" ? 0 : 1]);
    },
  );

  test("where even the log does not tell, a mail arrives twice, and that is counted (J13)", async () => {
    await killedAt("judge.ledger:Ledger.end:before", "twice", "ham");
    const journalctl = readFileSync(world.backup.path(JOURNALCTL), "utf8");
    world.backup.write({ [JOURNALCTL]: "#!/bin/sh\n" });
    await world.restart();
    await world.settled(60);
    expect(world.counts(["twice"])).toEqual([2]);
    await eventually(() => world.judge.state().doubtful === 1);
    world.backup.write({ [JOURNALCTL]: journalctl });
  });

  test("of three recipients the two that hop 2 had taken do not get it again", async () => {
    world.hopTwoSays("/^partly-later/ 450 4.2.0 later");
    const KILLED = "/run/backup-mx-judge/killed-partly";
    const KILL_AT = "judge.ledger:Ledger.end:before";
    await world.restart({}, { KILL_AT, KILLED, SET: SETTLED });
    await world.deliver([mailTo(["partly0", "partly-later", "partly1"])]);
    await eventually(() => !world.judge.isRunning);
    world.hopTwoSays();
    await world.restart();
    await world.settled(60);
    expect(world.counts(["partly0", "partly-later", "partly1"])).toEqual([1, 1, 1]);
  });

  test("hop 2 that answers too late has the mail once (J12)", async () => {
    await world.restart({}, { SET: `judge.settings:HOP=3 ${SETTLED}` });
    world.change("judged/unix/smtpd_end_of_data_restrictions=sleep,6");
    await world.deliver([mailTo("late")]);
    const { queue_id } = await deferred("late", /hop 2 gave no answer/);
    world.change("judged/unix/smtpd_end_of_data_restrictions=");
    await world.arrive(["late"]);
    world.backup.run("postqueue", "-i", queue_id);
    await world.settled(60);
    expect(world.counts(["late"])).toEqual([1]);
    await world.restart();
  });

  test("a mail that Postfix gives up before its verdict is not handed on", async () => {
    const run = (...args: string[]) =>
      succeed(world.backup.command("python3", `${__dirname}/../support/judge/lmtp.py`, ...args));
    expect(await run("GaveUp0123456", "gave.up@example.com", "slow=3", "1")).toBe("hung up\n");
    await sleep(4000);
    await world.settled();
    expect(world.counts(["gave.up"])).toEqual([0]);
  });

  test("a second try of a mail in hand joins the first", async () => {
    const run = () =>
      succeed(
        world.backup.command(
          "python3", `${__dirname}/../support/judge/lmtp.py`, "Joined0123456", "joined@example.com", "slow=2", "60",
        ), // biome-ignore format: reads as the command line
      );
    const [first, second] = await Promise.all([run(), run()]);
    expect(first).toMatch(/^250 /);
    expect(second).toBe(first);
    await world.settled();
    expect(world.counts(["joined"])).toEqual([1]);
  });

  test("150 mails arrive without Postfix's pauses when the judge is killed and is back at once (J18)", async () => {
    const names = Array.from({ length: 150 }, (_, n) => `crowd${n}`);
    // Postfix by itself would try again in an hour.
    world.change("defer_transports=judge", "minimal_backoff_time=1h", "maximal_backoff_time=1h");
    await world.deliver(
      names.map((name) => mailTo(name, { mood: "slow=0.05" })),
      { connections: 5 },
    );
    world.change("defer_transports=");
    world.backup.run("postqueue", "-f");
    await eventually(() =>
      world.sink.arrived().some(({ envelope }) => /crowd/.test(envelope.join())),
    );
    await world.judge.kill();
    await world.restart();
    await world.arrive(names);
    await world.settled();
    expect(world.counts(names)).toEqual(names.map(() => 1));
    world.change("minimal_backoff_time=1m", "maximal_backoff_time=10m");
  });

  test("a damaged ledger is set aside, and mail goes on", async () => {
    await world.judge.kill();
    world.backup.run(
      "sh",
      "-c",
      `for f in ${SPOOL}/ledger.db*; do head -c 8192 /dev/urandom | dd of=$f conv=notrunc; done`,
    );
    await world.restart();
    await world.deliver([mailTo("damaged")]);
    await world.arrive(["damaged"]);
    expect(world.judge.log()).toContain("the ledger is damaged and set aside");
    expect(world.backup.run("ls", SPOOL)).toContain("ledger.db.damaged");
  });

  test("a full disk in the judge's folders makes mail wait, with the reason in the queue", async () => {
    const large = mailTo("large", { fill: 500_000 });
    await onSmallDisk(`${SPOOL}/spool`, "200k", async () => {
      await world.deliver([large, mailTo("small")]);
      await deferred("large", /452 4\.3\.1 the judge has no room: No space left on device/);
      await world.arrive(["small"]);
    });
    world.backup.run("postqueue", "-f");
    await world.arrive(["large"]);

    await world.judge.kill();
    await onSmallDisk(SPOOL, "1m", async () => {
      world.backup.run("install", "-d", "-m", "777", `${SPOOL}/spool`);
      await world.restart();
      world.backup.run("sh", "-c", `head -c 5000000 /dev/urandom > ${SPOOL}/fill || true`);
      await world.deliver([mailTo("ledger")]);
      const { queue_id } = await deferred("ledger", /451 .*ledger: .*(full|disk)/);
      world.backup.run("rm", `${SPOOL}/fill`);
      world.backup.run("postqueue", "-i", queue_id);
      await world.arrive(["ledger"]);
      await world.settled();
      expect(world.counts(["ledger"])).toEqual([1]);
      await world.judge.kill();
    });
    expect(world.judge.log()).not.toMatch(/Traceback|set aside.*full/);
    await world.restart();
  });

  test("a full quarantine delivers or waits, as it is told", async () => {
    const sent = mailTo("full.deliver", { mood: "high", fill: 200_000 });
    await onSmallDisk(QUARANTINE, "100k", async () => {
      await world.restart();
      await world.deliver([sent]);
      const [arrived] = await world.arrive(["full.deliver"]);
      expect(mark(arrived)).toMatch(/^high spam;.*; the quarantine is full$/);

      await world.restart({ quarantineWhenFull: "wait" });
      await world.deliver([{ ...sent, rcpt: ["RCPT TO:<full.wait@example.com>"] }]);
      await deferred("full.wait", /the quarantine is full/);
    });
    await world.restart();
    await eventually(() => world.kept("full.wait").length === 1);
    await world.settled();
    expect(world.counts(["full.wait"])).toEqual([0]);
  });

  test("a quarantine that cannot be written makes mail wait", async () => {
    await onSmallDisk(QUARANTINE, "400k", async () => {
      await world.restart({ quarantineShare: "99" });
      world.backup.run("sh", "-c", `head -c 5000000 /dev/urandom > ${QUARANTINE}/fill || true`);
      await world.deliver([mailTo("unwritten", { mood: "high" })]);
      await deferred("unwritten", /the quarantine cannot be written/);
    });
    await world.restart();
    await eventually(() => world.kept("unwritten").length > 0);
    await world.settled();
    expect(world.kept("unwritten")).toHaveLength(1);
  });

  test("mail in hand when Postfix's master is killed arrives once", async () => {
    const names = Array.from({ length: 6 }, (_, n) => `master${n}`);
    const sent = names.map((name) => mailTo(name, { mood: "slow=1" }));
    await world.deliver(sent);
    await eventually(() => world.judge.state().inHand > 0 || world.counts(names).some(Boolean));
    const pid = Number(
      readFileSync(world.backup.path("/var/spool/postfix/pid/master.pid"), "utf8"),
    );
    process.kill(pid, "SIGKILL");
    await sleep(500);
    await world.backup.start();
    world.backup.run("postqueue", "-f");
    const arrived = await world.arrive(names);
    // An lmtp of the old master may still hold one, which qmgr then looks at again after 300 s.
    await eventually(() => {
      world.backup.run("postqueue", "-f");
      return world.backup.queue().length === 0;
    });
    arrived.forEach((mail, n) => {
      above(mail, sent[n]);
    });
    expect(world.counts(names)).toEqual(names.map(() => 1));
  });
});
