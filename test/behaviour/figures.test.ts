import { eventually, Judge, PolicyWorld } from "../../lab";
import { Monitoring, Scanner } from "../../lib";
import { JUDGE_SECTION } from "../support/judge-section";
import { describeWith } from "../support/requirements";

describeWith(PolicyWorld.NEEDS, "the figures of a host with a real Postfix", () => {
  let world: PolicyWorld;
  let judge: Judge;

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
      props: {
        scanner: Scanner.mailScanner(),
        monitoring: Monitoring.toTopic("arn:aws:sns:eu-central-1:111122223333:alarms"),
      },
      // Where the host finds out whether port 25 is open.
      records: { "inbound-smtp.us-east-1.amazonaws.com": ["A 192.0.2.110"] },
    });
    // It has no scanner: what is to be judged waits.
    judge = await Judge.start(world.backup, JUDGE_SECTION);
  });

  afterAll(async () => {
    await judge?.kill();
    await world?.close();
  });

  function figures(): { [name: string]: number } {
    const lines = world.backup.run("/usr/local/sbin/backup-mx-figures").trim().split("\n");
    return Object.fromEntries(
      lines.map((line) => {
        expect(line).toMatch(/^[A-Za-z0-9]+ \d+ (Count|Seconds|Percent)$/);
        const [name, value] = line.split(" ");
        return [name, Number(value)];
      }),
    );
  }

  test("are those of an idle host", () => {
    expect(figures()).toEqual({
      Ready: 0,
      QueueLength: 0,
      Refused: 0,
      OldestMessage: 0,
      Unjudged: 0,
      OldestUnjudged: 0,
      VerdictStandstill: 0,
      ScannerAlive: 0,
      Quarantined: 0,
      QuarantineFull: 0,
      Unscanned: 0,
      DiskUsed: expect.any(Number),
      MemoryUsed: expect.any(Number),
      ...("CertificateDays" in figures() ? { CertificateDays: expect.any(Number) } : {}),
      PrimariesUnreachable: 0,
      SmallPrimaries: expect.any(Number),
      OutboundPort25: 1,
    });
  });

  test("tell of mail that nobody judges, and of a primary that is down", async () => {
    const before = Date.now();
    for (const subject of ["one", "two"]) {
      const { data } = await world.send("anna@example.com", subject);
      expect(data?.code).toBe(250);
    }
    await world.primary().refuse();
    await eventually(() => figures().PrimariesUnreachable === 1);
    const found = figures();
    expect(found).toMatchObject({ QueueLength: 2, Unjudged: 2, PrimariesUnreachable: 1 });
    const { OldestMessage, OldestUnjudged, VerdictStandstill } = found;
    expect([OldestUnjudged, VerdictStandstill]).toEqual([OldestMessage, OldestMessage]);
    expect(OldestMessage).toBeGreaterThanOrEqual(2);
    expect(OldestMessage).toBeLessThanOrEqual(Math.ceil((Date.now() - before) / 1000));
  });

  test("are the same as those of the command", () => {
    const told = JSON.parse(world.backup.run("/usr/local/sbin/backup-mx", "--json"));
    expect(told).toMatchObject({
      set_up: false,
      takes_mail: true,
      primaries: { "[mx1.example.com]:25": "down" },
      domains: {},
      scanner: false,
    });
    expect(figures()).toMatchObject({
      QueueLength: told.queued,
      Unjudged: told.unjudged,
      DiskUsed: Math.max(told.disk_used_percent, told.root_disk_used_percent),
    });
  });

  test("of the primaries are left out when the watch is dead", async () => {
    world.watch.growOld();
    // A watch that lives keeps it young.
    await eventually(() => "PrimariesUnreachable" in figures());
    await world.watch.kill();
    world.watch.growOld();
    expect(figures()).not.toHaveProperty("PrimariesUnreachable");
    expect(world.backup.run("/usr/local/sbin/backup-mx")).toContain(
      "THE WATCH OF THE PRIMARIES DOES NOT RUN",
    );
    await world.watch.start();
    await eventually(() => figures().PrimariesUnreachable === 1);
  });
});
