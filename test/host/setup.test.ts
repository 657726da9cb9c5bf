import { type Disk, eventually, HostWorld, type MailHost, QUEUE_DEVICE, smtp } from "../../lab";
import { describeWith } from "../support/requirements";

/** Holds a lock on a file in either of the ways that programs of Debian use. */
const HOLD = `
import fcntl, sys, time
flock, lockf = open(sys.argv[1], "r+"), open(sys.argv[1], "r+")
fcntl.flock(flock, fcntl.LOCK_EX)
fcntl.lockf(lockf, fcntl.LOCK_EX)
time.sleep(3600)
`;

describeWith(HostWorld.NEEDS, "the set-up of a fresh Debian 13", () => {
  let world: HostWorld;
  /** What stands in its way goes by and by. */
  let host: MailHost;
  /** Its disk holds what is not its queue. */
  let foreign: MailHost;
  let disk: Disk;
  let minor: string;

  beforeAll(async () => {
    world = await HostWorld.open();
    disk = world.disk(20 * 1024 ** 3);
    minor = disk.attach().replace("/dev/loop", "");
    host = await world.boot({ device: null, isFurnished: false });
    foreign = await world.boot({ device: foreignDevice() });
  });

  afterAll(() => world?.close());

  const foreignDevice = () => {
    const other = world.disk(20 * 1024 ** 3).attach();
    world.sender.run("mkfs.ext4", "-q", "-L", "somebody", other);
    return other;
  };
  const mirror = (verb: "add" | "delete") =>
    host.place.run("ip", "route", verb, "unreachable", "198.51.100.99/32");
  const attachDisk = async () => {
    await host.succeed("mkdir", "--parents", "/dev/disk/by-id");
    await host.succeed("mknod", QUEUE_DEVICE, "b", "7", minor);
  };
  const hold = async (file: string) => {
    await host.succeed("systemd-run", "--quiet", "--unit=lab-lock", "python3", "-c", HOLD, file);
    await eventually(async () => (await host.run("fuser", file)).exitCode !== 1);
  };
  const release = () => host.succeed("systemctl", "stop", "lab-lock");

  const progress = async (of = host) => (await of.run("cat", "/run/backup-mx/setup")).stdout;
  const comesTo = (what: RegExp, of = host) =>
    eventually(async () => what.test(await progress(of)), 600);
  const mustBeClosed = (of = host) =>
    expect(smtp(world.sender, of.address)).rejects.toThrow(/refused/);
  const has = async (path: string, of = host) => (await of.run("test", "-e", path)).exitCode === 0;

  test("waits for a disk that comes late", async () => {
    await comesTo(/^waits for the queue volume\n$/);
    await mustBeClosed();
    expect(await has("/var/lib/backup-mx/ready")).toBe(false);
  });

  test("waits until somebody else has done with debconf, and with the lists of apt", async () => {
    mirror("add");
    await hold("/var/cache/debconf/config.dat");
    await attachDisk();
    await comesTo(/^waits for Debian's packages: .*config\.dat is locked by another process/);
    await release();
    await hold("/var/lib/apt/lists/lock");
    await comesTo(
      /^waits for Debian's packages: E: Could not get lock \/var\/lib\/apt\/lists\/lock/,
    );
    expect(await has("/usr/sbin/postfix")).toBe(false);
    await release();
  });

  test("waits for its mirror, and begins anew when the power was cut meanwhile", async () => {
    await comesTo(
      /^waits for Debian's packages: http:\/\/\S+ .*: Cannot initiate the connection to /,
    );
    await mustBeClosed();
    // What dpkg was about to write down when the power was cut.
    await host.succeed("touch", "/var/lib/dpkg/updates/0001");
    await host.machine.pullThePlug();
    await host.machine.start();
    await attachDisk();
    await comesTo(
      /^waits for Debian's packages: http:\/\/\S+ .*: Cannot initiate the connection to /,
    );
    await mustBeClosed();
    expect(await has("/var/lib/backup-mx/ready")).toBe(false);
  });

  test("waits for the lock of dpkg, and ends what dpkg had begun", async () => {
    await hold("/var/lib/dpkg/lock-frontend");
    mirror("delete");
    await comesTo(/^waits for Debian's packages: .*lock/);
    await mustBeClosed();
    await release();
    expect(await world.takesMail(host)).toBe(true);
  });

  test("leaves nothing behind, and does not run again", async () => {
    await eventually(async () => !(await has("/run/backup-mx/setup")));
    expect(await has("/usr/sbin/policy-rc.d")).toBe(false);
    // Its package was not let start it.
    expect((await host.run("systemctl", "is-active", "unattended-upgrades")).stdout).toBe(
      "active\n",
    );
    const { stdout } = await host.run("systemctl", "is-enabled", "backup-mx-setup.timer");
    expect(stdout).toBe("disabled\n");
    // A line for each try, and not one a second.
    const said = (await host.setUpLog()).match(/backup-mx: set-up waits for/g) ?? [];
    expect(said.length).toBeLessThan(100);
    await host.reboot();
    await attachDisk();
    await world.answers(host);
    const log = await host.succeed("journalctl", "--boot", "--quiet", "--unit=backup-mx-setup");
    expect(log).toBe("");
  });

  test("is given up at once where time heals nothing, and tried again until it was", async () => {
    const verdict = await foreign.cloudInit();
    expect(verdict.exitCode).not.toBe(0);
    expect(verdict.errors.join()).toMatch(/runcmd|scripts_user/);
    await comesTo(/^failed: queue volume vol-\w+: holds something else: .*LABEL=somebody/, foreign);
    await mustBeClosed(foreign);
    await foreign.succeed("wipefs", "--quiet", "--all", QUEUE_DEVICE);
    await foreign.succeed("dd", "if=/dev/zero", `of=${QUEUE_DEVICE}`, "bs=1M", "count=4");
    await eventually(() => has("/var/lib/backup-mx/ready", foreign), 600);
    await world.takesMail(foreign);
  });
});
