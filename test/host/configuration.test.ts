import { setTimeout as sleep } from "node:timers/promises";
import {
  type Disk,
  eventually,
  GOOD,
  HostWorld,
  type MailHost,
  message,
  SmtpConnection,
  smtp,
} from "../../lab";
import {
  type BackupMxDomain,
  type BackupMxProps,
  Monitoring,
  RecipientVerification,
  Scanner,
} from "../../lib";
import { describeWith } from "../support/requirements";

const PRIMARIES = [{ hostname: "mx1.example.com" }];
/** That nobody is asked, so that what is said follows from the configuration alone. */
const BOB_ALONE = RecipientVerification.list([HostWorld.BOB]);
const FIRST: BackupMxDomain = {
  name: "example.com",
  primaries: PRIMARIES,
  recipients: BOB_ALONE,
};
const ALARMS = Monitoring.toTopic("arn:aws:sns:eu-central-1:111122223333:alarms");

/** So many domains with a user each, beside the first. */
const many = (count: number): BackupMxDomain[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `customer${index}.example`,
    primaries: PRIMARIES,
    recipients: RecipientVerification.list([`info@customer${index}.example`]),
  }));

const props = (more: Partial<BackupMxProps> = {}): Partial<BackupMxProps> => ({
  domains: [FIRST],
  scanner: Scanner.rspamd({ timeLimit: "10m" }),
  monitoring: ALARMS,
  // That no name is looked up on the way.
  smtpdRecipientRestrictions: ["permit_mynetworks", "reject_unauth_destination"],
  smtpdSenderRestrictions: [],
  ...more,
});

describeWith(HostWorld.NEEDS, "the configuration of a fresh Debian 13", () => {
  let world: HostWorld;
  let disk: Disk;
  let host: MailHost;

  beforeAll(async () => {
    world = await HostWorld.open();
    await world.primary.refuse();
    disk = world.disk(20 * 1024 ** 3);
    // As in the first minutes of an instance.
    world.aws.hasNoRole = true;
    host = await world.boot({ props: props(), device: disk.attach() });
    await eventually(async () => (await host.setUpLog()).includes("waiting for programs"));
    await expect(smtp(world.sender, host.address)).rejects.toThrow(/refused/);
    world.aws.hasNoRole = false;
    expect(await host.cloudInit()).toEqual(GOOD);
  });

  afterAll(() => world?.close());

  const ask = async (to: string, from = "") => {
    const { rcpt } = await world.say(host, { from, to });
    return `${rcpt[0].code} ${rcpt[0].text}`;
  };
  const instance = async () =>
    (await host.succeed("cat", "/proc/sys/kernel/random/boot_id")).trim();
  const letters = async () =>
    (await host.queue()).filter(({ sender }) => sender.startsWith("root@")).length;
  /** Deploys other props, and waits until the host has taken them. */
  const deploy = async (changed: Partial<BackupMxProps>) => {
    world.deploy(host, props(changed));
    const begin = Date.now();
    expect(await host.takesConfiguration()).toMatchObject({ exitCode: 0 });
    return (Date.now() - begin) / 1000;
  };

  test("has a domain more on the running host, while an open session goes on", async () => {
    const before = await instance();
    expect(await ask("info@customer0.example")).toMatch(/^554 .*Relay access denied/);
    const session = new SmtpConnection(world.sender, host.address);
    await session.reply();
    await session.command("EHLO sender.example");
    await session.command("MAIL FROM:<alice@sender.example>");
    await session.command(`RCPT TO:<${HostWorld.BOB}>`);
    const seconds = await deploy({ domains: [FIRST, ...many(1)] });
    process.stdout.write(`a domain more is live after ${seconds.toFixed(0)} s\n`);
    expect(await ask("info@customer0.example")).toMatch(/^250/);
    expect(await ask("nobody@customer0.example")).toMatch(/^550 .*Address lookup failed/);
    expect((await session.command("DATA")).code).toBe(354);
    expect((await session.command(`${message("goes on")}\r\n.`)).code).toBe(250);
    session.quit();
    expect(await instance()).toBe(before);
  });

  test("has settings, a list and an interval more or other ones, and none that are gone", async () => {
    await deploy({
      domains: [{ ...FIRST, recipients: RecipientVerification.list(["late@example.com"]) }],
      messageSizeLimit: 1_000_000,
      watchInterval: "10s",
      restartTime: "01:15",
    });
    expect(await ask("late@example.com")).toMatch(/^250/);
    expect(await ask(HostWorld.BOB)).toMatch(/^550/);
    expect(await ask("info@customer0.example")).toMatch(/^554/);
    const session = new SmtpConnection(world.sender, host.address);
    await session.reply();
    await session.command("EHLO sender.example");
    expect((await session.command("MAIL FROM:<> SIZE=2000000")).code).toBe(552);
    session.quit();
    expect(await host.succeed("cat", "/etc/apt/apt.conf.d/60backup-mx")).toContain('"01:15"');
    // What earlier props said counts again when they are deployed again.
    await deploy({});
    expect(await ask(HostWorld.BOB)).toMatch(/^250/);
    expect(await host.succeed("cat", "/etc/apt/apt.conf.d/60backup-mx")).toContain('"03:30"');
  });

  test("switches a feature on and off without another instance", async () => {
    const runs = async () =>
      (await host.run("systemctl", "is-active", "backup-mx-metrics.timer")).stdout.trim();
    expect(await runs()).toBe("active");
    await deploy({ monitoring: Monitoring.none() });
    expect(await runs()).toBe("inactive");
    await deploy({});
    expect(await runs()).toBe("active");
  });

  test("gives up what has waited too long, keeps it, and has it when it is asked for", async () => {
    const load = world.load(host);
    await load.send(3);
    await eventually(async () => (await host.status()).unjudged === 0);
    await deploy({ maximalQueueLifetime: "1m" });
    const kept = async () => JSON.parse(await host.succeed("backup-mx", "quarantine", "--json"));
    // Its timer does that every minute; with so short a lifetime Postfix would be first.
    await eventually(async () => {
      await host.succeed("systemctl", "start", "backup-mx-undeliverable");
      return (await kept()).length >= 3;
    });
    await deploy({});
    await world.primary.become("up");
    for (const { name, verdict } of await kept()) {
      expect(verdict).toBe("given up");
      await host.succeed("backup-mx", "quarantine", "release", name);
    }
    await eventually(async () => (await host.status()).queued === 0);
    expect(await load.outcome(world.primary)).toMatchObject({
      accepted: 3,
      delivered: 3,
      twice: 0,
    });
    expect((await host.run("systemctl", "is-failed", "backup-mx-undeliverable")).stdout).toBe(
      "inactive\n",
    );
    await world.primary.refuse();
  });

  test("has other limits of the scanner for the next mail, while mail flows and a session goes on", async () => {
    const begun = async () => {
      const session = new SmtpConnection(world.sender, host.address);
      await session.reply();
      for (const line of ["EHLO sender.example", "MAIL FROM:<>", `RCPT TO:<${HostWorld.BOB}>`]) {
        expect((await session.command(line)).code).toBe(250);
      }
      return async (subject: string) => {
        expect((await session.command("DATA")).code).toBe(354);
        expect((await session.command(`${message(subject)}\r\n.`)).code).toBe(250);
        session.quit();
        return eventually(() =>
          world.primary.messages(HostWorld.BOB).find((m) => m.includes(`Subject: ${subject}\n`)),
        );
      };
    };
    const before = await instance();
    await world.primary.become("up");
    expect(await (await begun())("before")).toMatch(/^X-Spam-Status: No, /m);
    const load = world.load(host);
    const sending = load.send(50, { parallel: 2, pauseMs: 100 });
    let end = await begun();
    await deploy({ scanner: Scanner.rspamd({ timeLimit: "10m", spamScore: 0.1 }) });
    expect(await end("after")).toMatch(/^X-Spam-Status: Yes, /m);
    await sending;
    end = await begun();
    await deploy({ scanner: Scanner.rspamd({ timeLimit: "10s", spamScore: 0.1 }) });
    await eventually(async () => (await host.status()).judge?.scanner_state === "up");
    // It would hang for ten minutes, had the judge not been told.
    await host.succeed("systemctl", "kill", "--signal=STOP", "rspamd");
    await load.send(1);
    expect(await end("late")).toMatch(/^X-Spam-Status: Yes, /m);
    const log = await host.succeed("journalctl", "--unit=backup-mx-judge", "--output=cat");
    expect(log).toContain("the scanner took more than 5 s");
    const { accepted, delivered, twice } = await world.drain(load, host);
    expect(accepted).toBe(51);
    expect(delivered).toBe(accepted);
    // The judge starts anew with mail in hand.
    expect(twice).toBeLessThanOrEqual(1);
    expect(await instance()).toBe(before);
    await deploy({});
  });

  test.each<[string, (text: string) => string]>([
    ["is cut off", (text) => text.slice(0, text.length / 2)],
    ["belongs to another host", (text) => text.replaceAll("mx2.example.com", "mx3.example.com")],
    ["opens the relay", (text) => text.replace("mynetworks =", "mynetworks = 0.0.0.0/0")],
    [
      "breaks Postfix",
      (text) => text.replace("smtpd_soft_error_limit = 3", "smtpd_soft_error_limit = three"),
    ],
    ["has a file of its own", (text) => text.replace('"aliases":', '"../cron.d/x":[],"aliases":')],
  ])("that %s is refused, and the one before stays", async (_, spoil) => {
    const good = host.bucket.get("configuration");
    // The letter to the operator waits.
    await world.primary.refuse();
    const before = await letters();
    const { live } = (await host.status()).configuration;
    host.bucket.put("configuration", spoil(good));
    const { exitCode, stderr } = await host.takesConfiguration();
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/refused/i)]);
    expect(await host.status()).toMatchObject({
      takes_mail: true,
      configuration: { live, refused: expect.any(String) },
    });
    expect((await host.run("backup-mx")).stdout).toMatch(/^CONFIGURATION \w{12} IS REFUSED: /m);
    expect((await host.figures()).ConfigurationRefused).toBe(1);
    expect(await ask(HostWorld.BOB)).toMatch(/^250/);
    expect(await ask("anybody@foreign.example")).toMatch(/^554/);
    await eventually(async () => (await letters()) > before);
    expect(await letters()).toBe(before + 1);
    host.bucket.put("configuration", good);
    await eventually(async () => (await host.figures()).ConfigurationRefused === 0);
  });

  test("that could not be looked at stays as it was", async () => {
    world.aws.isDown = true;
    world.deploy(host, props({ domains: [FIRST, ...many(1)] }));
    await sleep(20_000);
    expect((await host.figures()).ConfigurationAge).toBeGreaterThan(10);
    expect(await ask(HostWorld.BOB)).toMatch(/^250/);
    expect(await ask("info@customer0.example")).toMatch(/^554/);
    await host.reboot();
    await world.answers(host);
    expect(await ask(HostWorld.BOB)).toMatch(/^250/);
    world.aws.isDown = false;
    expect(await host.takesConfiguration()).toMatchObject({ exitCode: 0 });
    expect(await ask("info@customer0.example")).toMatch(/^250/);
  });

  test("has 10,000 domains with 10,000 recipients, in processes that stay small", async () => {
    const time = async (to: string) => {
      const begin = Date.now();
      for (let mail = 0; mail < 20; mail++) {
        expect(await ask(to)).toMatch(/^250/);
      }
      return Date.now() - begin;
    };
    const before = await time(HostWorld.BOB);
    const seconds = await deploy({ domains: [FIRST, ...many(10_000)] });
    const after = await time("info@customer9999.example");
    const sizes = await host.succeed(
      "sh",
      "-c",
      "for pid in $(pgrep -x smtpd); do awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup; done",
    );
    const largest = Math.max(...sizes.trim().split("\n").map(Number)) / 1024;
    const more = await deploy({ domains: [FIRST, ...many(10_001)] });
    process.stdout.write(
      `10,000 domains are live after ${seconds.toFixed(0)} s and one more after ${more.toFixed(0)} s; ` +
        `accepting takes ${(after / before).toFixed(2)} times as long; an smtpd has ${largest.toFixed(1)} MiB\n`,
    );
    expect(largest).toBeLessThan(30);
    expect(await ask("info@customer10000.example")).toMatch(/^250/);
    expect(await ask("nobody@customer10000.example")).toMatch(/^550/);
  });

  test("that is good is kept for the next instance, if the wanted one is refused", async () => {
    const { bucket, bucketName: name, place } = host;
    await host.machine.powerOff();
    await host.remove();
    bucket.put("configuration", "{}");
    host = await world.boot({
      props: props(),
      bucket: { bucket, name },
      place,
      device: disk.attach(),
    });
    expect(await host.cloudInit()).toEqual(GOOD);
    expect(await ask("info@customer10000.example")).toMatch(/^250/);
    expect((await host.run("backup-mx")).stdout).toMatch(/^CONFIGURATION \w{12} IS REFUSED: /m);
  });

  test("is not there without programs: those with another sum are not unpacked, until they are right", async () => {
    const spoilt = world.bucket();
    const stack = HostWorld.stack(props());
    const { objects } = world.deployed(stack, spoilt.name);
    const [key] = Object.keys(objects).filter((name) => name.startsWith("programs/"));
    spoilt.bucket.fill({ ...objects, [key]: `${objects[key]} ` });
    const other = await world.boot({ stack, bucket: spoilt });
    const { exitCode, status } = await other.cloudInit();
    expect([exitCode, status]).toEqual([1, expect.stringContaining("error")]);
    expect(await other.setUpLog()).toMatch(/programs with another sum, no mail/);
    await expect(smtp(world.sender, other.address)).rejects.toThrow(/refused/);
    spoilt.bucket.fill(objects);
    // Within two minutes it tries again by itself.
    await eventually(() => smtp(world.sender, other.address).catch(() => sleep(500, false)), 600);
    await other.remove();
  });
});
