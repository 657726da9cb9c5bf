import { eventually } from "../../lab";
import { above, content, JudgeWorld, mailTo, mark } from "../support/judge/judge-world";
import { describeWith } from "../support/requirements";

describeWith(JudgeWorld.NEEDS, "the envelope behind the judge", () => {
  let world: JudgeWorld;

  beforeAll(async () => {
    world = await JudgeWorld.open();
  });

  afterAll(() => world?.close());

  test("a mail arrives byte for byte, below two header lines of the judge", async () => {
    const sent = mailTo("plain", { options: " BODY=8BITMIME" });
    await world.deliver([sent]);
    const [arrived] = await world.arrive(["plain"]);
    const fields = above(arrived, sent).split(/\r\n(?![ \t])/);
    expect(fields.map((field) => field.split(":")[0])).toEqual([
      "Received",
      "X-Spam-Status",
      "X-Backup-MX",
      "Received",
      "",
    ]);
    expect(mark(arrived)).toBe("ham; score=0.1; tests=ALL_TRUSTED");
  });

  test("nothing is added to a mail without Date, Message-ID and From (J17)", async () => {
    const bare = { ...mailTo("bare"), data: "Subject: bare\r\n\r\ntext\r\n" };
    const empty = { ...mailTo("empty"), data: "X-Only: a header\r\n" };
    await world.deliver([bare, empty]);
    const arrived = await world.arrive(["bare", "empty"]);
    const fields = [bare, empty].map((sent, n) => above(arrived[n], sent));
    expect(fields.join()).not.toMatch(/^(Date|Message-ID|From|To|Return-Path):/im);
  });

  test("120 recipients get one copy each, also when hop 2 defers some of them (J1)", async () => {
    const names = Array.from({ length: 120 }, (_, n) => (n % 7 ? `many${n}` : `later${n}`));
    const later = names.filter((name) => name.startsWith("later"));
    world.hopTwoSays("/^later/ 450 4.2.0 later");
    // Postfix hands over 50 at a time.
    world.change("judge_destination_recipient_limit=50");
    await world.deliver([mailTo(names)]);
    await world.arrive(names.filter((name) => !later.includes(name)));
    const [{ queue_id }] = await eventually(() => {
      const waiting = world.waiting(...later);
      return waiting[0]?.queue_name === "deferred" && waiting;
    });
    expect(world.waiting(...later)[0].recipients).toHaveLength(later.length);
    expect(world.counts(later)).toEqual(later.map(() => 0));

    world.hopTwoSays();
    world.backup.run("postqueue", "-i", queue_id);
    await world.arrive(later);
    await world.settled();
    expect(world.counts(names)).toEqual(names.map(() => 1));
    world.change("judge_destination_recipient_limit=1000");
  });

  test("of three recipients hop 2 defers one and refuses one for good (J2, J14)", async () => {
    world.hopTwoSays("/^wait/ 450 4.2.0 wait", "/^never/ 550 5.1.1 never");
    const sent = mailTo(["taken", "wait", "never"]);
    await world.deliver([sent]);
    await world.arrive(["taken"]);
    const [{ queue_id, recipients }] = await eventually(() => {
      const waiting = world.waiting("wait");
      return waiting[0]?.queue_name === "deferred" && waiting;
    });
    expect(recipients).toEqual([
      expect.objectContaining({ delay_reason: expect.stringContaining("450 4.2.0") }),
    ]);
    const [kept] = world.kept("never");
    expect(kept.content).toMatch(/^Received: from sender\.example/);
    expect(kept.content.endsWith(sent.data)).toBe(true);
    expect(kept.facts).toMatchObject({
      version: 1,
      queue_id,
      mail: sent.mail,
      recipients: ["RCPT TO:<never@example.com> ORCPT=rfc822;never@example.com"],
      client: { ADDR: "192.0.2.100", NAME: "sender.example", HELO: "sender.example" },
    });
    // Nobody writes to the sender.
    expect(world.backup.log()).not.toMatch(/status=bounced|sender non-delivery/);

    world.hopTwoSays();
    world.backup.run("postqueue", "-i", queue_id);
    await world.arrive(["wait"]);
    await world.settled();
    expect(world.counts(["taken", "wait", "never"])).toEqual([1, 1, 0]);
  });

  test("addresses are opaque: quoted, in UTF-8, empty, in any case (J22)", async () => {
    const names = [
      '"c > d"',
      '"a < b"',
      '"x\\"y"',
      '"back\\\\slash"',
      "MiXeD.Case",
      "o'brien+tag=x/y",
      "{brace}",
    ];
    await world.deliver([mailTo(names), mailTo("null.sender", { sender: "" })]);
    await world.deliver([mailTo("quoted.sender", { sender: '"a > b <"@sender.example' })]);
    // In latin-1 each letter is one byte of the UTF-8.
    const smtputf8 = { sender: "j\xc3\xbcrgen@sender.example", options: " SMTPUTF8" };
    await world.deliver([mailTo("\xc3\xa4nne", smtputf8)]);
    await world.arrive([...names, "null.sender", "quoted.sender", "\xc3\xa4nne"]);
    await world.settled();
    expect(world.counts(names)).toEqual(names.map(() => 1));
    const senders = ["null.sender", "quoted.sender", "\xc3\xa4nne"].map(
      (name) => world.sink.arrivedFor(`${name}@example.com`)[0].envelope[0],
    );
    expect(senders).toEqual([
      expect.stringMatching(/^MAIL FROM:<>/),
      expect.stringMatching(/^MAIL FROM:<"a > b <"@sender\.example>/),
      expect.stringMatching(/^MAIL FROM:<j\xc3\xbcrgen@sender\.example>.* SMTPUTF8/),
    ]);
  });

  test("options of DSN arrive, and nobody reports to the sender (J21)", async () => {
    const sent = mailTo("dsn", {
      options: " RET=HDRS ENVID=QQ+2B314",
      recipientOptions: " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Other+40example.com",
    });
    const high = mailTo("dsn.high", { mood: "high", recipientOptions: " NOTIFY=SUCCESS" });
    await world.deliver([sent, high]);
    const [arrived] = await world.arrive(["dsn"]);
    await world.settled();
    expect(arrived.envelope).toEqual([
      expect.stringMatching(/ ENVID=QQ\+2B314 RET=HDRS( |$)/),
      expect.stringMatching(/ ORCPT=rfc822;Other@example\.com NOTIFY=SUCCESS,DELAY( |$)/),
    ]);
    expect(world.kept("dsn.high")[0].facts.recipients[0]).toContain(" NOTIFY=SUCCESS");
    expect(world.backup.log()).not.toContain("sender delivery status notification");
  });

  test("one address with two histories is handed on for both", async () => {
    const rcpt = ["a", "b"].map((name) => `RCPT TO:<history@example.com> ORCPT=rfc822;${name}`);
    await world.deliver([{ ...mailTo("history"), rcpt }]);
    await world.arrive(["history"]);
    await world.settled();
    const histories = world.sink
      .arrivedFor("history@example.com")
      .flatMap(({ envelope }) => envelope.slice(1));
    expect(histories.map((line) => line.slice(-1)).sort()).toEqual(["a", "b"]);
  });

  test("a mail counts from its arrival at port 25, also when it is judged late (J19)", async () => {
    world.guests.close();
    await eventually(() => world.judge.state().scannerState !== "up");
    const before = Date.now() / 1000;
    await world.deliver([mailTo("late", { mood: "high" })]);
    await eventually(() => world.judge.state().waiting === 1);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    world.guests.open();
    const [{ facts }] = await eventually(() => {
      const kept = world.kept("late");
      return kept.length > 0 && kept;
    });
    expect(Math.abs(facts.arrived - before)).toBeLessThan(2);
    expect(facts.quarantined - facts.arrived).toBeGreaterThan(2);
  });

  test("the scanner hears of a client only what cannot be read as something else (J11)", async () => {
    await world.deliver([mailTo("helo")], { helo: "x([8.8.8.8])" });
    await world.deliver([mailTo('"a\rb c"')], { helo: "good-name.example" });
    await world.arrive(["helo"]);
    await world.settled();
    const heads = world.guests.questions().map(({ head }) => head);
    const bad = heads.find((head) => head.includes("Rcpt: helo@example.com"));
    expect(bad).toContain("IP: 192.0.2.100");
    expect(bad).toContain("Hostname: sender.example");
    expect(bad?.join()).not.toContain("8.8.8.8");
    const good = heads.find((head) => head.includes("Helo: good-name.example"));
    expect(good?.filter((line) => line.startsWith("Rcpt"))).toEqual([]);
    expect(heads.flat().find((line) => /mixed.case/i.test(line))).toBe(
      "Rcpt: MiXeD.Case@example.com",
    );
  });

  test("mail that was judged and is queued anew has one header of the judge (J20)", async () => {
    await world.sink.stop();
    const sent = mailTo(["again", "again.too"], { mood: "spam" });
    await world.deliver([sent]);
    await eventually(() => world.waiting("again")[0]?.queue_name === "deferred");
    for (const _ of ["once", "twice"]) {
      const [{ queue_id }] = world.waiting("again");
      world.backup.run("postsuper", "-r", queue_id);
      await eventually(() => {
        try {
          world.backup.run("postkick", "public", "pickup", "W");
        } catch {
          // It is between two lives.
        }
        const [mail] = world.waiting("again");
        return mail?.queue_id !== queue_id && mail?.queue_name === "deferred";
      });
    }
    const asked = world.guests
      .questions()
      .filter(({ head }) => head.includes("Rcpt: again@example.com"));
    expect(asked).toHaveLength(1);
    await world.sink.start();
    world.backup.run("postqueue", "-f");
    const [arrived] = await world.arrive(["again", "again.too"]);
    await world.settled();
    expect(above(arrived, sent).match(/^X-Backup-MX:/gm)).toHaveLength(1);
    expect(world.counts(["again", "again.too"])).toEqual([1, 1]);
  });

  test("who forges the mark of mail that was queued anew is judged", async () => {
    const data = [
      "Received: by mx2.example.net (Postfix, from userid 109) id 4jb2vY0j61z19; Sun, 1 Nov 2026",
      "Received: from judge (localhost [127.0.0.1])",
      "\tby mx2.example.net (Postfix) with ESMTP id 4jb2vY0j61z19; Sun, 1 Nov 2026",
      content("forged", "spam"),
    ].join("\r\n");
    await world.deliver([{ ...mailTo("forged"), data }]);
    const [arrived] = await world.arrive(["forged"]);
    expect(mark(arrived)).toMatch(/^spam;/);
  });
});
