import { setTimeout as sleep } from "node:timers/promises";
import { type DnsRecords, eventually, type Mood, PolicyWorld, type SmtpReplies } from "../../lab";
import { docsPart } from "../support/generated";
import { describeWith } from "../support/requirements";

/** What is wrong with the primaries of one domain, and what the watch must make of it. */
interface Row {
  readonly fault: string;
  readonly domain: string;
  /** How many primaries the domain has. @default 1 */
  readonly primaries?: number;
  /** How many of them it hits. @default - all */
  readonly hit?: number;
  readonly mood?: Mood | "refuse" | "vanish";
  /** What DNS says of the primary's name instead. */
  readonly records?: readonly string[];
  /** Whether the recipients of the domain are accepted unverified. */
  readonly isDown: boolean;
}

const ROWS: Row[] = [
  { fault: "none", domain: "fine.example", isDown: false },
  { fault: "refuses connections", domain: "refused.example", mood: "refuse", isDown: true },
  { fault: "packets vanish", domain: "vanished.example", mood: "vanish", isDown: true },
  {
    fault: "its name cannot be looked up",
    domain: "servfail.example",
    records: ["SERVFAIL"],
    isDown: true,
  },
  { fault: "its name does not exist", domain: "nxdomain.example", records: [], isDown: true },
  { fault: "greets after 25 s", domain: "late.example", mood: "late", isDown: false },
  { fault: "answers RCPT after 8 s", domain: "slow.example", mood: "slow", isDown: false },
  { fault: "greylists the backup", domain: "grey.example", mood: "greylisting", isDown: false },
  { fault: "greets with 421", domain: "busy.example", mood: "busy", isDown: false },
  { fault: "greets with 554", domain: "hostile.example", mood: "hostile", isDown: false },
  { fault: "its TLS handshakes fail", domain: "tls.example", mood: "garbled", isDown: false },
  {
    fault: "one of two refuses connections",
    domain: "half.example",
    primaries: 2,
    hit: 1,
    mood: "refuse",
    isDown: false,
  },
  {
    fault: "all of three refuse connections",
    domain: "three.example",
    primaries: 3,
    mood: "refuse",
    isDown: true,
  },
];

const primaryNames = ({ domain, primaries = 1 }: Row) =>
  Array.from({ length: primaries }, (_, n) => `mx${n + 1}.${domain}`);

/** The users of a domain. The backup has heard of one of them before the fault. */
const CACHED = "anna";
const KNOWN = "bert";
const UNKNOWN = "nobody";

/** What somebody hears who sends to a user. */
function said({ rcpt: [reply] }: SmtpReplies): string {
  return reply.code === 250 ? "accepted" : String(reply.code);
}

/** The domains whose recipients must be accepted unverified. */
const DOWN = ROWS.filter(({ isDown }) => isDown).map(({ domain }) => domain);

describeWith(PolicyWorld.NEEDS, "what happens to mail when the primary", () => {
  let world: PolicyWorld;

  const send = (user: string, { domain }: Row) => world.send(`${user}@${domain}`, user);
  const received = (user: string, row: Row) =>
    primaryNames(row).reduce(
      (sum, name) => sum + world.primary(name).messages(`${user}@${row.domain}`).length,
      0,
    );

  /** What DNS says while the faults last. */
  const faultyRecords = (): DnsRecords => {
    const records = { ...world.records };
    for (const row of ROWS) {
      for (const name of primaryNames(row)) {
        records[name] = row.records ?? records[name];
      }
    }
    return records;
  };

  /** Lets the primaries of all domains do what their rows say, or come back. */
  const letAll = (what: (mood: Row["mood"]) => Mood | "refuse" | "vanish" | "reappear") =>
    Promise.all(
      ROWS.filter(({ mood }) => mood !== undefined).flatMap((row) =>
        primaryNames(row)
          .slice(0, row.hit)
          .map(async (name) => {
            const primary = world.primary(name);
            const next = what(row.mood);
            switch (next) {
              case "refuse":
                return primary.refuse();
              case "vanish":
                return primary.vanish();
              case "reappear":
                return primary.reappear();
              default:
                return primary.become(next);
            }
          }),
      ),
    );

  const during = new Map<Row, Record<string, string>>();
  const after = new Map<Row, Record<string, string>>();
  /** The domains whose recipients are accepted unverified while the faults last. */
  let outages: string[];

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: ROWS.map((row) => ({
        name: row.domain,
        primaries: primaryNames(row).map((hostname) => ({ hostname })),
      })),
      users: [CACHED, KNOWN],
      props: {
        addressVerifyNegativeExpireTime: "10s",
        addressVerifyNegativeRefreshTime: "5s",
      },
    });
    await Promise.all(
      ROWS.map(async (row) => expect(said(await send(CACHED, row))).toBe("accepted")),
    );
    await eventually(() => ROWS.every((row) => received(CACHED, row) === 1));

    await world.dns.set(faultyRecords());
    await letAll((mood = "up") => mood);
    await eventually(() => world.watch.outages().length >= DOWN.length);
    outages = world.watch.outages();
    for (const user of [KNOWN, CACHED, UNKNOWN]) {
      await Promise.all(
        ROWS.map(async (row) => {
          during.set(row, { ...during.get(row), [user]: said(await send(user, row)) });
        }),
      );
    }

    await world.dns.set(world.records);
    await letAll((mood) => (mood === "vanish" ? "reappear" : "up"));
    // The first question after the return; a deferred probe is forgotten after ten seconds.
    await eventually(() => world.watch.outages().length === 0);
    await sleep(11_000);
    await Promise.all(
      ROWS.map(async (row) => {
        const found: Record<string, string> = { [UNKNOWN]: said(await send(UNKNOWN, row)) };
        const accepted = [KNOWN, CACHED].filter((user) => during.get(row)?.[user] === "accepted");
        const expected = (user: string) =>
          (accepted.includes(user) ? 1 : 0) + (user === CACHED ? 1 : 0);
        await eventually(() =>
          [KNOWN, CACHED].every((user) => received(user, row) === expected(user)),
        );
        found.delivered = "delivered";
        after.set(row, found);
      }),
    );
  });

  afterAll(() => world?.close());

  test("the watch saw what is down and what is not", () => {
    expect(outages).toEqual([...DOWN].sort());
  });

  test.each(ROWS)("$fault: a user that was known before is accepted", (row) => {
    expect(during.get(row)?.[CACHED]).toBe("accepted");
  });

  test.each(ROWS.filter(({ isDown }) => isDown))("$fault: everybody is accepted", (row) => {
    expect(during.get(row)).toMatchObject({ [KNOWN]: "accepted", [UNKNOWN]: "accepted" });
  });

  test.each(ROWS.filter(({ isDown }) => !isDown))("$fault: no stranger is accepted", (row) => {
    expect(during.get(row)?.[UNKNOWN]).toMatch(/^[45]50$/);
    expect(during.get(row)?.[KNOWN]).toMatch(/^(accepted|450)$/);
  });

  test.each(ROWS)("$fault: after it, mail is delivered and strangers are refused", (row) => {
    expect(after.get(row)).toEqual({ [UNKNOWN]: "550", delivered: "delivered" });
  });

  test("the mail to nobody that was accepted is kept, and bounces to nobody", () => {
    const log = world.backup.log();
    expect(log).not.toMatch(/status=bounced|sender non-delivery/);
    const kept = world.backup.queue().flatMap((mail) => mail.recipients.map((r) => r.address));
    const accepted = ROWS.filter(({ isDown }) => isDown).map(
      ({ domain }) => `${UNKNOWN}@${domain}`,
    );
    expect(kept.sort()).toEqual(accepted.sort());
  });

  test("is what docs/outage.md says", () => {
    const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
    const table = [
      [
        "The primary",
        "Known user, never asked for",
        "Known user, in the cache",
        "Unknown user",
        "After its return",
      ],
      ["---", "---", "---", "---", "---"],
      ...ROWS.map((row) => {
        const { [KNOWN]: known, [CACHED]: cached, [UNKNOWN]: unknown } = during.get(row) ?? {};
        const { [UNKNOWN]: later, delivered } = after.get(row) ?? {};
        return [
          row.fault === "none" ? "is up" : row.fault,
          known,
          cached,
          unknown,
          `${delivered}; unknown users ${later}`,
        ];
      }),
    ]
      .map(line)
      .join("");
    expect(docsPart("outage.md", "outage table", table)).toBe(table);
  });
});
