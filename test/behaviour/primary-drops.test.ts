import { eventually, message, OddPrimary, PolicyWorld, type Script, smtp } from "../../lab";
import { openOddWorld } from "../support/odd-world";
import { describeWith } from "../support/requirements";

const COUNT = 3;
const DOMAIN = "odd.example";
/** Half of the users of each mail. */
const [EARLY, LATE] = ["early", "late"];

interface Row {
  readonly what: string;
  readonly script: Script;
  /** Copies of each mail that come beside the one: the primary had taken it, and did not say so. */
  readonly copies?: number;
  /** Whether it takes the mail in the end. */
  readonly isTaken?: boolean;
}
const ROWS: readonly Row[] = [
  { what: "accepts a connection and closes it", script: { greeting: "close" } },
  { what: "hangs up at EHLO", script: { ehlo: "close" } },
  { what: "hangs up at MAIL", script: { mail: "close" } },
  { what: "hangs up at RCPT", script: { rcpt: { "*": "close" } } },
  { what: "hangs up at DATA", script: { data: "close" } },
  {
    what: "hangs up when it has taken the mail, and says nothing",
    script: { end: "close" },
    copies: 1,
  },
  { what: "says 421 at DATA", script: { data: "421 4.3.2 shutting down" } },
  { what: "says 451 when it has the mail", script: { end: "451 4.3.0 disk full" } },
  { what: "says 552 when it has the mail", script: { end: "552 5.2.2 full" } },
  { what: "says 4xx of half of the recipients", script: { rcpt: { [LATE]: "450 4.2.1 busy" } } },
  { what: "says 5xx of half of the recipients", script: { rcpt: { [LATE]: "550 5.1.1 no" } } },
  { what: "says 354 to RCPT", script: { rcpt: { "*": "354 what" } } },
  { what: "says something to DATA that is no reply", script: { data: "hello\r\n451 4.3.0 what" } },
  { what: "says 250 in place of 354", script: { data: "250 ok" } },
  {
    what: "says that it has the mail after three seconds",
    script: { end: "after 3: 250 2.0.0 taken" },
    isTaken: true,
  },
];

describeWith(PolicyWorld.NEEDS, "no mail is lost when a primary", () => {
  let world: PolicyWorld;
  let odd: OddPrimary;
  let other: OddPrimary;

  beforeAll(async () => {
    ({ world, odd } = await openOddWorld());
    other = await OddPrimary.start(world.addHost("other", "192.0.2.151"));
    world.atEnd(() => other.remove());
  });

  afterAll(() => world?.close());

  let sent = 0;
  /** Sends mails to both users, and returns their subjects. */
  const send = async () => {
    const subjects = Array.from({ length: COUNT }, () => `mail-${sent++}`);
    for (const subject of subjects) {
      const replies = await smtp(world.sender, PolicyWorld.BACKUP, {
        helo: "sender.example",
        from: "someone@sender.example",
        to: [EARLY, LATE].map((user) => `${user}@${DOMAIN}`),
        data: message(subject),
      });
      expect(replies.data).toMatchObject({ code: 250 });
    }
    return subjects;
  };
  /** Who has got which mail, how often. */
  const counts = (primary: OddPrimary, subjects: readonly string[]) =>
    subjects.map((subject) =>
      [EARLY, LATE].map(
        (user) =>
          primary
            .taken()
            .filter(
              ({ commands, content }) =>
                new RegExp(`^Subject: ${subject}\r?$`, "m").test(content) &&
                commands.some((line) => line.startsWith(`RCPT TO:<${user}@`)),
            ).length,
      ),
    );
  const queue = () => world.backup.queue();
  const wasTried = () =>
    eventually(() =>
      queue().every(
        ({ queue_name, recipients }) =>
          queue_name === "deferred" && recipients.every(({ delay_reason }) => delay_reason),
      ),
    );
  const isEmpty = () =>
    eventually(() => {
      world.backup.run("postqueue", "-f");
      return queue().length === 0;
    });

  test.each(ROWS)("$what", async ({ script, copies = 0, isTaken = false }) => {
    odd.says(script);
    const subjects = await send();
    await wasTried();
    expect(queue()).toHaveLength(isTaken ? 0 : COUNT);
    odd.says({});
    await isEmpty();
    const found = counts(odd, subjects).flat();
    // Of one that had taken a mail and did not say so, nobody can know it.
    expect([Math.min(...found), Math.max(...found)]).toEqual([1 + copies, 1 + copies]);
  });

  test("takes longer than ten minutes to say that it has the mail", () => {
    const [, seconds] = /=(\d+)s$/m.exec(
      world.backup.run("postconf", "-P", "relay/unix/smtp_data_done_timeout").replace(/ = /, "="),
    ) ?? ["", "0"];
    expect(Number(seconds)).toBeGreaterThan(1200);
  });

  test("moves to another address while mail waits", async () => {
    odd.says({ greeting: "421 moving" });
    const subjects = await send();
    await wasTried();
    await world.dns.set({ ...world.records, "mx1.odd.example": ["A 192.0.2.151"] });
    await isEmpty();
    expect(counts(other, subjects).flat()).toEqual(subjects.flatMap(() => [1, 1]));
    expect(counts(odd, subjects).flat()).toEqual(subjects.flatMap(() => [0, 0]));
  });
});
