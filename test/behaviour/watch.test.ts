import { setTimeout as sleep } from "node:timers/promises";
import { eventually, message, PolicyWorld, type Primary } from "../../lab";
import { RecipientVerification, WhenUnreachable } from "../../lib";
import { describeWith } from "../support/requirements";

/** One primary serves two domains, of which one wants strangers deferred whatever happens. */
const DOMAINS = [
  { name: "open.example", whenUnreachable: WhenUnreachable.ACCEPT },
  { name: "strict.example", whenUnreachable: WhenUnreachable.DEFER },
];

describeWith(PolicyWorld.NEEDS, "the watch of the primaries", () => {
  let world: PolicyWorld;
  let primary: Primary;
  /** When the primary went down. */
  let down: number;

  const send = async (to: string, data?: string) => (await world.say({ to, data })).rcpt[0].code;

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: DOMAINS.map(({ name, whenUnreachable }) => ({
        name,
        primaries: [{ hostname: "mx1.example.net" }],
        recipients: RecipientVerification.callOut({ whenUnreachable }),
      })),
      // Nothing but the watch can deliver within the time of this test.
      props: {
        postfixSettings: {
          queue_run_delay: "1h",
          minimal_backoff_time: "1h",
          maximal_backoff_time: "2h",
        },
      },
    });
    primary = world.primary();
  });

  afterAll(() => world?.close());

  test("asks politely", async () => {
    expect(world.watch.states().get("[mx1.example.net]:25")).toBe("up");
    await eventually(() => / ehlo=1 quit=1 commands=2$/m.test(primary.postfix.log()));
    expect(primary.postfix.log()).not.toMatch(/improper command|lost connection/);
  });

  test("does not take one failure for an outage", async () => {
    expect(await send("nobody@open.example")).toBe(550);
    await primary.refuse();
    down = Date.now();
    expect(await send("early@open.example")).toBe(450);
  });

  test("lets Postfix accept strangers while the primary is down, where that is wanted", async () => {
    await eventually(() => world.watch.outages().length > 0);
    // The first failure comes within five seconds, the second five seconds after it.
    expect(Date.now() - down).toBeGreaterThan(4900);
    expect(world.watch.outages()).toEqual(["open.example"]);
    expect(await send("anna@open.example", message("hello"))).toBe(250);
    expect(await send("stranger@open.example")).toBe(250);
    // Nobody waits for a probe.
    expect(world.backup.log()).not.toContain("to=<stranger@open.example>");
    expect(await send("anna@strict.example")).toBe(450);
  });

  test("killed, leaves nobody accepted unverified, and says so to the operator", async () => {
    await eventually(() => world.backup.queue().length === 1);
    await world.watch.kill();
    world.watch.hasEnded("signal");
    expect(world.watch.outages()).toEqual([]);
    // Processes of Postfix that had the table open before must see that, too.
    expect(await send("other@open.example")).toBe(450);
    const alarm = /the watch of the primaries failed \(signal\); recipients are verified strictly/;
    await eventually(() => alarm.test(world.backup.log()));
    // One letter an hour is enough.
    const letters = () =>
      world.backup.queue().filter(({ sender }) => sender === `root@${PolicyWorld.HOSTNAME}`);
    await eventually(() => letters().length === 1);
    world.watch.hasEnded("watchdog");
    await sleep(1000);
    expect(letters()).toHaveLength(1);
  });

  test("started again, finds the outage again", async () => {
    await world.watch.start();
    await eventually(() => world.watch.outages().includes("open.example"));
    expect(await send("nobody@open.example")).toBe(250);
  });

  test("has the mail delivered at the return, without waiting for Postfix to look again", async () => {
    expect(world.backup.queue().map(({ sender }) => sender)).toContain("someone@sender.example");
    await primary.become("up");
    await eventually(() => primary.messages("anna@open.example").length === 1);
    expect(world.watch.outages()).toEqual([]);
    expect(await send("nobody@open.example")).toBe(550);
  });
});
