import {
  Disk,
  eventually,
  execute,
  fuse,
  GOOD,
  HostWorld,
  type Load,
  type MailHost,
  MountNamespace,
  program,
  succeed,
  UnsafeDisk,
} from "../../lab";
import { Scanner } from "../../lib";
import { describeWith } from "../support/requirements";

const { BOB } = HostWorld;
const CUTS = 25;
const DISK_BYTES = 1024 ** 3;
describeWith([...HostWorld.NEEDS, fuse, program("mkfs.ext4", "e2fsprogs")], "the queue", () => {
  let world: HostWorld;
  let host: MailHost;

  beforeAll(async () => {
    world = await HostWorld.open();
  });

  afterAll(() => world?.close());

  const onHost = (...command: string[]) => host.run(...command);
  const props = {
    scanner: Scanner.rspamd({ deliverUnscannedAfter: "1m" }),
    // What is kept free goes by this, and the disk is small.
    messageSizeLimit: 1024 ** 2,
    watchInterval: "5s",
    // All the senders of the world have one address here.
    postfixSettings: { smtpd_client_event_limit_exceptions: HostWorld.SENDER },
  };

  /** Delivers all that waits: whatever was accepted must have arrived. */
  const drain = async (load: Load) => {
    const { accepted, delivered } = await world.drain(load, host);
    expect(delivered).toBe(accepted);
  };

  // Mail goes into the queue, to the judge, and into the queue again. At each cut Postfix's own reader
  // of queue files must find every mail, whole. What is on the disk after the last goes to another
  // Debian, where the user ids are others.
  test("loses nothing in twenty-five power cuts, and moves from Debian 12 to 13", async () => {
    const unsafe = UnsafeDisk.create(DISK_BYTES);
    world.atEnd(() => unsafe.remove());
    const old = await world.boot({
      suite: "bookworm",
      props,
      device: unsafe.device,
    });
    expect(await old.cloudInit()).toEqual(GOOD);
    await world.takesMail(old);
    await world.primary.refuse();
    const load = world.load(old);
    let sending = load.send(100_000, { parallel: 2, pauseMs: 100 });
    await eventually(() => load.promised().size > 20);
    const lost = new Set<string>();
    let forgotten = 0;
    for (let cut = 0; cut < CUTS; cut++) {
      const disk = new Disk(DISK_BYTES);
      const promised = load.promised();
      const [kept, unsafeBlocks] = (await unsafe.cutPower(disk.path)).split(" of ").map(Number);
      forgotten += unsafeBlocks - kept;
      const whole = await wholeMails(disk);
      disk.remove();
      for (const mail of [...promised].filter((name) => !whole.has(name))) {
        lost.add(mail);
      }
    }
    process.stdout.write(
      `${CUTS} power cuts, ${forgotten} blocks forgotten: ${load.promised().size} mails answered 250 before the last, ${lost.size} lost\n`,
    );
    expect(forgotten).toBeGreaterThan(0);
    expect(lost.size).toBe(0);

    load.stop();
    await sending;
    sending = load.send(Math.max(0, 1000 - load.promised().size));
    await sending;
    expect(load.promised().size).toBeGreaterThanOrEqual(1000);
    // As releases left them in which the scanner carried the mail.
    for (const { queue_id } of (await old.queue()).slice(0, 30)) {
      await old.run("postsuper", "-h", queue_id);
    }
    // Of all that Postfix does to a mail, a person's hold alone is not flushed to the disk.
    await old.run("sync");
    const moved = world.disk(DISK_BYTES);
    await unsafe.cutPower(moved.path);
    await old.remove();

    host = await world.boot({ props, device: moved.attach() });
    expect(await host.cloudInit()).toEqual(GOOD);
    expect((await host.queue()).filter((m) => m.queue_name === "hold")).toEqual([]);
    await drain(load);
    expect((await onHost("postfix", "check")).stderr).toBe("");
  });

  test("is told in words and in figures, and flushed by one command", async () => {
    await world.takesMail(host);
    await world.primary.refuse();
    const load = world.load(host);
    await load.send(5);
    expect(load.promised().size).toBe(5);
    await eventually(async () => (await host.status()).unjudged === 0);
    expect(await host.status()).toMatchObject({
      hostname: "mx2.example.com",
      takes_mail: true,
      domains: { "example.com": { mails: 5 } },
      queued: 5,
    });
    const { stdout: words } = await onHost("backup-mx");
    expect(words).toMatch(
      /^mx2.example.com takes mail\nconfiguration \w{12} is live .*\nexample.com: 5 mails wait for a primary, the oldest/,
    );
    await world.primary.become("up");
    expect((await onHost("backup-mx", "flush", "example.com")).exitCode).toBe(0);
    await drain(load);
    expect((await onHost("backup-mx")).stdout).toContain("\nnothing waits\n");
    expect((await onHost("backup-mx", "fly")).exitCode).not.toBe(0);
  });

  test("asks the primary again about a recipient that was forgotten", async () => {
    await world.takesMail(host);
    // While the watch takes the primary for down, nobody is asked.
    const isUp = ["grep", "--quiet", " up$", "/run/backup-mx-watch/primaries"];
    await eventually(async () => (await onHost(...isUp)).exitCode === 0);
    expect((await onHost("backup-mx", "forget", BOB)).exitCode).toBe(0);
    const before = world.primary.probes().length;
    await world.takesMail(host);
    expect(world.primary.probes().length).toBe(before + 1);
  });

  test("goes on unscanned, and says so, when the scanner is down for too long", async () => {
    await world.takesMail(host);
    const stop = ["systemctl", "mask", "--runtime", "--now", "rspamd.socket", "rspamd.service"];
    await onHost(...stop);
    const send = async () => {
      const load = world.load(host);
      await load.send(3);
      await eventually(() => load.outcome(world.primary).delivered === 3);
      const marked = world.primary
        .messages(BOB)
        .filter((mail) => /^X-Backup-MX: not scanned /m.test(mail)).length;
      await drain(load);
      return marked;
    };
    expect(await send()).toBe(3);
    await onHost("systemctl", "unmask", "--runtime", "rspamd.socket", "rspamd.service");
    await onHost("systemctl", "start", "rspamd");
    expect(await send()).toBe(0);
  });
});

/** The mails of which a disk holds a whole queue file, after its journal was replayed. */
async function wholeMails(disk: Disk): Promise<ReadonlySet<string>> {
  const device = disk.attach();
  const mounts = await MountNamespace.create();
  try {
    await succeed(mounts.command("mount", "-t", "ext4", "-o", "ro", device, "/mnt"));
    await succeed(mounts.command("mount", "-t", "tmpfs", "configuration", "/etc/postfix"));
    await succeed(mounts.command("touch", "--date=@0", "/etc/postfix/main.cf"));
    // Like Postfix, it passes over files that are not finished, and those with other names. One
    // that cannot be read does not keep those behind it from being read.
    const script = `cd /mnt/postfix &&
      find hold incoming active deferred -type f -perm 700 ! -name 'temp-*' -print0 |
      xargs -0 -n 40 sh -c 'postcat "$@" || for file; do postcat "$file"; done' sh`;
    const { stdout } = await execute(mounts.command("sh", "-c", script));
    const whole = stdout.split(/^\*\*\* ENVELOPE RECORDS .*\n/m).flatMap((mail) => {
      const [, subject] = /^Subject: (\S+)$/m.exec(mail) ?? [];
      const isWhole =
        mail.includes(`\nThe end of ${subject}\n`) &&
        /^recipient: bob@example.com$/m.test(mail) &&
        /^\*\*\* MESSAGE FILE END/m.test(mail);
      return subject !== undefined && isWhole ? [subject] : [];
    });
    return new Set(whole);
  } finally {
    await mounts.end();
    disk.detach(device);
  }
}
