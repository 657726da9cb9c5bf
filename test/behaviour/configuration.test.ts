import { setTimeout as sleep } from "node:timers/promises";
import { eventually, SmtpConnection } from "../../lab";
import { type Configuration, configurationOf } from "../support/configured/configuration";
import { ConfiguredHost, sumOf } from "../support/configured/configured-host";
import { describeWith } from "../support/requirements";

const ANNA = "anna@example.com";
const PROPS = { postmaster: ANNA };
const FIRST = configurationOf(["example.com"], PROPS);
const SECOND = configurationOf(["example.com", "example.org"], PROPS);

/** The first configuration with some settings. */
function withSettings(settings: Readonly<Record<string, string>>): Configuration {
  const configuration = structuredClone(FIRST);
  const lines = configuration.postfix["main.cf"].filter(
    (line) => !Object.hasOwn(settings, line.split(" =")[0]),
  );
  const further = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  configuration.postfix["main.cf"] = [...lines, ...further];
  return configuration;
}

/** The first configuration, in which another part than Postfix has something to do. */
const withUpkeep = (restartTime: string): Configuration => ({ ...FIRST, upkeep: { restartTime } });

describeWith(ConfiguredHost.NEEDS, "the first configuration", () => {
  let host: ConfiguredHost;
  const GOOD = "/var/spool/backup-mx/configuration/good.json";
  const OTHER = { ...FIRST, version: "f".repeat(16) };

  beforeAll(async () => {
    host = await ConfiguredHost.open();
  });

  afterAll(() => host?.close());

  /** Before the set-up, which has the disk of the queue from the instance before. */
  async function begin(kept?: Configuration) {
    await host.run("postfix", "stop");
    await host.run("rm", "-rf", "/etc/backup-mx/configuration.json", "/var/lib/backup-mx/configured", "/var/spool/backup-mx/configuration", "/run/store/configuration"); // biome-ignore format: one command
    if (kept !== undefined) {
      host.write(GOOD, JSON.stringify(kept));
    }
  }

  const isClosed = async () => {
    expect(host.has("/var/lib/backup-mx/configured")).toBe(false);
    expect(host.host.run("ss", "-Hltn")).not.toContain(":25 ");
  };

  test("cannot come from a bucket that is out of reach", async () => {
    await begin();
    const { exitCode, stderr } = await host.configure("first");
    expect([exitCode, stderr]).toEqual([75, expect.stringContaining("cannot be reached")]);
    await isClosed();
  });

  test.each<[string, Configuration, number, string]>([
    ["is refused at once", { ...FIRST, hostname: "mx9.example.net" }, 1, "is for another host"],
    [
      "is refused by what the host answers",
      withSettings({ smtpd_client_restrictions: "reject" }),
      1,
      "Access denied",
    ],
  ])("%s, and the host stays closed", async (_, wanted, status, reason) => {
    await begin();
    const { exitCode, stderr } = await host.first(wanted);
    expect([exitCode, stderr]).toEqual([status, expect.stringContaining(reason)]);
    await isClosed();
    expect(host.has(GOOD)).toBe(false);
  });

  test("is tried again where time may heal what is wrong", async () => {
    await begin();
    host.write("/run/upkeep/take", "1");
    expect(await host.first(FIRST)).toMatchObject({ exitCode: 75 });
    await isClosed();
    expect(await host.first(FIRST)).toMatchObject({ exitCode: 0 });
    expect((await host.ask("anna@example.com")).rcpt[0].code).toBe(250);
    expect(host.read(GOOD)).toBe(JSON.stringify(FIRST));
  });

  test.each<[string, Configuration | undefined, Configuration, string | null]>([
    ["is out of reach", undefined, FIRST, null],
    ["is refused", { ...FIRST, hostname: "mx9.example.net" }, FIRST, "is for another host"],
    ["is for another version", OTHER, FIRST, "is for another version of this host"],
    ["is out of reach, even that of another version", undefined, OTHER, null],
  ])("is the one that was kept where the wanted one %s", async (_, wanted, kept, refused) => {
    await begin(kept);
    const { exitCode } = wanted ? await host.first(wanted) : await host.configure("first");
    expect(exitCode).toBe(0);
    expect((await host.ask("anna@example.com")).rcpt[0].code).toBe(250);
    expect(host.state).toMatchObject({ live: sumOf(JSON.stringify(kept)), refused });
    expect(host.read("/etc/postfix/main.cf")).not.toContain("soft_bounce");
  });
});

describeWith(ConfiguredHost.NEEDS, "a configuration", () => {
  let host: ConfiguredHost;

  /** What a sender hears while something happens, who asks for a recipient who exists. */
  async function hearing<T>(action: () => Promise<T>): Promise<{ result: T; codes: number[] }> {
    const codes: number[] = [];
    let isOver = false;
    const sender = (async () => {
      while (!isOver) {
        const replies = await host.ask(ANNA).catch(() => undefined);
        codes.push(
          ...[replies?.greeting, replies?.mail, ...(replies?.rcpt ?? [])].flatMap(
            (reply) => reply?.code ?? [],
          ),
        );
        await sleep(20);
      }
    })();
    try {
      return { result: await action(), codes };
    } finally {
      isOver = true;
      await sender;
    }
  }

  /** Waits until a recipient who exists is taken: a process from before may answer once more. */
  const answersAgain = () =>
    eventually(async () => (await code(ANNA).catch(() => undefined)) === 250);
  const code = async (to: string) => (await host.ask(to)).rcpt[0]?.code;
  const mainCf = (configuration: Configuration) =>
    configuration.postfix["main.cf"].map((line) => `${line}\n`).join("");
  const letters = () =>
    host.primary.messages(ANNA).filter((mail) => /^Subject: backup MX: /m.test(mail));

  beforeAll(async () => {
    host = await ConfiguredHost.open();
    expect(await host.first(FIRST)).toMatchObject({ exitCode: 0 });
  });

  afterAll(() => host?.close());

  beforeEach(async () => {
    host.want(FIRST);
    host.watch();
    await host.isLive(sumOf(JSON.stringify(FIRST)));
  });

  afterEach(async () => {
    host.want(FIRST);
    await host.isLive(sumOf(JSON.stringify(FIRST)));
    await host.kill();
  });

  test("counts without cutting an open session", async () => {
    const master = host.read("/var/spool/postfix/pid/master.pid");
    expect(await code("anna@example.org")).toBe(554);
    const open = new SmtpConnection(host.sender, ConfiguredHost.ADDRESS);
    await open.reply();
    await open.command("EHLO sender.example");
    const { result, codes } = await hearing(() => host.isLive(host.want(SECOND)));
    expect(result).toBeUndefined();
    expect(codes.filter((one) => one >= 400)).toEqual([]);
    expect(await code("anna@example.org")).toBe(250);
    for (const [command, expected] of [
      ["MAIL FROM:<someone@sender.example>", 250],
      [`RCPT TO:<${ANNA}>`, 250],
      ["DATA", 354],
    ] as const) {
      expect((await open.command(command)).code).toBe(expected);
    }
    expect((await open.message("Subject: through\r\n\r\nhello\r\n")).code).toBe(250);
    open.quit();
    expect(host.read("/var/spool/postfix/pid/master.pid")).toBe(master);
    expect(host.read("/etc/postfix/main.cf")).toBe(mainCf(SECOND));
    expect(host.read("/var/spool/backup-mx/configuration/good.json")).toBe(JSON.stringify(SECOND));
    await eventually(() => host.primary.messages(ANNA).some((mail) => mail.includes("through")));
  });

  test("of earlier is taken again", async () => {
    await host.isLive(host.want(SECOND));
    await host.isLive(host.want(FIRST));
    expect(await code("anna@example.org")).toBe(554);
    await host.isLive(host.want(SECOND));
    expect(await code("anna@example.org")).toBe(250);
  });

  test("is taken from a store that has no ETag", async () => {
    host.write("/run/store/without-etags", "");
    await expect(host.isLive(host.want(SECOND))).resolves.not.toBeNull();
    host.remove("/run/store/without-etags");
  });

  test("changes who answers at port 25", async () => {
    await host.isLive(host.want(configurationOf(["example.com"], { ...PROPS, greetTest: true })));
    expect(host.read("/etc/postfix/master.cf")).toMatch(/^smtp +inet .* postscreen$/m);
    const { greeting, rcpt } = await host.ask(ANNA);
    expect([greeting.seconds > 5, rcpt[0].code]).toEqual([true, 250]);
  });

  test("may bind other sockets", async () => {
    const ipv4 = withSettings({ inet_protocols: "ipv4" });
    await host.isLive(host.want(ipv4));
    expect(host.host.run("ss", "-Hltn")).not.toContain("[::]:25");
    await host.isLive(host.want(FIRST));
    expect(host.host.run("ss", "-Hltn")).toMatch(/(\[::\]|\*):25/);
  });

  /** It may just be trying the refused one again. */
  const hasFirst = () => eventually(() => host.read("/etc/postfix/main.cf") === mainCf(FIRST));

  test.each<[string, Configuration | string | Buffer, RegExp]>([
    ["is cut", JSON.stringify(FIRST).slice(0, -100), /not whole/],
    ["is for another host", { ...FIRST, hostname: "mx9.example.net" }, /another host/],
    ["is for another version", { ...FIRST, version: "f".repeat(16) }, /another version/],
    ["has an unknown section", { ...FIRST, extra: {} }, /does not know/],
    ["has a value that is no number", withSettings({ smtpd_hard_error_limit: "x" }), /kind/],
    ["opens the relay", withSettings({ mynetworks: "0.0.0.0/0" }), /must have `mynetworks/],
    [
      "has an unknown restriction",
      withSettings({ smtpd_helo_restrictions: "reject_everything" }),
      /would be answered: 451 4\.3\.5 .*Server configuration error/,
    ],
    [
      "refuses everybody",
      withSettings({ smtpd_client_restrictions: "reject" }),
      /would be answered: 4\d\d 4\.7\.1 .*Access denied/,
    ],
    [
      "refuses all but the host itself",
      withSettings({
        smtpd_client_restrictions: "check_client_access cidr:{{127.0.0.0/8 OK}}, reject",
      }),
      /mail for example\.com would be answered: 4\d\d 4\.7\.1 .*Access denied/,
    ],
    [
      "lacks a table",
      withSettings({ smtpd_helo_restrictions: "check_helo_access lmdb:/etc/postfix/none" }),
      /would be answered: 451 4\.3\.[05] /,
    ],
  ])("that %s is refused, and no sender hears so", async (_, wanted, reason) => {
    const { result, codes } = await hearing(() => host.isRefused(host.want(wanted)));
    expect(result).toMatch(reason);
    expect(codes).not.toHaveLength(0);
    expect(codes.filter((one) => one >= 500)).toEqual([]);
    await answersAgain();
    expect(host.state.live).toBe(sumOf(JSON.stringify(FIRST)));
    await hasFirst();
    expect(host.read("/etc/backup-mx/configuration.json")).toBe(JSON.stringify(FIRST));
  });

  test("with which nobody answers at port 25 is refused", async () => {
    const wanted = configurationOf(["example.com"], { ...PROPS, greetTest: true });
    wanted.postfix["main.cf"] = wanted.postfix["main.cf"].map((line) =>
      line.startsWith("postscreen_greet_action") ? "postscreen_greet_action = dance" : line,
    );
    expect(await host.isRefused(host.want(wanted))).toMatch(/does not answer/);
    host.want(FIRST);
    await answersAgain();
  });

  test("that is refused is told to the postmaster once", async () => {
    const before = letters().length;
    const bad = host.want(withSettings({ mail_name: "${" }));
    expect(await host.isRefused(bad)).toMatch(/cannot be read off/);
    await eventually(() => letters().length === before + 1);
    const { result: refusals } = await hearing(async () => {
      await eventually(() => host.log().split(`${bad.slice(0, 12)} is refused`).length > 4);
      await host.kill();
      host.watch();
      await host.isRefused(bad);
      return host.log();
    });
    expect(refusals).toContain("cannot be read off");
    host.postfix.flush("example.com");
    await host.isLive(host.want(SECOND));
    expect(letters()).toHaveLength(before + 1);
  });

  test("for another version is not told at once", async () => {
    const before = letters().length;
    const other = { ...FIRST, version: "e".repeat(16) };
    expect(await host.isRefused(host.want(other))).toBe("is for another version of this host");
    const foreign = { ...FIRST, hostname: "mx8.example.net" };
    await host.isRefused(host.want(foreign));
    // Letters come in their order: there was none before this one.
    await eventually(() => letters().length > before);
    expect(letters().slice(before).join()).not.toContain("another version");
  });

  test("waits while the host is drained", async () => {
    await host.run("backup-mx", "drain");
    const sum = host.want(SECOND);
    expect(await host.isRefused(sum)).toContain("is drained");
    expect(await code(ANNA)).toBe(450);
    const closed = async () =>
      [
        ...(await host.run("postconf", "-P")).stdout.matchAll(
          /(\S+)\/smtpd_client_restrictions = defer/g,
        ),
      ].map(([, service]) => service);
    const drained = await closed();
    await host.run("backup-mx", "resume");
    // Port 25 alone: what was judged goes out.
    expect([drained, await closed()]).toEqual([["smtp/inet"], []]);
    await host.isLive(sum);
    expect(await code("anna@example.org")).toBe(250);
  });

  test("does not start a Postfix that the postmaster has stopped", async () => {
    await host.run("systemctl", "stop", "postfix");
    const sum = host.want(SECOND);
    expect(await host.isRefused(sum)).toContain("was stopped");
    await host.run("systemctl", "start", "postfix");
    await host.isLive(sum);
  });

  test("that opens the relay past all checks is found by what the host answers", async () => {
    await host.kill();
    await host.run("postconf", "-e", "mynetworks = 0.0.0.0/0");
    await host.run("postfix", "reload");
    const program = `
import sys
sys.path.insert(0, "/usr/local/lib/backup-mx")
import answers, host
answers.check(host.configuration())`;
    const ask = async () => (await host.run("/usr/bin/python3", "-c", program)).stderr;
    await eventually(async () => (await ask()).includes("open relay: 250 2.1.5 Ok"));
    // As it was: postconf writes a space behind the name of what is empty.
    await host.run("sed", "-i", "s/^mynetworks = .*/mynetworks =/", "/etc/postfix/main.cf");
    await host.run("postfix", "reload");
    expect(await eventually(async () => (await ask()) === "")).toBe(true);
    host.watch();
  });

  describe("on a full disk", () => {
    const LARGE = configurationOf(
      Array.from({ length: 3000 }, (_, n) => `d${n}.example`),
      PROPS,
    );

    test("is refused as long as the disk is full", async () => {
      await host.run("mount", "-t", "tmpfs", "-o", "size=300k,mode=755", "tmpfs", "/mnt");
      await host.run("cp", "-a", "/etc/postfix/.", "/mnt");
      await host.run("mount", "--move", "/mnt", "/etc/postfix");
      const large = host.want(LARGE);
      expect(await host.isRefused(large)).toMatch(/No space left|failed/);
      expect(await code(ANNA)).toBe(250);
      await hasFirst();
      expect(host.has("/etc/postfix/staged")).toBe(false);
      await host.run("mount", "-o", "remount,size=64m", "/etc/postfix");
      await host.isLive(large);
      await host.isLive(host.want(FIRST));
      await host.run("cp", "-a", "/etc/postfix/.", "/run/postfix");
      await host.run("umount", "--lazy", "/etc/postfix");
      await host.run("systemctl", "restart", "postfix");
    });

    /** Leaves so many pages of the disk of the queue, beside what is there. */
    test.each([0, 1])(
      "of the queue with %d pages left is refused, and the host goes on",
      async (pages) => {
        const folder = "/var/spool/backup-mx/configuration";
        await host.run("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", "/mnt");
        await host.run("cp", "-a", `${folder}/.`, "/mnt");
        await host.run("sh", "-c", "cat /dev/urandom >/mnt/rest");
        await host.run("truncate", "--size", `-${4096 * pages}`, "/mnt/rest");
        await host.run("mount", "--move", "/mnt", folder);
        const sum = host.want(SECOND);
        expect(await host.isRefused(sum)).toMatch(/No space left/);
        expect(host.has("/var/lib/backup-mx/configured")).toBe(true);
        await hasFirst();
        await answersAgain();
        await host.run("umount", "--lazy", folder);
        await host.isLive(sum);
      },
    );
  });

  describe("that cannot be taken, nor the one before be put back", () => {
    test("closes the host until it can", async () => {
      host.write("/run/upkeep/take", "3");
      const sum = host.want(withUpkeep("04:00"));
      await eventually(() => !host.has("/var/lib/backup-mx/configured"));
      await eventually(() => host.log().includes("this host takes no mail"));
      expect(await eventually(() => host.has("/var/lib/backup-mx/configured"))).toBe(true);
      await answersAgain();
      await host.isLive(sum);
    });

    test("stays closed", async () => {
      host.write("/run/upkeep/take", "1000");
      host.want(withUpkeep("04:30"));
      await eventually(() => !host.has("/var/lib/backup-mx/configured"));
      await eventually(() => !host.host.run("ss", "-Hltn").includes(":25 "));
      await host.kill();
      expect(await host.configure("restore")).toMatchObject({ exitCode: 0 });
      expect(host.has("/var/lib/backup-mx/configured")).toBe(false);
      host.write("/run/upkeep/take", "0");
      host.watch();
      await eventually(() => host.has("/var/lib/backup-mx/configured"));
      await answersAgain();
    });
  });

  describe("that a power cut interrupts", () => {
    /** What a boot does. */
    async function boot() {
      await host.run("postfix", "stop");
      expect(await host.configure("restore")).toMatchObject({ exitCode: 0 });
      await host.run("systemctl", "start", "postfix");
    }

    function isFirst() {
      expect(host.read("/etc/postfix/main.cf")).toBe(mainCf(FIRST));
      expect(host.read("/etc/postfix/transport")).toBe("example.com relay:[mx1.example.com]:25\n");
      expect(host.has("/var/spool/backup-mx/configuration/taking")).toBe(false);
    }

    test.each(["take", "keep"])("at its %s, is undone", async (stage) => {
      host.write(`/run/upkeep/${stage}`, "hang");
      host.remove("/run/upkeep/hangs");
      const wanted = { ...SECOND, upkeep: { restartTime: "05:00" } };
      host.want(wanted);
      await eventually(() => host.has("/run/upkeep/hangs"));
      expect(host.read("/etc/postfix/main.cf").includes("soft_bounce = yes")).toBe(
        stage === "keep",
      );
      await host.kill();
      host.remove(`/run/upkeep/${stage}`);
      await boot();
      isFirst();
      expect(await code(ANNA)).toBe(250);
      expect(await code("anna@example.org")).toBe(554);
      // The service takes it as soon as it can.
      host.watch();
      await host.isLive(sumOf(JSON.stringify(wanted)));
    });

    test("at any moment, is there or not", async () => {
      for (let n = 0; n < 12; n++) {
        host.want(n % 2 === 0 ? SECOND : FIRST);
        await sleep(250 + n * 130);
        await host.kill();
        await boot();
        const good = JSON.parse(host.read("/var/spool/backup-mx/configuration/good.json"));
        expect(host.read("/etc/postfix/main.cf")).toBe(mainCf(good));
        expect(host.read("/etc/backup-mx/configuration.json")).toBe(JSON.stringify(good));
        expect(await code(ANNA)).toBe(250);
        expect(await code("anna@example.org")).toBe(good.postfix.transport.length > 1 ? 250 : 554);
        host.watch();
      }
    });
  });

  describe("as the command tells of it", () => {
    const command = (...args: string[]) => host.run("backup-mx", ...args);

    test("is live, or refused, or out of reach", async () => {
      const sum = sumOf(JSON.stringify(FIRST)).slice(0, 12);
      expect((await command()).stdout).toMatch(`configuration ${sum} is live since `);
      expect(JSON.parse((await command("--json")).stdout).configuration).toEqual(host.state);
      const bad = host.want({ ...FIRST, hostname: "mx7.example.net" });
      await host.isRefused(bad);
      expect((await command()).stdout).toContain(
        `CONFIGURATION ${bad.slice(0, 12)} IS REFUSED: is for another host; ${sum} stays`,
      );
      await host.kill();
      host.write(
        "/run/backup-mx/configuration.json",
        JSON.stringify({
          ...host.state,
          refused: null,
          looked: Math.floor(Date.now() / 1000) - 600,
        }),
      );
      expect((await command()).stdout).toContain("THE BUCKET WAS NOT REACHED FOR 10 MINUTES");
      host.watch();
    });

    test("is waited for", async () => {
      const sum = host.want(SECOND);
      expect(await command("wait")).toMatchObject({
        exitCode: 0,
        stdout: `configuration ${sum.slice(0, 12)} is live\n`,
      });
      expect(await command("wait", sum.slice(0, 8), "60")).toMatchObject({ exitCode: 0 });
      const bad = host.want({ ...FIRST, hostname: "mx6.example.net" });
      expect(await command("wait", bad)).toMatchObject({
        exitCode: 1,
        stderr: `configuration ${bad.slice(0, 12)} is refused: is for another host\n`,
      });
      expect(await command("wait", "0".repeat(64), "0")).toMatchObject({
        exitCode: 1,
        stderr: "configuration 000000000000 is not live after 0 seconds\n",
      });
      expect((await command("wait", "something")).stderr).toMatch(/^usage: /);
      host.remove("/run/store/configuration");
      expect((await command("wait")).stderr).toMatch(/^the bucket cannot be reached: /);
      host.want(FIRST);
    });

    test("is in the figures", async () => {
      const figures = async () =>
        (await host.run("backup-mx-figures")).stdout.split("\n").filter((one) => /^Conf/.test(one));
      const number = Number.parseInt(sumOf(JSON.stringify(FIRST)).slice(0, 12), 16);
      expect(await figures()).toEqual([
        "ConfigurationRefused 0 Count",
        expect.stringMatching(/^ConfigurationAge \d Seconds$/),
        `Configuration ${number} Count`,
      ]);
      await host.isRefused(host.want({ ...FIRST, hostname: "mx5.example.net" }));
      expect(await figures()).toContain("ConfigurationRefused 1 Count");
    });

    test("is found by programs in shell", async () => {
      const setting = (path: string) => host.run("backup-mx-setting", path);
      expect((await setting("hostname")).stdout).toBe("mx2.example.net\n");
      expect((await setting("upkeep.restartTime")).stdout).toBe("03:30\n");
      expect((await setting("postfix.postscreen")).stdout).toBe("\n");
      expect(await setting("upkeep.nothing")).toMatchObject({ exitCode: 1 });
    });
  });
});
