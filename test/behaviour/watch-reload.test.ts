import { setTimeout as sleep } from "node:timers/promises";
import { eventually, PolicyWorld } from "../../lab";
import { describeWith } from "../support/requirements";

const DOWN = "[mx1.example.net]:25";
const UP = "[mx3.example.net]:25";

describeWith(PolicyWorld.NEEDS, "the watch, given another section while it runs,", () => {
  let world: PolicyWorld;

  const connections = () =>
    world.primary("mx3.example.net").postfix.log().split(" connect from").length - 1;
  const publications = () => world.watch.log().match(/^recipients of .*$/gm) ?? [];
  const reload = (interval: string, ...domains: string[]) =>
    world.watch.reload({ interval, domains });
  /** What Postfix is told follows within a second or two; a question to a primary that is down takes ten. */
  const soon = <T>(question: () => T) => eventually(question, 8);

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [
        { name: "one.example", primaries: [{ hostname: "mx1.example.net" }] },
        { name: "two.example", primaries: [{ hostname: "mx3.example.net" }] },
      ],
    });
    await world.primary("mx1.example.net").refuse();
    await eventually(() => world.watch.outages().join() === "one.example");
  });

  afterAll(() => world?.close());

  test("has a new domain in the table at once whose primaries are known to be down", async () => {
    const asked = () => world.watch.log().split(`primary ${DOWN} is `).length;
    const before = asked();
    await reload(
      "10m",
      `new.example accept ${DOWN}`,
      `one.example accept ${DOWN}`,
      `two.example accept ${UP}`,
    );
    await soon(() => world.watch.outages().join() === "new.example,one.example");
    expect(asked()).toBe(before);
  });

  test("forgets nothing of an outage", () => {
    expect(publications()).toEqual([
      "recipients of one.example are accepted unverified",
      "recipients of new.example are accepted unverified",
    ]);
  });

  test("does not ask a primary that stays out of turn", async () => {
    const before = connections();
    await reload("10m", `one.example accept ${DOWN}`, `two.example accept ${UP}`);
    await sleep(6000);
    expect(connections()).toBe(before);
    expect(world.watch.states().get(UP)).toBe("up");
  });

  test("has no domain in the table that is gone, or that no longer accepts", async () => {
    await reload("10m", `new.example accept ${DOWN}`, `one.example accept ${DOWN}`);
    await soon(() => world.watch.outages().length === 2);
    await reload("10m", `one.example defer ${DOWN}`);
    await soon(() => world.watch.outages().length === 0);
    expect((await world.ask("stranger@one.example")).rcpt[0].code).toBe(450);
    await reload("10m", `one.example accept ${DOWN}`);
    await soon(() => world.watch.outages().join() === "one.example");
    expect((await world.ask("stranger@one.example")).rcpt[0].code).toBe(250);
  });

  test("asks a new primary at once, and a domain with one that is up is in no outage", async () => {
    // The watch had forgotten it.
    expect([...world.watch.states().keys()]).toEqual([DOWN]);
    const before = connections();
    await reload("10m", `one.example accept ${DOWN} ${UP}`);
    await soon(() => world.watch.states().get(UP) === "up");
    expect(connections()).toBe(before + 1);
    expect(world.watch.outages()).toEqual([]);
  });

  test("forgets a primary that is gone", async () => {
    await reload("10m", `two.example accept ${UP}`);
    await soon(() => world.watch.states().size === 1);
    await reload("10m", `one.example accept ${DOWN}`, `two.example accept ${UP}`);
    await soon(() => world.watch.states().get(DOWN) === "unknown");
    expect(world.watch.outages()).toEqual([]);
    await eventually(() => world.watch.outages().join() === "one.example");
  });

  test("asks more often from now on, when the interval is shorter", async () => {
    const before = connections();
    await reload("5s", `one.example accept ${DOWN}`, `two.example accept ${UP}`);
    expect(await soon(() => connections() > before)).toBe(true);
  });

  test.each([
    ["no JSON", "{"],
    ["no section", JSON.stringify({ interval: "5s" })],
    ["no primaries", JSON.stringify({ interval: "5s", domains: ["one.example accept"] })],
    [
      "this host itself",
      JSON.stringify({ interval: "5s", domains: ["one.example accept [127.0.0.1]:25"] }),
    ],
  ])("keeps the old one if what it finds is %s, and says so", async (_, text) => {
    const complaints = () =>
      world.watch.log().split("cannot be read, and the old one stays").length;
    const before = complaints();
    world.watch.confuse(text);
    await soon(() => complaints() > before);
    expect(world.watch.outages()).toEqual(["one.example"]);
    expect(world.watch.states().get(UP)).toBe("up");
  });

  test("takes the next one that it can read", async () => {
    await reload("5s", `two.example accept ${DOWN}`);
    expect(await soon(() => world.watch.outages().join() === "two.example")).toBe(true);
  });
});
