import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Crowd, eventually, PolicyWorld } from "../../lab";
import { describeWith } from "../support/requirements";

const PRIMARIES = 1000;
/** Connections to them vanish; lookups of the names of the others do. */
const HOLES = 100;
const MUTE = 50;
const DOMAINS = 10_000;
const SECONDS = 120;

const primary = (n: number) => {
  const kind = n < HOLES ? "hole" : n < HOLES + MUTE ? "mute" : "mx";
  return `${kind}${n}.crowd.example`;
};
const domain = (n: number) => `d${n}.example`;
/** How many domains have a primary that is there. */
const REACHED = (DOMAINS * (PRIMARIES - HOLES - MUTE)) / PRIMARIES;
/** Domains with mail. */
const WAITING = [997, 998, 999];

/** Stands before a program of Postfix and counts. */
const counted = (name: string) => ({
  [`/usr/local/sbin/${name}`]: `#!/bin/sh\necho "$*" >>/run/${name}.calls\nexec /usr/sbin/${name} "$@"\n`,
});

describeWith(PolicyWorld.NEEDS, "a thousand primaries of ten thousand domains", () => {
  let world: PolicyWorld;
  let crowd: Crowd;

  const calls = (name: string) => {
    const path = world.backup.path(`/run/${name}.calls`);
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  };
  const report = (text: string) => process.stdout.write(`${text}\n`);

  beforeAll(async () => {
    const names = WAITING.map(domain);
    world = await PolicyWorld.open({
      domains: WAITING.map((n) => ({
        name: domain(n),
        primaries: [{ hostname: primary(n) }],
      })),
      gone: names,
      resolver: async (world) => {
        const host = world.addHost("crowd", "192.0.2.200");
        crowd = await Crowd.start(host, world.host);
        world.atEnd(() => crowd.stop());
        return host.address;
      },
    });
    world.backup.write({ ...counted("postmap"), ...counted("postqueue") });
  });

  afterAll(() => world?.close());

  test("are known, each for a minute at most", async () => {
    const before = world.watch.cost();
    const begin = Date.now();
    await world.watch.reload({
      interval: "30s",
      domains: Array.from(
        { length: DOMAINS },
        (_, n) => `${domain(n)} accept [${primary(n % PRIMARIES)}]:25`,
      ),
    });
    const ages: number[] = [];
    let files = 0;
    while (Date.now() - begin < SECONDS * 1000) {
      ages.push(world.watch.oldestAnswer());
      files = Math.max(files, world.watch.cost().files);
      await sleep(500);
    }
    const cost = world.watch.cost();
    report(
      `the oldest answer was ${Math.max(...ages).toFixed(0)} s old; ${(((cost.seconds - before.seconds) * 100) / SECONDS).toFixed(1)} % of a processor, ${cost.mebibytes} MiB, ${files} files`,
    );
    expect(Math.max(...ages)).toBeLessThanOrEqual(60);
    // They are ages of answers, not of a clock.
    expect(Math.max(...ages)).toBeGreaterThan(20);
  });

  test("are told apart, whatever the others do", () => {
    const states = world.watch.states();
    const wrong = Array.from({ length: PRIMARIES }, (_, n) => primary(n)).filter(
      (name) => states.get(`[${name}]:25`) !== (name.startsWith("mx") ? "up" : "down"),
    );
    expect(wrong).toEqual([]);
    expect(world.watch.log()).not.toMatch(/primary \[mx\d+\.crowd\.example\]:25 is down/);
    expect(world.watch.outages()).toHaveLength(DOMAINS - REACHED);
  });

  test("go down all at once", async () => {
    const [maps, begin] = [calls("postmap").length, Date.now()];
    await crowd.refuse();
    await eventually(() => world.watch.outages().length === DOMAINS);
    const seconds = (Date.now() - begin) / 1000;
    // The test looks into the table with postmap as well.
    const writes = calls("postmap")
      .slice(maps)
      .filter((line) => !line.startsWith("-s"));
    report(
      `all were in the table after ${seconds.toFixed(0)} s, by ${writes.length} runs of postmap`,
    );
    expect(writes.length).toBeLessThan(100);
    for (const n of WAITING) {
      expect(await world.send(`anna@${domain(n)}`)).toMatchObject({ data: { code: 250 } });
    }
    await eventually(
      () =>
        world.backup.queue().filter((mail) => mail.queue_name === "deferred").length ===
        WAITING.length,
    );
  });

  test("come back all at once, and what waits is sent", async () => {
    const [maps, queues, begin] = [calls("postmap").length, calls("postqueue").length, Date.now()];
    await crowd.greet();
    await eventually(() => world.watch.outages().length === DOMAINS - REACHED);
    const seconds = (Date.now() - begin) / 1000;
    const flushed = () => calls("postqueue").slice(queues);
    await eventually(() => WAITING.every((n) => flushed().includes(`-s ${domain(n)}`)));
    // Each is flushed three times.
    await sleep(70_000);
    const writes = calls("postmap")
      .slice(maps)
      .filter((line) => !line.startsWith("-s"));
    const runs = flushed();
    report(
      `all had left it after ${seconds.toFixed(0)} s, by ${writes.length} runs of postmap; ${runs.length} runs of postqueue`,
    );
    expect(runs).not.toContain("-f");
    expect(writes.length).toBeLessThan(100);
    expect(runs.length).toBeLessThan(200);
  });
});
