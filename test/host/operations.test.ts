import { setTimeout as sleep } from "node:timers/promises";
import {
  type Disk,
  eventually,
  GOOD,
  HostWorld,
  type Load,
  type MailHost,
  type Primary,
  QUEUE_DEVICE,
  SmtpConnection,
  smtp,
} from "../../lab";
import { Monitoring, Scanner } from "../../lib";
import { describeWith } from "../support/requirements";

const { BOB } = HostWorld;

describeWith(HostWorld.NEEDS, "the operations of a fresh Debian 13", () => {
  let world: HostWorld;
  let primary: Primary;
  let host: MailHost;
  let disk: Disk;
  /** Of the disk of the queue. */
  let minor: string;

  beforeAll(async () => {
    world = await HostWorld.open();
    primary = world.primary;
    disk = world.disk(20 * 1024 ** 3);
    host = await world.boot({
      props: {
        scanner: Scanner.rspamd(),
        monitoring: Monitoring.toTopic("arn:aws:sns:eu-central-1:111122223333:alarms"),
        watchInterval: "5s",
      },
      device: null,
    });
  });

  afterAll(() => world?.close());

  const words = async () => (await host.run("backup-mx")).stdout;
  const ask = async (to = BOB) => (await world.say(host, { to })).rcpt[0];
  /** What AWS does when it attaches the disk of the queue, and at each boot. */
  const attachDisk = async () => {
    await host.run("mkdir", "--parents", "/dev/disk/by-id");
    await host.run("mknod", QUEUE_DEVICE, "b", "7", minor);
  };

  test("wait for the disk of the queue, which AWS attaches when the boot has begun", async () => {
    await eventually(async () => {
      const state = await host.run("systemctl", "is-active", "backup-mx-queue");
      return state.stdout === "activating\n";
    });
    await sleep(5000);
    await expect(smtp(world.sender, host.address)).rejects.toThrow(/refused/);
    expect(await host.run("backup-mx")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^TAKES NO MAIL: set-up waits for the queue volume/),
    });
    minor = disk.attach().replace("/dev/loop", "");
    await attachDisk();
    expect(await host.cloudInit()).toEqual(GOOD);
  });

  test("tell that all is well, in words and in figures", async () => {
    await eventually(async () => (await host.status()).primaries !== null);
    // From now on he is known, whatever happens to the primary.
    expect((await ask()).code).toBe(250);
    await eventually(async () => (await host.status()).scanner);
    const state = await host.status();
    expect(state).toEqual({
      hostname: "mx2.example.com",
      set_up: true,
      takes_mail: true,
      drains: false,
      primaries: { "[mx1.example.com]:25": "up" },
      // As Postfix has it by default.
      small_primaries: { "[mx1.example.com]:25": 10_240_000 },
      oldest_answer_seconds: expect.any(Number),
      domains: {},
      refused: {},
      queued: 0,
      queued_refused: 0,
      oldest_seconds: 0,
      unjudged: 0,
      oldest_unjudged_seconds: 0,
      verdict_standstill_seconds: 0,
      judge_listens: true,
      scanner_name: "rspamd",
      scanner: true,
      judge: {
        scanner_state: "up",
        scanner_since: expect.any(Number),
        scanner_reason: "",
        clamav: "none",
        last_verdict: null,
        unscanned: 0,
        suspicious: false,
        quarantined: 0,
        quarantined_bytes: 0,
        quarantine_full: false,
      },
      disk_used_percent: expect.any(Number),
      root_disk_used_percent: expect.any(Number),
      memory_used_percent: expect.any(Number),
      certificate_days: expect.any(Number),
      configuration: {
        live: expect.stringMatching(/^[0-9a-f]{64}$/),
        since: expect.any(Number),
        wanted: state.configuration.live,
        refused: null,
        looked: expect.any(Number),
      },
      last_flush: null,
    });
    expect(await words()).toMatch(
      new RegExp(
        [
          "^mx2\\.example\\.com takes mail",
          "configuration [0-9a-f]{12} is live since \\d+ \\w+",
          "nothing waits",
          "primary \\[mx1\\.example\\.com\\]:25 is up",
          "primary \\[mx1\\.example\\.com\\]:25 REFUSES MAIL OVER 10\\.2 MB, .*",
          "the scanner \\(rspamd\\) judges mail; no verdict yet",
          "0 mails are in quarantine \\(0\\.0 MB\\)",
          "the disk of the queue is \\d+ % full",
          "the root disk is \\d+ % full",
          "the memory is \\d+ % full",
          "the certificate is valid for \\d+ days",
          "last flush: none since the last boot\n$",
        ].join("\n"),
      ),
    );
    expect(await host.figures()).toMatchObject({
      Ready: 1,
      QueueLength: 0,
      Unjudged: 0,
      VerdictStandstill: 0,
      ScannerAlive: 1,
      Quarantined: 0,
      PrimariesUnreachable: 0,
      SmallPrimaries: 1,
      Refused: 0,
      CertificateDays: state.certificate_days,
      ConfigurationRefused: 0,
      Configuration: Number.parseInt(state.configuration.live.slice(0, 12), 16),
    });
  });

  test("tell of an outage, and when the watch has sent what waited", async () => {
    await primary.refuse();
    await eventually(async () => (await host.figures()).PrimariesUnreachable === 1);
    await world.load(host).send(3);
    await eventually(async () => (await host.status()).unjudged === 0);
    expect(await words()).toMatch(
      /\nexample\.com: 3 mails wait for a primary, the oldest for \d+ seconds\nprimary \[mx1\.example\.com\]:25 IS DOWN\n/,
    );
    expect(await host.figures()).toMatchObject({ Ready: 1, QueueLength: 3, Unjudged: 0 });
    // The recipes of docs/operations.md for one mail.
    const { stdout: list } = await host.run("postqueue", "-p");
    const [, id] = /^(\w+)\*? .*alice@sender\.example$/m.exec(list) ?? [];
    expect(list).toContain("Connection refused");
    expect((await host.run("postcat", "-q", id)).stdout).toContain("\nSubject: load");
    const { stdout: log } = await host.run("journalctl", "--quiet", "-g", id);
    expect(log).toContain("to=<bob@example.com>");
    expect((await host.run("postsuper", "-d", id)).exitCode).toBe(0);
    expect(await host.figures()).toMatchObject({ QueueLength: 2 });
    await primary.become("up");
    await eventually(async () => (await host.status()).queued === 0);
    expect(await words()).toMatch(/\nlast flush: \d+ seconds ago\n/);
  });

  test("tell what waits when Postfix is dead, and that the disk of the queue is gone", async () => {
    await primary.refuse();
    await world.load(host).send(2);
    await host.run("systemctl", "stop", "postfix");
    expect(await words()).toMatch(/^mx2\.example\.com TAKES NO MAIL\n/);
    expect(await host.figures()).toMatchObject({ Ready: 0, QueueLength: 2 });
    expect(await host.run("umount", "/var/spool/postfix")).toMatchObject({ exitCode: 0 });
    expect(await words()).toContain("\nTHE DISK OF THE QUEUE IS MISSING");
    expect(await host.figures()).not.toHaveProperty("QueueLength");
    await host.run("systemctl", "restart", "backup-mx-queue");
    await host.run("systemctl", "restart", "postfix");
    expect(await host.status()).toMatchObject({ takes_mail: true, queued: 2 });
    await primary.become("up");
    await eventually(async () => (await host.status()).queued === 0);
  });

  test("tell that the watch does not run", async () => {
    await host.run("systemctl", "stop", "backup-mx-watch");
    await host.run("touch", "--date=2 minutes ago", "/run/backup-mx-watch/primaries");
    expect(await words()).toContain("\nTHE WATCH OF THE PRIMARIES DOES NOT RUN");
    const measured = await host.figures();
    expect(measured.Ready).toBe(0);
    expect(measured).not.toHaveProperty("PrimariesUnreachable");
    await host.run("systemctl", "start", "backup-mx-watch");
    await eventually(async () => (await host.figures()).Ready === 1);
  });

  test("keep every line of a mail log, and no more than a gigabyte of logs", async () => {
    const { stdout: limit } = await host.run(
      ...["journalctl", "--quiet", "--output=cat", "_COMM=systemd-journal"],
      ...["--grep=^System Journal .* max 1G, "],
    );
    expect(limit).not.toBe("");
    // What ten thousand mails log when they are delivered.
    const flood = "seq 60000 | logger --tag flood --priority mail.info";
    await host.run("systemd-run", "--wait", "--quiet", "sh", "-c", flood);
    await host.run("journalctl", "--sync");
    const { stdout: lines } = await host.run(
      ...["journalctl", "--quiet", "--output=cat", "SYSLOG_IDENTIFIER=flood"],
    );
    expect(lines.split("\n").slice(0, -1)).toHaveLength(60_000);
  });

  test("tell of a root disk that fills up, though the queue has a disk of its own", async () => {
    await host.machine.leaveRoom(5 * 1024 ** 2);
    expect(await words()).toMatch(/\nthe disk of the queue is \d % full\nthe root disk IS 9\d % /);
    expect((await host.figures()).DiskUsed).toBeGreaterThan(90);
    await host.machine.leaveRoom(1024 ** 3);
  });

  describe("and of the watch as a service", () => {
    const outages = async () =>
      (await host.run("postmap", "-s", "lmdb:/var/lib/postfix/outages")).stdout;
    const property = async (name: string) =>
      (
        await host.run("systemctl", "show", "--value", "--property", name, "backup-mx-watch")
      ).stdout.trim();
    const alarms = async () =>
      (await host.run("journalctl", "--quiet", "--priority", "crit", "--output", "cat")).stdout
        .split("\n")
        .filter((line) => line.startsWith("the watch of the primaries failed"));

    test("runs without the rights of root, and has found the primary", async () => {
      expect(await property("ActiveState")).toBe("active");
      const owner = await host.run("ps", "-o", "user=", "-p", await property("MainPID"));
      expect(owner.stdout.trim()).toBe("postfix");
      await eventually(async () => {
        const { stdout } = await host.run("cat", "/run/backup-mx-watch/primaries");
        return stdout === "[mx1.example.com]:25 up\n";
      });
      expect((await ask("nobody@example.com")).code).toBe(550);
      expect(await outages()).toBe("");
    });

    test.each([
      { name: "killed", signal: "KILL", result: "signal" },
      // systemd finds it out after a minute.
      { name: "stopped in its tracks", signal: "STOP", result: "watchdog" },
    ])("$name, leaves nobody accepted unverified, and comes back", async ({ signal, result }) => {
      await primary.refuse();
      await eventually(async () => (await outages()) !== "");
      expect((await ask(`${signal}@example.com`)).code).toBe(250);
      const before = await property("MainPID");
      await host.run("kill", `-${signal}`, before);
      await eventually(async () => (await outages()) === "");
      expect((await ask(`other-${signal}@example.com`)).code).toBe(450);
      expect(await alarms()).toContain(
        `the watch of the primaries failed (${result}); recipients are verified strictly`,
      );
      await eventually(async () => (await property("MainPID")) !== before);
      await eventually(async () => (await outages()) !== "");
      await primary.become("up");
      await eventually(async () => (await outages()) === "");
    });

    test("the operator got one letter about both", async () => {
      const letters = () =>
        primary
          .messages("postmaster@example.com")
          .filter((mail) => /^Subject: backup MX: the watch failed$/m.test(mail)).length;
      await eventually(async () => (await host.status()).queued === 0);
      expect(letters()).toBe(1);
    });

    test("after a reboot it runs before any mail comes", async () => {
      await host.reboot();
      await attachDisk();
      await world.answers(host);
      expect(await property("ActiveState")).toBe("active");
      expect((await ask()).code).toBe(250);
    });
  });

  describe("before retirement", () => {
    let mails: Load;
    /** A sender who had begun before, and sends his mail afterwards. */
    let late: SmtpConnection;

    beforeAll(async () => {
      await primary.refuse();
      await host.succeed("systemctl", "mask", "--runtime", "--quiet", "rspamd.service");
      await host.succeed("systemctl", "stop", "rspamd.socket", "rspamd.service");
      mails = world.load(host);
      await mails.send(3);
      expect(mails.promised().size).toBe(3);
      late = new SmtpConnection(world.sender, host.address);
      await late.reply();
      for (const line of ["HELO sender.example", "MAIL FROM:<>", `RCPT TO:<${BOB}>`]) {
        expect((await late.command(line)).code).toBe(250);
      }
    });

    test("no more mail is taken, and what waits for a verdict is told", async () => {
      const { exitCode, stdout } = await host.run("backup-mx", "drain");
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(
        /^mx2\.example\.com TAKES NO MAIL\nIT IS DRAINED: .*\nconfiguration .*\n3 mails wait for a verdict, /,
      );
      expect(await ask()).toMatchObject({
        code: 450,
        text: expect.stringMatching(/Client host rejected: Try again later/),
      });
      expect(await host.figures()).toMatchObject({ Ready: 0, QueueLength: 3, Unjudged: 3 });
      // Whoever had begun was hung up on, and will try again.
      const end = await late.command("DATA").then(
        ({ code }) => code,
        () => "hung up",
      );
      expect(end).not.toBe(354);
    });

    test("what waits for a verdict gets it when the scanner is back: port 25 alone is closed", async () => {
      await eventually(async () => /\nTHE SCANNER \(rspamd\) DOES NOT ANSWER /.test(await words()));
      await host.succeed("systemctl", "unmask", "--runtime", "--quiet", "rspamd.service");
      await host.succeed("systemctl", "start", "rspamd.socket", "rspamd.service");
      await eventually(async () => (await host.status()).unjudged === 0);
      expect(await words()).toContain("\nexample.com: 3 mails wait for a primary, ");
      expect((await ask()).code).toBe(450);
    });

    test("it stays so over a restart in the night", async () => {
      await host.reboot();
      await attachDisk();
      await world.answers(host);
      expect((await ask()).code).toBe(450);
      expect(await host.status()).toMatchObject({ drains: true, queued: 3, unjudged: 0 });
    });

    test("the queue goes to the primary, and the command says when it is empty", async () => {
      const drained = () => host.run("backup-mx", "drain");
      expect((await drained()).exitCode).toBe(1);
      await primary.become("up");
      await eventually(async () => (await drained()).exitCode === 0);
      expect((await drained()).stdout).toContain("\nnothing waits\n");
      expect(mails.outcome(primary)).toEqual({ accepted: 3, delivered: 3, twice: 0 });
    });

    test("it can take mail again", async () => {
      expect((await host.run("backup-mx", "resume")).exitCode).toBe(0);
      await eventually(async () => (await ask().catch(() => undefined))?.code === 250);
      expect(await host.status()).toMatchObject({ takes_mail: true, drains: false });
      await eventually(async () => (await host.figures()).Ready === 1);
    });
  });
});
