import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { eventually, Judge, message, PolicyWorld, SmtpConnection } from "../../lab";
import { RecipientVerification, Scanner } from "../../lib";
import { Guests } from "../support/judge/guests";
import { JUDGE_SECTION } from "../support/judge-section";
import { describeWith } from "../support/requirements";

const USERS = ["anna", "bert", "carl"];
const [ANNA, BERT, CARL] = USERS.map((user) => `${user}@example.com`);
const STATE = "/run/backup-mx-judge/own/state.json";
const QUARANTINE = "/var/spool/backup-mx/quarantine";

/** What a command came to. */
interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

describeWith(PolicyWorld.NEEDS, "the command of a host beside its judge", () => {
  let world: PolicyWorld;
  let judge: Judge;
  let guests: Guests;

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com" }],
          recipients: RecipientVerification.list([ANNA, BERT, CARL]),
        },
      ],
      users: USERS,
      props: { scanner: Scanner.mailScanner() },
      isWatched: false,
    });
    world.backup.write({ "/usr/local/sbin/systemctl": "#!/bin/sh\nexit 0\n" });
    guests = await Guests.start(world.backup);
    judge = await Judge.start(world.backup, JUDGE_SECTION);
    await eventually(() => judge.state().scannerState === "up");
  });

  afterAll(async () => {
    await judge?.kill();
    await guests?.stop();
    await world?.close();
  });

  const command = (...args: string[]): Ended => end("/usr/local/sbin/backup-mx", ...args);
  function end(...line: string[]): Ended {
    const [file, ...args] = world.backup.command(...line);
    try {
      const stdout = execFileSync(file, args, {
        encoding: "utf8",
        timeout: 120_000,
        stdio: "pipe",
      });
      return { status: 0, stdout, stderr: "" };
    } catch (error) {
      const { status, stdout, stderr } = error as Ended;
      return { status, stdout, stderr };
    }
  }
  const words = () => command().stdout;
  // biome-ignore lint/suspicious/noExplicitAny: JSON has no types
  const status = (): any => JSON.parse(command("--json").stdout);
  const figures = () =>
    Object.fromEntries(
      world.backup
        .run("/usr/local/sbin/backup-mx-figures")
        .trim()
        .split("\n")
        .map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]),
    );
  const send = async (subject: string, mood = "ham", text = "hello", to: string = ANNA) => {
    const data = message(subject, text).replace(/^/, `X-Mood: ${mood}\r\n`);
    expect(await world.say({ to, data })).toMatchObject({ data: { code: 250 } });
  };

  test("says that nothing waits, and that the scanner judges", () => {
    expect(words()).toMatch(
      /\nnothing waits\nthe scanner \(mailscanner\) judges mail; no verdict yet\n0 mails are in quarantine \(0\.0 MB\)\n/,
    );
    expect(figures()).toMatchObject({
      QueueLength: 0,
      Unjudged: 0,
      OldestUnjudged: 0,
      VerdictStandstill: 0,
      ScannerAlive: 1,
      Quarantined: 0,
      QuarantineFull: 0,
      Unscanned: 0,
    });
    expect(command("drain").status).toBe(0);
    command("resume");
  });

  test("tells what waits for a verdict from what waits for a primary, and counts from port 25", async () => {
    await world.primary().refuse();
    guests.close();
    await eventually(() => judge.state().scannerState !== "up");
    await send("late");
    await eventually(() => status().oldest_unjudged_seconds >= 4);
    expect(status()).toMatchObject({
      queued: 1,
      unjudged: 1,
      domains: {},
      scanner: false,
      scanner_name: "mailscanner",
    });
    expect(words()).toMatch(
      /\n1 mail waits for a verdict, the oldest for \d+ seconds\nTHE SCANNER \(mailscanner\) STARTS: it says 503\n/,
    );
    const waiting = figures();
    expect(waiting).toMatchObject({ QueueLength: 1, Unjudged: 1, ScannerAlive: 0 });
    // Nothing was judged since.
    expect(waiting.VerdictStandstill).toBe(waiting.OldestUnjudged);
    expect(command("drain").status).toBe(1);
    command("resume");
    guests.open();
    await eventually(() => status().unjudged === 0);
    const [{ arrival_time }] = world.backup.queue();
    const { domains, oldest_seconds } = status();
    expect(domains["example.com"].mails).toBe(1);
    // For Postfix it is a new mail.
    expect(Date.now() / 1000 - arrival_time).toBeLessThan(oldest_seconds - 2);
    expect(domains["example.com"].oldest_seconds - oldest_seconds).toBeLessThan(2);
    expect(words()).toMatch(
      /\nexample\.com: 1 mail waits for a primary, the oldest for \d+ seconds\n/,
    );
    expect(figures()).toMatchObject({ QueueLength: 1, Unjudged: 0, VerdictStandstill: 0 });
    expect(command("drain").status).toBe(1);
    command("resume");
    await world.primary().become("up");
    expect(command("flush", "example.com")).toEqual({ status: 0, stdout: "", stderr: "" });
    await eventually(() => command("drain").status === 0);
    command("resume");
    expect(words()).toMatch(
      /\nnothing waits\nthe scanner \(mailscanner\) judges mail; last verdict/,
    );
  });

  test("tells a backlog that is being worked on from one that stands still", async () => {
    await send("slow", "slow=12");
    for (let number = 0; number < 40 && status().oldest_unjudged_seconds < 8; number++) {
      await send(`quick ${number}`);
    }
    expect(words()).toMatch(
      /\n\d+ mails? waits? for a verdict, the oldest for \d+ seconds; mail is being judged\n/,
    );
    const { OldestUnjudged, VerdictStandstill } = figures();
    expect(OldestUnjudged).toBeGreaterThanOrEqual(8);
    expect(VerdictStandstill).toBeLessThan(OldestUnjudged - 3);
    await eventually(() => status().queued === 0);
    // As after five minutes.
    const program = readFileSync(world.backup.path("/usr/local/sbin/backup-mx"), "utf8");
    const impatient = program.replace(/^STANDSTILL = \d+/m, "STANDSTILL = 3");
    world.backup.write({ "/usr/local/sbin/impatient": impatient });
    guests.close();
    await eventually(() => judge.state().scannerState !== "up");
    await send("still");
    await eventually(() => figures().VerdictStandstill > 3);
    expect(end("/usr/local/sbin/impatient").stdout).toMatch(
      /\n1 mail waits for a verdict, the oldest for \d+ seconds; NONE WAS JUDGED FOR \d+ SECONDS\n/,
    );
    guests.open();
    await eventually(() => status().queued === 0);
  });

  describe("beside a judge that somebody has taken over", () => {
    let good: object;
    let path: string;

    beforeAll(async () => {
      await eventually(() => judge.state().scannerState === "up");
      good = judge.state();
      await judge.kill();
      path = world.backup.path(STATE);
    });

    beforeEach(() => rmSync(path, { force: true, recursive: true }));

    afterAll(async () => {
      rmSync(path, { force: true, recursive: true });
      await judge.start();
      await eventually(() => judge.state().scannerState === "up");
    });

    const put = (differing: object) =>
      writeFileSync(path, JSON.stringify({ ...good, time: Date.now() / 1000, ...differing }));

    test("takes a state that is well", () => {
      put({});
      expect(words()).toContain("the scanner (mailscanner) judges mail");
      expect(figures().ScannerAlive).toBe(1);
    });

    test("says why nothing is judged", () => {
      put({ scannerState: "down", scannerSince: 1_700_000_000, scannerReason: "no such file" });
      expect(words()).toContain(
        "\nTHE SCANNER (mailscanner) DOES NOT ANSWER since 2023-11-14 22:13 UTC: no such file\n",
      );
      expect(figures().ScannerAlive).toBe(0);
      put({ scannerState: "up", clamav: "down" });
      expect(words()).toContain("\nCLAMAV DOES NOT ANSWER\n");
      expect(figures().ScannerAlive).toBe(0);
      put({ suspicious: true, unscanned: 3 });
      expect(words()).toMatch(
        /\nNEARLY ALL MAIL IS CALLED SPAM OR A VIRUS: .*\n3 mails were not scanned since the judge began\n/,
      );
      expect(figures()).toMatchObject({ ScannerAlive: 1, Unscanned: 3 });
      world.backup.write({ "/usr/local/sbin/systemctl": "#!/bin/sh\nexit 3\n" });
      expect(words()).toContain("\nTHE SOCKET OF THE JUDGE IS CLOSED: ");
      world.backup.write({ "/usr/local/sbin/systemctl": "#!/bin/sh\nexit 0\n" });
    });

    test("prints no character that a terminal would obey", () => {
      const scannerReason = "a\u001b[2J\u009b1m\rb\u202ec\nd".padEnd(5000, "x");
      put({ scannerState: "down", scannerReason });
      const said = words();
      expect(said).toMatch(/DOES NOT ANSWER since .*: a\?\[2J\?1m\?b\?c\?dx{1,200}\n/);
    });

    test.each<[string, () => void]>([
      ["is not there", () => {}],
      ["is old", () => put({ time: Date.now() / 1000 - 61 })],
      ["comes from the future", () => put({ time: Date.now() / 1000 + 3600 })],
      ["is a pipe", () => execFileSync("mkfifo", [path])],
      ["is a folder", () => mkdirSync(path)],
      [
        "is a link",
        () => {
          put({});
          world.backup.run("mv", STATE, "/run/backup-mx-judge/other.json");
          symlinkSync("/run/backup-mx-judge/other.json", path);
        },
      ],
      [
        "is very large",
        () => {
          put({});
          truncateSync(path, 1 << 30);
        },
      ],
      ["is deep", () => writeFileSync(path, "[".repeat(60_000))],
      ["is no JSON", () => writeFileSync(path, "\u001b[2J")],
      ["is no text", () => writeFileSync(path, Buffer.from([0xff, 0xfe, 0]))],
      ["is a list", () => writeFileSync(path, "[]")],
      ["has an unknown state", () => put({ scannerState: "fine\u001b[2J" })],
      ["has a list for a state", () => put({ scannerState: ["up"] })],
      ["has no quarantine", () => put({ quarantine: null })],
      ["has a negative number", () => put({ unscanned: -1 })],
      ["has an enormous number", () => put({ lastVerdict: 1e300 })],
      ["has text for a number", () => put({ lastVerdict: "1" })],
      ["has a number for a truth", () => put({ suspicious: 1 })],
      [
        "has what is no number",
        () => {
          put({ unscanned: 424242 });
          const text = readFileSync(path, "utf8").replace("424242", "NaN");
          writeFileSync(path, text);
        },
      ],
    ])("takes the judge for dead whose state %s", (_, lay) => {
      lay();
      const { status: exit, stdout, stderr } = command();
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
      expect(stdout).toContain("\nTHE JUDGE DOES NOT RUN: see journalctl -u backup-mx-judge\n");
      expect(stdout).not.toContain("\u001b");
    });

    test("has figures of the scanner alone", () => {
      const known = figures();
      expect(known.ScannerAlive).toBe(0);
      expect(Object.keys(known)).not.toContain("QuarantineFull");
      expect(Object.keys(known)).toContain("Unjudged");
    });
  });

  describe("and what is in quarantine", () => {
    const TEXT = "first\n.dot\n..two\n.\n\u001b[2Jlast ümläut";
    const nobody = () => expect(command("quarantine").stdout).toBe("nothing is in quarantine\n");
    const listed = (): { name: string; recipients: string[] }[] =>
      JSON.parse(command("quarantine", "list", "--json").stdout);
    const into = async (subject: string, ...to: string[]) => {
      const data = message(subject, TEXT).replace(/^/, "X-Mood: high\n");
      expect((await world.say({ to, data })).data?.code).toBe(250);
      await eventually(() => listed().length === 1);
      return { name: listed()[0].name, data };
    };
    afterEach(() => {
      for (const { name } of listed()) {
        command("quarantine", "delete", name);
      }
    });

    const arrived = (user: string, subject: string) =>
      eventually(() =>
        world
          .primary()
          .messages(user)
          .find((mail) => mail.includes(subject)),
      );

    test("is listed and shown without anything that a terminal would obey", async () => {
      nobody();
      const { name } = await into("esc\u001b[31mape\u009b", ANNA, BERT);
      expect(command("quarantine").stdout).toMatch(
        new RegExp(
          `^${name}  20\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d  high spam  1 KiB  <someone@sender\\.example> to <anna@example\\.com>, <bert@example\\.com>: high spam\n$`,
        ),
      );
      expect(listed()).toMatchObject([
        { name, verdict: "high spam", score: 22, rules: ["GTUBE"], recipients: [ANNA, BERT] },
      ]);
      const { stdout } = command("quarantine", "show", name);
      expect(stdout).toMatch(/^name: \S+\nqueue_id: \w+\narrived: \S+ \S+ UTC\n/);
      expect(stdout).toContain("\nSubject: esc?[31mape?\n");
      expect(stdout).not.toContain("first");
      expect(stdout).not.toMatch(/[^\n -~]/);
      // The judge counts what is there.
      await eventually(() => status().judge.quarantined === 1);
      expect(figures().Quarantined).toBe(1);
      expect(words()).toMatch(/\n1 mail is in quarantine \(0\.0 MB\)\n/);
      expect(command("quarantine", "delete", name)).toEqual({
        status: 0,
        stdout: `${name}: deleted\n`,
        stderr: "",
      });
      nobody();
      await eventually(() => figures().Quarantined === 0);
    });

    test("is released as it came, for some of its recipients and then for the others", async () => {
      const { name, data } = await into("released", ANNA, BERT);
      expect(command("quarantine", "release", name, "ANNA@example.com").stdout).toMatch(
        new RegExp(
          `^${name}: released for anna@example\\.com as \\w+\n${name}: stays for bert@example\\.com: as you wanted\n$`,
        ),
      );
      const mail = await arrived(ANNA, "Subject: released");
      expect(mail).toMatch(
        /\nX-Backup-MX: released from quarantine\nReceived: from sender\.example /,
      );
      expect(mail.endsWith(data)).toBe(true);
      // Hop 2 knows from whom it came.
      expect(world.backup.log()).toMatch(
        new RegExp(
          `judged/smtpd\\[\\d+\\]: \\w+: client=localhost.*, orig_queue_id=${name.split("-")[0]}, orig_client=sender\\.example\\[192`,
        ),
      );
      expect(listed()).toMatchObject([{ name, recipients: [BERT] }]);
      expect(command("quarantine", "release", name, ANNA)).toMatchObject({
        status: 1,
        stderr: `anna@example.com is no recipient of ${name}\n`,
      });
      expect(command("quarantine", "release", name).status).toBe(0);
      expect((await arrived(BERT, "Subject: released")).endsWith(data)).toBe(true);
      nobody();
      expect(
        world
          .primary()
          .messages(ANNA)
          .filter((m) => m.includes("Subject: released")),
      ).toHaveLength(1);
    });

    test("stays for whom Postfix refuses, and while Postfix does not answer", async () => {
      const { name } = await into("refused", ANNA, BERT, CARL);
      const path = world.backup.path(`${QUARANTINE}/${name}.json`);
      const facts = JSON.parse(readFileSync(path, "utf8"));
      facts.recipients[1] += " NOTIFY=NONSENSE";
      writeFileSync(path, JSON.stringify(facts));
      world.backup.run("mv", "/var/spool/postfix/public/judged", "/var/spool/postfix/public/away");
      expect(command("quarantine", "release", name)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(`^${name} stays in quarantine: hop 2 does not answer: .*\n$`),
      });
      expect(listed()).toMatchObject([{ recipients: [ANNA, BERT, CARL] }]);
      world.backup.run("mv", "/var/spool/postfix/public/away", "/var/spool/postfix/public/judged");
      const { status: exit, stdout } = command("quarantine", "release", name);
      expect(exit).toBe(1);
      expect(stdout).toMatch(
        /: released for anna@.*\n.*: released for carl@.*\n.*: stays for bert@example\.com: Postfix says 501 .*\n$/,
      );
      expect(listed()).toMatchObject([{ recipients: [BERT] }]);
      await arrived(CARL, "Subject: refused");
      expect(command("quarantine", "delete", name).status).toBe(0);
      nobody();
    });

    test("is left out where its files are no mail, and holds nobody up", () => {
      const name = (number: number) => `A${number}-12345678`;
      const at = (number: number) => `${QUARANTINE}/${name(number)}.json`;
      world.backup.run("mkfifo", at(1));
      world.backup.run("ln", "-s", "/etc/shadow", at(2));
      for (const [number, text] of [
        [3, "{}"],
        [4, "[]"],
        [5, "[".repeat(99_999)],
        [6, "\u001b"],
      ] as const) {
        writeFileSync(world.backup.path(at(number)), text);
      }
      const { status: exit, stdout } = command("quarantine");
      expect(exit).toBe(0);
      expect(
        stdout
          .trim()
          .split("\n")
          .sort()
          .map((line) => line.slice(0, 31)),
      ).toEqual([1, 2, 3, 4, 5, 6].map((number) => `the facts of ${name(number)} cannot`));
      expect(stdout).not.toContain("\u001b");
      for (const number of [1, 2, 3, 4, 5, 6]) {
        expect(command("quarantine", "delete", name(number)).status).toBe(0);
      }
      nobody();
    });

    test("counts as full when it takes no more", async () => {
      expect(figures().QuarantineFull).toBe(0);
      await judge.kill();
      judge.tell({ ...JUDGE_SECTION, quarantineShare: "0" });
      await judge.start();
      expect(figures().QuarantineFull).toBe(1);
      expect(words()).toMatch(/\n0 mails are in quarantine .*; THE QUARANTINE IS FULL\n/);
      await judge.kill();
      judge.tell(JUDGE_SECTION);
      await judge.start();
    });
  });

  test("has no figure of a scanner where there is none", async () => {
    await judge.kill();
    judge.tell({ ...JUDGE_SECTION, scanner: "none" });
    await judge.start();
    expect(words()).toContain("\nno scanner\n");
    expect(figures()).not.toHaveProperty("ScannerAlive");
    await judge.kill();
    judge.tell(JUDGE_SECTION);
    await judge.start();
    await eventually(() => judge.state().scannerState === "up");
  });

  test("reads a sender with characters that end a line elsewhere", async () => {
    await world.primary().refuse();
    const connection = new SmtpConnection(world.sender, PolicyWorld.BACKUP);
    await connection.reply();
    await connection.command("EHLO sender.example");
    const from = "x\u2028y\u2029z\u0085@sender.example";
    expect((await connection.command(`MAIL FROM:<${from}> SMTPUTF8`)).code).toBe(250);
    expect((await connection.command(`RCPT TO:<${ANNA}>`)).code).toBe(250);
    expect((await connection.command("DATA")).code).toBe(354);
    expect((await connection.message(message("lines"))).code).toBe(250);
    connection.quit();
    await eventually(() => status().domains["example.com"]?.mails === 1);
    expect(command().status).toBe(0);
    expect(figures().QueueLength).toBe(1);
    expect(command("drain").status).toBe(1);
    command("resume");
    world.backup.run("postsuper", "-d", "ALL");
    await world.primary().become("up");
  });

  test.each<[string, string[], RegExp]>([
    [
      "a domain that is not its own",
      ["flush", "nosuch.example"],
      /^nosuch\.example is not a domain of this host, or Postfix does not run$/,
    ],
    ["an address for a domain", ["flush", "a@b"], /^a@b is not a domain$/],
    ["a switch for a domain", ["flush", "-f"], /^-f is not a domain$/],
    ["two domains", ["flush", "a.example", "b.example"], /^usage: /],
    ["what is gone", ["release", "ALL"], /^usage: /],
    ["what is gone, too", ["tidy"], /^usage: /],
    ["no address", ["forget", "nobody"], /^nobody is not an address$/],
    ["too much", ["drain", "now"], /^usage: /],
    ["an escape", ["flush", "\u001b[2J"], /^\?\[2J is not a domain$/],
    [
      "a name that is none",
      ["quarantine", "show", "../../etc/shadow"],
      /^\.\.\/\.\.\/etc\/shadow is no name of a mail in quarantine;/,
    ],
    [
      "a name of nothing",
      ["quarantine", "release", "A-12345678"],
      /^A-12345678 is not in quarantine$/,
    ],
    [
      "nothing to delete",
      ["quarantine", "delete", "A-12345678"],
      /^A-12345678 is not in quarantine$/,
    ],
    ["no name", ["quarantine", "show"], /^usage: backup-mx quarantine /],
    ["no command", ["quarantine", "nonsense"], /^usage: backup-mx quarantine /],
  ])("says in a sentence that it cannot use %s", (_, args, sentence) => {
    const { status: exit, stdout, stderr } = command(...args);
    expect(exit).toBe(String(sentence).includes("usage") ? 2 : 1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(new RegExp(sentence, "m"));
    expect(stderr).not.toContain("Traceback");
    if (exit === 1) {
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  });

  test("says that it is for root", () => {
    const user = ["setpriv", "--reuid=postfix", "--regid=postfix", "--clear-groups"];
    expect(end(...user, "/usr/local/sbin/backup-mx")).toEqual({
      status: 1,
      stdout: "",
      stderr: "backup-mx is for root: sudo backup-mx\n",
    });
  });
});
