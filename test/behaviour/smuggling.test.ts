import { eventually, type OddPrimary, PolicyWorld } from "../../lab";
import { begin, openOddWorld } from "../support/odd-world";
import { describeWith } from "../support/requirements";

const BOB = "bob@odd.example";
/** What some server has taken for the end of a mail that is none. */
const FALSE_ENDS = [
  ...["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r", "\r.\n"],
  ...["\r\r\n.\r\r\n", "\r\n.\r\r\n", "\r\n\0.\r\n", "\r\n.\0\r\n", "\n\n.\n\n", "\r\n\n.\n\r\n"],
];

describeWith(PolicyWorld.NEEDS, "a mail is one mail", () => {
  let world: PolicyWorld;
  let odd: OddPrimary;

  beforeAll(async () => {
    ({ world, odd } = await openOddWorld({ isWatched: false }));
  });

  afterAll(() => world?.close());

  /** Sends a mail with a second one in it, and returns the replies to both, and to what follows. */
  const send = async (falseEnd: string) => {
    odd.clear();
    const session = await begin(world, ["MAIL FROM:<honest@sender.example>", `RCPT TO:<${BOB}>`]);
    const second = `MAIL FROM:<forged@sender.example>\r\nRCPT TO:<${BOB}>\r\nDATA\r\nSubject: b\r\n\r\nb`;
    // By one write, whatever the server says meanwhile.
    const first = await session.command(`Subject: a\r\n\r\na${falseEnd}${second}\r\n.`);
    const next = await session.command("NOOP").catch(() => ({ code: 0 }));
    session.quit();
    return { first: first.code, next: next.code };
  };

  test.each(FALSE_ENDS)("whatever a stranger writes in place of its end: %j", async (falseEnd) => {
    const { first, next } = await send(falseEnd);
    // Refused, or taken as one mail; had there been two, another reply would stand here.
    expect([250, 521, 550, 554]).toContain(first);
    expect([0, 250]).toContain(next);
    await eventually(() => world.backup.queue().length === 0);
    await eventually(() => odd.taken().length === (first === 250 ? 1 : 0));
    for (const { commands, content } of odd.taken()) {
      expect(commands[0]).toContain("MAIL FROM:<honest@sender.example>");
      // Nor can the primary read two, whatever it takes for the end of a line.
      expect(content.replace(/\r\n/g, "")).not.toMatch(/[\r\n]/);
      expect(content).not.toMatch(/(^|[\r\n])\.[\r\n\0]/);
    }
    expect(world.backup.log()).not.toMatch(/from=<forged@/);
  });
});
