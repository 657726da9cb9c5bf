import { setTimeout as sleep } from "node:timers/promises";
import {
  eventually,
  type NetworkHost,
  PolicyWorld,
  type Primary,
  SLOW_SECONDS,
  SmtpConnection,
} from "../../lab";
import { describeWith } from "../support/requirements";

const ATTACKER = "192.0.2.66";
const CONNECTIONS = 60;
const QUESTIONS = 20;

/** What one connection of somebody hears who tries out recipients until he is told to stop. */
async function guess(from: NetworkHost, name: string, goesOn: () => boolean): Promise<number[]> {
  const codes: number[] = [];
  const connection = new SmtpConnection(from, PolicyWorld.BACKUP);
  try {
    codes.push((await connection.reply()).code);
    for (const line of ["EHLO attacker.example", "MAIL FROM:<someone@attacker.example>"]) {
      await connection.command(line);
    }
    for (let n = 0; goesOn(); n++) {
      codes.push((await connection.command(`RCPT TO:<${name}-${n}@example.com>`)).code);
    }
  } catch {
    // The backup has hung up.
  } finally {
    connection.quit();
  }
  return codes;
}

describeWith(PolicyWorld.NEEDS, "somebody who tries out recipients", () => {
  let world: PolicyWorld;
  let attacker: NetworkHost;
  let primary: Primary;

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
      // As by default: who has been tested once is not kept waiting again.
      props: { greetTest: true },
      records: { "attacker.example": [`A ${ATTACKER}`] },
    });
    attacker = world.addHost("attacker", ATTACKER);
    primary = world.primary();
    expect((await world.ask("anna@example.com")).rcpt[0].code).toBe(250);
    // The worst case: each question keeps the primary busy for seconds.
    await primary.become("slow");
  });

  afterAll(() => world?.close());

  test("neither hammers the primary nor shuts honest senders out", async () => {
    let goesOn = true;
    const storm = Array.from({ length: CONNECTIONS }, (_, n) =>
      guess(attacker, `guess-${n}`, () => goesOn),
    );
    // From now on the primary has as many questions as it will ever have.
    await eventually(() => primary.probes().length > 1);
    const honest: number[] = [];
    for (let question = 0; question < QUESTIONS; question++) {
      const begin = Date.now();
      expect((await world.ask("anna@example.com")).rcpt[0].code).toBe(250);
      honest.push((Date.now() - begin) / 1000);
      await sleep(1000);
    }
    goesOn = false;
    const outcomes = await Promise.all(storm);
    const refused = outcomes.filter(([greeting]) => greeting === 421);
    const guesses = outcomes.flatMap(([, ...answers]) => answers);
    const busiest = mostAtOnce(primary.postfix.log());
    process.stdout.write(
      `${CONNECTIONS} connections at once: ${refused.length} refused; honest senders waited at most ${Math.max(...honest).toFixed(1)} s; the primary was asked ${primary.probes().length} times, at most ${busiest} at once\n`,
    );
    // He waits less than for a single question to the primary, let alone for those before his.
    expect(Math.max(...honest)).toBeLessThan(SLOW_SECONDS);
    expect(refused.length).toBeGreaterThanOrEqual(CONNECTIONS - 20);
    expect(guesses.length).toBeGreaterThan(1);
    expect(guesses.filter((code) => code === 250)).toEqual([]);
    // Five questions, and the watch.
    expect(busiest).toBeGreaterThan(1);
    expect(busiest).toBeLessThanOrEqual(6);
  });
});

/** How many connections of the backup a primary had at the same time. */
function mostAtOnce(log: string): number {
  let now = 0;
  let most = 0;
  for (const [, word] of log.matchAll(/ (connect|disconnect) from mx2\.example\.net\[/g)) {
    now += word === "connect" ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}
