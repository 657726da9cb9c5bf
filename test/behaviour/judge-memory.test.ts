import { createHash } from "node:crypto";
import { JudgeWorld, mailTo } from "../support/judge/judge-world";
import { describeWith } from "../support/requirements";

const MEGABYTE = 1_000_000;
const SIZE = 20 * MEGABYTE;
const COUNT = 50;
/** Resident memory of the judge in MiB, whatever it has in hand. */
const MOST = 100;

describeWith(JudgeWorld.NEEDS, "the judge under large mail", () => {
  let world: JudgeWorld;

  beforeAll(async () => {
    world = await JudgeWorld.open();
  });

  afterAll(() => world?.close());

  test("50 large mails at once stay on the disk and arrive whole", async () => {
    const names = Array.from({ length: COUNT }, (_, n) => `large${n}`);
    const mails = names.map((name) => mailTo(name, { fill: SIZE }));
    world.change("defer_transports=judge");
    await world.deliver(mails, { connections: 4 });
    world.change("defer_transports=");
    world.backup.run("postqueue", "-f");
    const arrived = await world.arrive(names);
    expect(world.judge.memory()).toBeLessThan(MOST);
    const body = mails[0].data.slice(mails[0].data.indexOf("\r\n\r\n") + 4);
    const line = `${"x".repeat(98)}\r\n`;
    const expected = createHash("sha256")
      .update(Buffer.from(body, "latin1"))
      .update(line.repeat(SIZE / line.length))
      .digest("hex");
    expect(new Set(arrived.map(({ digest }) => digest))).toEqual(new Set([expected]));
    await world.settled();
    expect(world.counts(names)).toEqual(names.map(() => 1));
  });
});
