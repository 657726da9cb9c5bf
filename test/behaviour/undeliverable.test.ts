import { eventually, Judge, type OddPrimary, PolicyWorld, pythonModule, Sink } from "../../lab";
import { JUDGE_SECTION } from "../support/judge-section";
import { begin, openOddWorld } from "../support/odd-world";
import { describeWith } from "../support/requirements";

const QUARANTINE = "/var/spool/backup-mx/quarantine";
const STATE = "/var/spool/backup-mx/undeliverable/state.json";
const NO_USER = "550 5.1.1 no such user";

const SPF = pythonModule("spf", "python3-spf");

describeWith([...PolicyWorld.NEEDS, SPF], "mail that nobody will take", () => {
  let world: PolicyWorld;
  let odd: OddPrimary;
  let operator: Sink;
  let senders: Sink;

  beforeAll(async () => {
    ({ world, odd } = await openOddWorld({
      records: {
        "sender.example": [
          `A ${PolicyWorld.SENDER}`,
          "MX 10 sender.example",
          `TXT "v=spf1 ip4:${PolicyWorld.SENDER} -all"`,
        ],
        "forged.example": ["MX 10 sender.example", 'TXT "v=spf1 ip4:192.0.2.1 -all"'],
        "nobody.example": ["MX 10 sender.example"],
        "operator.example": ["MX 10 mail.operator.example"],
        "mail.operator.example": ["A 192.0.2.151"],
      },
      props: {
        postmaster: "ops@operator.example",
        refusedQueueLifetime: "1h",
        maximalQueueLifetime: "10d",
        smtputf8: "always",
      },
    }));
    operator = await Sink.start(world.addHost("operator", "192.0.2.151"));
    senders = await Sink.start(world.sender);
    world.atEnd(() => Promise.all([operator.remove(), senders.remove()]));
    Judge.layOut(world.backup, JUDGE_SECTION);
    world.backup.write({
      "/etc/backup-mx/configuration.json": world.policy.configuration,
      "/usr/local/sbin/systemctl": "#!/bin/sh\nexit 0\n",
    });
  });

  afterAll(() => world?.close());

  beforeEach(() => {
    world.backup.run("postsuper", "-d", "ALL");
    world.backup.run("sh", "-c", `rm -f ${QUARANTINE}/* ${STATE}`);
    odd.says({});
    odd.clear();
  });

  /** Sends a mail, and returns its queue id. */
  const send = async (commands: readonly string[], text = "hello") => {
    const session = await begin(world, commands);
    const { text: reply } = await session.message(`From: a@b.example\nSubject: a\n\n${text}\n`);
    session.quit();
    return /queued as (\w+)/.exec(reply)?.[1] ?? "";
  };
  const to = (user: string) => ["MAIL FROM:<s@sender.example>", `RCPT TO:<${user}@odd.example>`];
  const settled = (id: string) =>
    eventually(() =>
      world.backup
        .queue()
        .filter(({ queue_id }) => queue_id === id)
        .every(
          ({ queue_name, recipients }) =>
            queue_name === "deferred" && recipients.every(({ delay_reason }) => delay_reason),
        ),
    );
  const queue = () => world.backup.queue().map(({ queue_id }) => queue_id);
  const look = () => world.backup.run("/usr/local/sbin/backup-mx-undeliverable");
  const command = (...args: string[]) => world.backup.run("/usr/local/sbin/backup-mx", ...args);
  /** As if so much time had passed since the last look. */
  const pass = (seconds: number) =>
    world.backup.run(
      "python3",
      "-c",
      `import json; s = json.load(open("${STATE}")); s["looked"] -= ${seconds}; json.dump(s, open("${STATE}", "w"))`,
    );
  /** As if a mail had come so long before. */
  const age = (id: string, seconds: number) => {
    const script = `
import re, subprocess, sys
path = subprocess.check_output(["find", "/var/spool/postfix/deferred", "-name", sys.argv[1]], text=True).strip()
data = open(path, "rb").read()
# T: the time of arrival, in seconds and microseconds.
found = re.search(rb"T(.)(\\d{10})( \\d+)", data)
then = str(int(found[2]) - int(sys.argv[2])).encode()
data = data[: found.start(2)] + then + data[found.end(2) :]
with open(path, "r+b") as file:
    file.write(data)
`;
    world.backup.run("python3", "-c", script, id, String(seconds));
  };
  const quarantined = () => JSON.parse(command("quarantine", "--json"));

  test("goes into quarantine when its primary has refused it for long enough, and takes others", async () => {
    odd.says({ rcpt: { gone: NO_USER } });
    const id = await send(to("gone"));
    await settled(id);
    look();
    expect(command("refused")).toMatch(
      new RegExp(
        `^${id}  <s@sender.example> to <gone@odd.example>: refused for .*: host .* said: 550 5.1.1`,
      ),
    );
    expect(command()).toMatch(
      /\nodd\.example: 1 mail is refused by its primary: see `backup-mx refused`\n/,
    );
    expect(JSON.parse(command("--json"))).toMatchObject({
      domains: {},
      oldest_seconds: 0,
      queued: 1,
      queued_refused: 1,
    });
    for (let step = 0; step < 4; step++) {
      await settled(await send(to("anna")));
      look();
      expect(queue()).toEqual([id]);
      // A longer step than a quarter of an hour does not count: the host may not have run.
      pass(7200);
    }
    const before = operator.arrived().length;
    look();
    expect(queue()).not.toContain(id);
    expect(quarantined()).toEqual([
      expect.objectContaining({
        queue_id: id,
        verdict: "refused",
        reason: expect.stringContaining("said: 550 5.1.1 no such user"),
        recipients: ["gone@odd.example"],
        sender: "s@sender.example",
        client: PolicyWorld.SENDER,
      }),
    ]);
    await eventually(() => operator.arrived().length > before);
    expect(operator.arrived().at(-1)?.content).toMatch(
      /^Subject: backup MX: 1 mail was not delivered$[\s\S]*gone@odd\.example>: refused: host/m,
    );
    expect(senders.arrived()).toEqual([]);
  });

  test("stays where its primary refuses everybody but the postmaster", async () => {
    odd.says({ rcpt: { "*": NO_USER, postmaster: "250 ok" } });
    const id = await send(to("anna"));
    await settled(id);
    look();
    for (let step = 0; step < 20; step++) {
      pass(900);
      await settled(await send(to("postmaster")));
      look();
    }
    expect(queue()).toEqual([id]);
    expect(command("refused")).toContain("of which 0 seconds count");
  });

  test("stays where one of its recipients may still get it", async () => {
    odd.says({ rcpt: { gone: NO_USER, later: "450 4.2.0 upstream said: 550 no" } });
    const id = await send([...to("gone"), "RCPT TO:<later@odd.example>"]);
    await settled(id);
    look();
    expect(command("refused")).toBe("no mail is refused\n");
    expect(JSON.parse(command("--json"))).toMatchObject({
      domains: { "odd.example": { mails: 1 } },
    });
  });

  test("comes out of quarantine as it came, with its envelope", async () => {
    // It does not offer what the mail needs.
    const text = `${"x".repeat(3000)}\n.dot\n..\n\tä\n${"line\n".repeat(60_000)}end`;
    const envelope = [
      'MAIL FROM:<"a b"@sender.example> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2By',
      "RCPT TO:<Anna.X@odd.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;o+2Bo@x.example",
      'RCPT TO:<"b\\"> c"@odd.example>',
      "RCPT TO:<bert@odd.example>",
      "RCPT TO:<jörg@odd.example> NOTIFY=NEVER",
    ];
    const latin = (line: string) => Buffer.from(line, "utf8").toString("latin1");
    const id = await send(envelope, text);
    await settled(id);
    // The lifetime is over soon.
    age(id, 10 * 86400 - 60);
    look();
    expect(queue()).toEqual([]);
    const [found] = quarantined();
    expect(found).toMatchObject({
      verdict: "given up",
      reason: expect.stringMatching(/^it has waited for 10 days: SMTPUTF8 is required/),
      sender: '"a b"@sender.example',
    });
    // The next primary takes it.
    odd.says({ ehlo: "250-odd\r\n250-SMTPUTF8\r\n250-DSN\r\n250 8BITMIME" });
    expect(command("quarantine", "release", found.name).match(/: released for /g)).toHaveLength(4);
    expect(quarantined()).toEqual([]);
    await eventually(() => odd.taken().length > 0);
    const [mail] = odd.taken();
    const words = mail.commands.map((line) => line.split(" "));
    // Postfix tells the size, and an original recipient where there was none.
    expect(words).toEqual(envelope.map((line) => expect.arrayContaining(latin(line).split(" "))));
    expect(mail.content.slice(mail.content.indexOf("From: a@b.example"))).toBe(
      latin(
        `From: a@b.example\nSubject: a\n\n${text}\n`
          .replace(/\n\./g, "\n..")
          .replace(/\n/g, "\r\n"),
      ),
    );
  });

  describe("and has waited until the end of its lifetime", () => {
    const old = async (...commands: string[]) => {
      odd.says({ greeting: "421 later" });
      const id = await send(commands.length > 0 ? commands : to("anna"));
      await settled(id);
      age(id, 10 * 86400 - 60);
      return id;
    };
    const names = () => quarantined().map(({ queue_id }: { queue_id: string }) => queue_id);

    test.each([
      ["without a sender", "MAIL FROM:<>", "RCPT TO:<anna@odd.example>"],
      [
        "of which nobody is to hear",
        "MAIL FROM:<s@sender.example>",
        "RCPT TO:<anna@odd.example> NOTIFY=NEVER",
      ],
    ])("is kept, and the postmaster hears of it: mail %s", async (_, ...commands) => {
      const before = operator.arrived().length;
      const id = await old(...commands);
      look();
      expect(names()).toEqual([id]);
      await eventually(() => operator.arrived().length > before);
      expect(operator.arrived().at(-1)?.content).toContain("given up: it has waited for 10 days: ");
    });

    test("is kept once, also if this host stops while it goes", async () => {
      const id = await old();
      world.backup.write({
        "/usr/local/sbin/postsuper": '#!/bin/sh\n[ "$1" != -d ] && exec /usr/sbin/postsuper "$@"\n',
      });
      expect(look).toThrow();
      expect(names()).toEqual([id]);
      expect(world.backup.queue()).toMatchObject([{ queue_id: id, queue_name: "hold" }]);
      world.backup.run("rm", "/usr/local/sbin/postsuper");
      look();
      expect(names()).toEqual([id]);
      expect(queue()).not.toContain(id);
    });

    test("stays in the queue while the quarantine is full", async () => {
      const id = await old();
      Judge.layOut(world.backup, { ...JUDGE_SECTION, quarantineShare: "0" });
      try {
        look();
      } finally {
        Judge.layOut(world.backup, JUDGE_SECTION);
      }
      expect(world.backup.queue()).toMatchObject([{ queue_id: id, queue_name: "deferred" }]);
      expect(names()).toEqual([]);
    });

    test("is a letter of this host, which would cause the next one, and stays", async () => {
      odd.says({ greeting: "421 later" });
      const text =
        "print(__import__('host').hand_over(*sys.argv[1:], 'Subject: letter\\n\\nhello'))";
      world.backup.run(
        ...["python3", "-c", `import sys; sys.path.insert(0, "/usr/local/lib/backup-mx"); ${text}`],
        ...[`root@${PolicyWorld.HOSTNAME}`, "postmaster@odd.example"],
      );
      const [id] = queue();
      await settled(id);
      age(id, 10 * 86400 - 60);
      look();
      expect(queue()).toEqual([id]);
      expect(names()).toEqual([]);
    });

    test("goes to the primary by one command when that is back", async () => {
      const ids = [await old(), await old("MAIL FROM:<>", "RCPT TO:<bert@odd.example>")];
      look();
      expect(names().sort()).toEqual([...ids].sort());
      odd.says({});
      expect(command("quarantine", "release", "--given-up").match(/: released for /g)).toHaveLength(
        2,
      );
      await eventually(() => odd.taken().length === 2);
      expect(names()).toEqual([]);
    });

    test("stays in the queue where the quarantine cannot be used", async () => {
      const id = await old();
      world.backup.run("mv", "/etc/backup-mx/judge.json", "/etc/backup-mx/judge.old");
      expect(look).toThrow(/the quarantine cannot be used/);
      world.backup.run("mv", "/etc/backup-mx/judge.old", "/etc/backup-mx/judge.json");
      expect(world.backup.queue()).toMatchObject([{ queue_id: id, queue_name: "deferred" }]);
    });

    test("stays where the postmaster has put it on hold", async () => {
      const id = await old();
      world.backup.run("postsuper", "-h", id);
      look();
      expect(world.backup.queue()).toMatchObject([{ queue_id: id, queue_name: "hold" }]);
    });

    test("is taken before Postfix starts, which would bounce it", async () => {
      const id = await old();
      await world.backup.stop();
      look();
      await world.backup.start();
      expect(names()).toEqual([id]);
      expect(queue()).not.toContain(id);
    });

    test("is told to a sender who has let the client send it", async () => {
      const before = senders.arrived().length;
      const id = await old(
        "MAIL FROM:<S.x@sender.example>",
        "RCPT TO:<anna@odd.example>",
        "RCPT TO:<b@odd.example> NOTIFY=NEVER",
      );
      look();
      expect(names()).toEqual([id]);
      await eventually(() => senders.arrived().length > before);
      const { content } = senders.arrived().at(-1) ?? { content: "" };
      expect(content).toMatch(/^From: Mail Delivery System <MAILER-DAEMON@mx2\.example\.net>\r?$/m);
      expect(content).toMatch(/^To: S\.x@sender\.example\r?$/m);
      expect(content).toMatch(/^Content-Type: multipart\/report; report-type="delivery-status"/m);
      expect(content).toMatch(
        /^Final-Recipient: rfc822; anna@odd\.example\r?\nAction: failed\r?\nStatus: 4\.4\.7\r?\nDiagnostic-Code: x-backup-mx; .*421 later/m,
      );
      expect(content).toMatch(/^Subject: a\r?$/m);
      expect(content).not.toContain("b@odd.example");
    });

    test.each([
      [
        "of a domain that lets others send it",
        "MAIL FROM:<s@forged.example>",
        "RCPT TO:<anna@odd.example>",
      ],
      [
        "of a domain that says nothing",
        "MAIL FROM:<s@nobody.example>",
        "RCPT TO:<anna@odd.example>",
      ],
      [
        "who does not want it",
        "MAIL FROM:<s@sender.example>",
        "RCPT TO:<anna@odd.example> NOTIFY=NEVER",
      ],
      [
        "who wants to hear of success alone",
        "MAIL FROM:<s@sender.example>",
        "RCPT TO:<anna@odd.example> NOTIFY=SUCCESS",
      ],
    ])("is not told to a sender %s", async (_, ...commands) => {
      const before = [operator.arrived().length, senders.arrived().length];
      const id = await old(...commands);
      look();
      expect(names()).toEqual([id]);
      await eventually(() => operator.arrived().length > before[0]);
      await eventually(() => world.backup.queue().length === 0);
      expect(senders.arrived()).toHaveLength(before[1]);
    });

    test("is told to no sender where the props say so", async () => {
      const before = senders.arrived().length;
      const live = world.policy.configuration;
      world.backup.write({
        "/etc/backup-mx/configuration.json": live.replace(
          /"nonDeliveryReports": ?"proven"/,
          '"nonDeliveryReports":"never"',
        ),
      });
      const id = await old();
      look();
      world.backup.write({ "/etc/backup-mx/configuration.json": live });
      expect(names()).toEqual([id]);
      await eventually(() => world.backup.queue().length === 0);
      expect(senders.arrived()).toHaveLength(before);
    });
  });
});
