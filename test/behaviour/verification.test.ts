import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { eventually, PolicyWorld, Primary, SLOW_SECONDS, type SmtpReply, smtp } from "../../lab";
import { describeWith } from "../support/requirements";

/** Where the world finds the backup: a translated address that its interface does not have. */
const PUBLIC = "192.0.2.225";
const SMARTHOST = "192.0.2.30";
/** A domain for each state of its primary, so that one backup can be asked for all at once. */
const DOMAINS = [
  "up.example",
  "slow.example",
  "greylisting.example",
  "refusing.example",
  "vanished.example",
];
const GONE = "gone.example";

/** One question to the backup, and the answer that the sender must hear. */
interface Cell {
  readonly situation: string;
  readonly to: string;
  readonly from?: string;
  readonly helo?: string;
  readonly code: number;
  readonly text?: RegExp;
  /** Whether the answer waits for that of the primary. @default false */
  readonly waits?: boolean;
}

const LOOKUP_FAILED = /5\.1\.1 .*Address lookup failed/;

const CELLS: Cell[] = [
  {
    situation: "primary up, unknown user",
    to: "nobody@up.example",
    code: 550,
    text: LOOKUP_FAILED,
  },
  { situation: "primary up, known user", to: "known@up.example", code: 250 },
  {
    situation: "primary answers after 8 s, unknown user",
    to: "nobody@slow.example",
    code: 550,
    text: LOOKUP_FAILED,
    waits: true,
  },
  { situation: "primary greylists the probe", to: "any@greylisting.example", code: 450 },
  { situation: "primary refuses, known and cached", to: "cached@refusing.example", code: 250 },
  { situation: "primary refuses, not cached", to: "any@refusing.example", code: 250 },
  { situation: "primary vanished, known and cached", to: "cached@vanished.example", code: 250 },
  {
    situation: "primary vanished, not cached",
    to: "any@vanished.example",
    code: 250,
  },
  {
    situation: "foreign domain",
    to: "someone@elsewhere.example",
    code: 554,
    text: /Relay access denied/,
  },
  {
    situation: "subdomain of a relay domain",
    to: "someone@sub.up.example",
    code: 554,
    text: /Relay access denied/,
  },
  {
    situation: "sender domain does not exist",
    from: "someone@nowhere.example",
    to: "known@up.example",
    code: 550,
    text: /Domain not found/,
  },
  {
    situation: "sender domain cannot be looked up",
    from: "someone@broken.example",
    to: "known@up.example",
    code: 450,
  },
  {
    situation: "HELO name does not exist",
    helo: "nowhere.example",
    to: "known@up.example",
    code: 450,
    text: /Host not found/,
  },
  {
    situation: "relay domain does not exist",
    to: "someone@gone.example",
    code: 550,
    text: /Domain not found/,
  },
  { situation: "the host's own postmaster", to: "postmaster@mx2.example.net", code: 250 },
];

describeWith(PolicyWorld.NEEDS, "the backup MX among a primary, a DNS server and senders", () => {
  let world: PolicyWorld;
  let translation: ChildProcess;
  let smarthost: Primary;

  const primary = (domain: string) => world.primary(`mx1.${domain}`);
  const ask = async (to: string): Promise<SmtpReply> => (await world.ask(to)).rcpt[0];
  const received = (by: Primary, user: string, subject: string) =>
    by.messages(user).some((text) => text.includes(`Subject: ${subject}\n`));
  const isDown = (domain: string) => world.watch.outages().includes(domain);
  const queued = () => world.backup.queue().flatMap((mail) => mail.recipients);

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [...DOMAINS, GONE].map((name) => ({
        name,
        primaries: [{ hostname: `mx1.${name}` }],
      })),
      gone: [GONE],
      users: ["known", "cached"],
      props: { postmaster: "operator@elsewhere.example", relayhost: "[smarthost.example.net]" },
      records: {
        "smarthost.example.net": [`A ${SMARTHOST}`],
        "sub.up.example": [`A ${PolicyWorld.SENDER}`],
        "broken.example": ["SERVFAIL"],
        // In a real network the translation hides this address; here the probes come from it.
        "private.mx2.example.net": [`A ${PolicyWorld.BACKUP}`],
      },
      publicAddress: PUBLIC,
    });
    const [command, ...args] = world
      .addHost("public", PUBLIC)
      .command("socat", "TCP-LISTEN:25,fork,reuseaddr", `TCP:${PolicyWorld.BACKUP}:25`);
    translation = spawn(command, args, { stdio: "ignore" });
    smarthost = await Primary.start(world.addHost("smart", SMARTHOST), {
      hostname: "smarthost.example.net",
      users: ["friend@elsewhere.example", "operator@elsewhere.example"],
      nameserver: world.dns.address,
    });
  });

  afterAll(async () => {
    await smarthost?.remove();
    if (translation?.exitCode === null) {
      const ended = once(translation, "exit");
      translation.kill();
      await ended;
    }
    await world?.close();
  });

  describe("what a sender hears", () => {
    const replies = new Map<Cell, SmtpReply>();
    /** The answer of the slow primary itself, to whom it does not know. */
    let slow: SmtpReply;

    beforeAll(async () => {
      for (const domain of ["refusing.example", "vanished.example"]) {
        expect((await ask(`cached@${domain}`)).code).toBe(250);
      }
      await Promise.all([
        world.become({ "mx1.slow.example": "slow", "mx1.greylisting.example": "greylisting" }),
        primary("refusing.example").refuse(),
      ]);
      primary("vanished.example").vanish();
      await eventually(() => ["refusing.example", "vanished.example"].every(isDown));
      const direct = smtp(world.sender, world.addressOf("mx1.slow.example"), {
        to: "stranger@slow.example",
      });
      await Promise.all(
        CELLS.map(async (cell) => {
          const { helo = "sender.example", from = "someone@sender.example", to } = cell;
          replies.set(cell, (await world.say({ helo, from, to })).rcpt[0]);
        }),
      );
      slow = (await direct).rcpt[0];
    });

    test.each(CELLS)("$situation: $code", (cell) => {
      const reply = replies.get(cell);
      expect(reply?.code).toBe(cell.code);
      expect(reply?.text).toMatch(cell.text ?? /./);
      if (cell.waits) {
        expect(reply?.seconds).toBeGreaterThan(SLOW_SECONDS - 1);
      }
      // Who need not wait for a primary is answered before the slow one has thought.
      expect(reply?.seconds).toBeLessThan(cell.waits ? 1.5 * slow.seconds : SLOW_SECONDS);
    });

    test("the primary was probed for its own addresses, and for nothing else", () => {
      const probes = primary("up.example").probes();
      expect([...new Set(probes)].sort()).toEqual(["known@up.example", "nobody@up.example"]);
      expect(world.backup.log()).not.toContain(`to=<someone@${GONE}>, relay=`);
    });
  });

  describe("an outage", () => {
    const user = "known@refusing.example";
    const stranger = "stranger@refusing.example";
    const waiting = (reason: RegExp) =>
      eventually(() => queued().some((mail) => reason.test(mail.delay_reason ?? "")));
    /**
     * More than it takes for Postfix to give a destination up for a while, and fewer than the
     * connections that a client may have.
     */
    const flood = Array.from({ length: 18 }, (_, n) => `flood ${n}`);

    test("mail is accepted while the primary is down, and waits", async () => {
      expect((await world.send(user, "outage")).data?.code).toBe(250);
      await waiting(/Connection refused/);
    });

    test("mail waits when the primary has vanished even from DNS", async () => {
      await world.dns.set({ ...world.records, "mx1.refusing.example": [] });
      world.backup.flush("refusing.example");
      await waiting(/Host or domain name not found/);
      expect(queued()).toHaveLength(1);
    });

    test("the backup never speaks to itself, nor bounces", () => {
      expect(world.backup.log()).not.toMatch(/loops back to myself|status=bounced/);
      expect(world.backup.log()).not.toMatch(new RegExp(`connect from .*\\[${PUBLIC}\\]`));
    });

    test("a flood of mail is accepted, and an unknown user, too", async () => {
      await world.dns.set(world.records);
      // One client may not have more than twenty connections at once.
      for (const some of [flood.slice(0, 12), flood.slice(12)]) {
        const replies = await Promise.all(some.map((subject) => world.send(user, subject)));
        expect(new Set(replies.map((reply) => reply.data?.code))).toEqual(new Set([250]));
      }
      await waiting(/delivery temporarily suspended/);
      expect((await ask(stranger)).code).toBe(250);
    });

    test("after the return every stranger is refused at the first question", async () => {
      await primary("refusing.example").become("up");
      await eventually(() => !isDown("refusing.example"));
      expect((await ask("new@refusing.example")).code).toBe(550);
      expect((await ask(stranger)).code).toBe(550);
    });

    test("what waited is delivered after the return", async () => {
      for (const subject of ["outage", ...flood]) {
        await eventually(() => received(primary("refusing.example"), user, subject));
      }
      expect(primary("refusing.example").messages(user)).toHaveLength(1 + flood.length);
      await eventually(() => queued().length === 0);
    });
  });

  test("mail for the primary bypasses the relay host, other mail takes it", async () => {
    // By a program of the host: at port 25 it is a stranger to itself.
    const write = (to: string) =>
      world.backup.run(
        ...["sh", "-c", 'printf "Subject: route\\n\\nHello\\n" | sendmail -i -f "$0" "$1"'],
        ...[`root@${PolicyWorld.HOSTNAME}`, to],
      );
    write("known@up.example");
    write("friend@elsewhere.example");
    await world.send(`postmaster@${PolicyWorld.HOSTNAME}`, "complaint");
    await eventually(() => received(primary("up.example"), "known@up.example", "route"));
    await eventually(() => received(smarthost, "friend@elsewhere.example", "route"));
    await eventually(() => received(smarthost, "operator@elsewhere.example", "complaint"));
    expect(smarthost.postfix.log()).not.toContain("@up.example");
  });
});
