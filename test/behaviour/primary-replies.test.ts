import {
  eventually,
  message,
  OddPrimary,
  PolicyWorld,
  type Script,
  SmtpConnection,
} from "../../lab";
import { describeWith } from "../support/requirements";

const LONG = Array.from({ length: 90 }, () => `550-5.1.1 ${"long ".repeat(20)}`).join("\r\n");

/** What a primary says of a recipient, and what the sender hears of that. */
const OF_RECIPIENTS: readonly (readonly [reply: string, code: number])[] = [
  ["250 2.1.5 ok", 250],
  ["250 ok", 250],
  // He does not exist.
  ["550 5.1.1 no such user", 550],
  ["550 5.1.10 RESOLVER.ADR.RecipientNotFound", 550],
  ["550 no such user here", 550],
  ["553 sorry, no mailbox here by that name", 550],
  ["551 user not local", 550],
  ["550 5.4.1 Recipient address rejected: Access denied", 550],
  ["550 5.2.1 this mailbox is disabled", 550],
  [`${LONG}\r\n550 5.1.1 that was long`, 550],
  // He may exist.
  ["552 5.2.2 mailbox full", 450],
  ["554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.example.org", 450],
  ["550 5.7.606 Access denied, banned sending IP", 450],
  ["550 5.7.1 Unable to relay", 450],
  ["554 no thanks", 450],
  ["503 5.5.1 bad sequence of commands", 450],
  ["501 5.5.4 syntax", 450],
  ["550 5.3.2 system not accepting mail", 450],
  ["451 4.3.0 later", 450],
  ["450 4.2.0 greylisted", 450],
  ["421 4.3.2 closing", 450],
  ["299 5.1.1 what is that", 250],
  ["999 what is that", 450],
  ["550 5.1.1 \u0007\u001b[2J\u0085\u2028 odd", 550],
];
const PER_REPLY = OF_RECIPIENTS.map(([reply, code], n) => ({
  user: `user${n}`,
  reply,
  code,
  last: reply.slice(reply.lastIndexOf("\n") + 1).replace(/[^ -~]/g, "?"),
}));

/** What a primary says before it hears of a recipient, each of its own domain. */
const BEFORE: readonly {
  readonly domain: string;
  readonly script: Script;
  readonly sees: string;
}[] = [
  { domain: "greets554.example", script: { greeting: "554 no service" }, sees: "refuses" },
  { domain: "greets421.example", script: { greeting: "421 too many" }, sees: "busy" },
  { domain: "silent.example", script: { greeting: "silent" }, sees: "busy" },
  { domain: "closes.example", script: { greeting: "close" }, sees: "busy" },
  { domain: "nonsense.example", script: { greeting: "hello there" }, sees: "busy" },
  { domain: "ehlo550.example", script: { ehlo: "550 5.7.1 I do not like your name" }, sees: "up" },
  { domain: "mail550.example", script: { mail: "550 5.1.8 sender unknown" }, sees: "up" },
  { domain: "mail553.example", script: { mail: "553 5.1.7 no null senders" }, sees: "up" },
  {
    domain: "itself.example",
    script: {
      greeting: `220 ${PolicyWorld.HOSTNAME} ESMTP`,
      ehlo: `250 ${PolicyWorld.HOSTNAME}`,
    },
    sees: "itself",
  },
  {
    domain: "named.example",
    script: { ehlo: `250-${PolicyWorld.HOSTNAME} hello\r\n250 8BITMIME` },
    sees: "itself",
  },
];

describeWith(PolicyWorld.NEEDS, "a primary", () => {
  let world: PolicyWorld;
  let replies: OddPrimary;
  let slow: OddPrimary;
  const domains = ["replies.example", "slow.example", ...BEFORE.map(({ domain }) => domain)];
  const address = (domain: string) => `192.0.2.${110 + domains.indexOf(domain)}`;

  const ask = async (to: string) => (await world.say({ to, from: "" })).rcpt[0].code;

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [...domains, "loop.example", "gone.example"].map((name) => ({
        name,
        primaries: [{ hostname: `mx1.${name}` }],
      })),
      gone: [...domains, "loop.example", "gone.example"],
      records: Object.fromEntries([
        ...domains.flatMap((name) => [
          [name, [`MX 10 mx1.${name}`]],
          [`mx1.${name}`, [`A ${address(name)}`]],
        ]),
        // Whoever changed DNS made a mistake.
        ["loop.example", [`MX 10 ${PolicyWorld.HOSTNAME}`]],
        ["mx1.loop.example", [`A ${PolicyWorld.BACKUP}`]],
        ["gone.example", ["MX 10 mx1.gone.example"]],
      ]),
      // Of no recipient more is known than what is said now.
      props: {
        smtpdRecipientRestrictions: ["reject_unauth_destination", "reject_unverified_recipient"],
        // The sender asks more often than one does.
        postfixSettings: { smtpd_client_event_limit_exceptions: PolicyWorld.SENDER },
      },
      isWatched: true,
    });
    const start = async (domain: string, script: Script) => {
      const primary = await OddPrimary.start(
        world.addHost(`odd${domains.indexOf(domain)}`, address(domain)),
        script,
      );
      world.atEnd(() => primary.remove());
      return primary;
    };
    const rcpt = Object.fromEntries(PER_REPLY.map(({ user, reply }) => [user, reply]));
    replies = await start("replies.example", { rcpt });
    slow = await start("slow.example", { slowly: true, rcpt: { nobody: "550 5.1.1 unknown" } });
    for (const { domain, script } of BEFORE) {
      await start(domain, script);
    }
  });

  afterAll(() => world?.close());

  test("is seen as what it is", async () => {
    const seen = (domain: string) => world.watch.states().get(`[mx1.${domain}]:25`);
    for (const { domain, sees } of BEFORE) {
      await eventually(() => seen(domain) === sees);
    }
    await eventually(() => seen("loop.example") === "itself");
    await eventually(() => seen("gone.example") === "down");
    expect(seen("replies.example")).toBe("up");
    expect(seen("slow.example")).toBe("up");
    // Nobody that is there is in an outage.
    expect(world.watch.outages()).toEqual(["gone.example"]);
  });

  test.each(PER_REPLY)("that says of a recipient $last: $code", async ({ user, code }) => {
    expect(await ask(`${user}@replies.example`)).toBe(code);
  });

  test.each(BEFORE)("$domain says nothing of its recipients: 450", async ({ domain }) => {
    expect(await ask(`anna@${domain}`)).toBe(450);
  });

  test("that is the backup itself costs no user his mail", async () => {
    expect(await ask("anna@loop.example")).toBe(450);
  });

  test("that speaks a byte at a time is understood", async () => {
    expect(await ask("anna@slow.example")).toBe(250);
    expect(await ask("nobody@slow.example")).toBe(550);
  });

  test("decides whether senders are offered internationalized addresses", async () => {
    const offered = async () => {
      const session = new SmtpConnection(world.sender, PolicyWorld.BACKUP);
      try {
        await session.reply();
        return /SMTPUTF8/.test((await session.command("EHLO sender.example")).text);
      } finally {
        session.quit();
      }
    };
    expect(await offered()).toBe(false);
    const utf8 = { ehlo: "250-odd\r\n250-SMTPUTF8\r\n250 8BITMIME" };
    const section = {
      interval: "5s",
      domains: ["replies.example accept [mx1.replies.example]:25"],
    };
    await world.watch.reload(section);
    replies.says(utf8);
    await eventually(offered);
    replies.says({});
    await eventually(async () => !(await offered()));
  });

  test("takes four mails at a time, however many wait", async () => {
    slow.says({ greeting: "421 not now" });
    for (let mail = 0; mail < 3; mail++) {
      await world.say({ to: "anna@slow.example", data: message(`hello${mail}`) });
    }
    expect(world.backup.queue().length).toBe(3);
    expect(world.backup.run("postconf", "-hx", "relay_destination_concurrency_limit")).toBe("4\n");
  });
});
