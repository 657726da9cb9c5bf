import { closeSync, openSync, writeSync } from "node:fs";
import {
  DebianImage,
  Disk,
  type Execution,
  execute,
  MountNamespace,
  program,
  QUEUE_DEVICE,
  QUEUE_VOLUME,
  renderedPolicy,
  root,
  succeed,
} from "../../lab";
import { Scanner } from "../../lib";
import { describeWith } from "../support/requirements";

const PROGRAM = "/usr/local/sbin/backup-mx-queue";
/** By what it reads its configuration, and by what the judge is set up. */
const FOR_PROGRAMS = [
  "/etc/backup-mx/",
  "/usr/local/sbin/backup-mx-setting",
  "/usr/local/lib/backup-mx/",
];
const MIB = 1024 ** 2;

/** The folders of the judge. */
const JUDGE = ["/var/spool/backup-mx/judge", "/var/spool/backup-mx/quarantine"];
/** As its set-up and each configuration do it. */
const OWN_FOLDERS =
  "import sys; sys.path.insert(0, '/usr/local/lib/backup-mx'); import sections; " +
  "[p for p in sections.parts() if p.SECTION == 'judge'][0].own_folders()";

/** The program of the host in the file system of a host, without booting it. */
class Host {
  static async create(image: DebianImage, hostname: string): Promise<Host> {
    const mounts = await MountNamespace.create(await image.unpack());
    await succeed(mounts.command("mount", "-t", "tmpfs", "host", "/srv"));
    await succeed(mounts.command("mkdir", "/srv/upper", "/srv/work", "/srv/root"));
    const layers = `lowerdir=${image.root},upperdir=/srv/upper,workdir=/srv/work`;
    await succeed(mounts.command("mount", "-t", "overlay", "-o", layers, "host", "/srv/root"));
    await succeed(mounts.command("mount", "-t", "tmpfs", "-o", "dev", "dev", "/srv/root/dev"));
    await succeed(mounts.command("mount", "-t", "proc", "proc", "/srv/root/proc"));
    const host = new Host(mounts);
    await host.succeed("mknod", "/dev/zero", "c", "1", "5");
    await host.succeed("mknod", "/dev/null", "c", "1", "3");
    const { files } = renderedPolicy(
      {
        hostname,
        domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
        scanner: Scanner.none(),
      },
      "203.0.113.25",
    );
    for (const [path, content] of Object.entries(files)) {
      if (path === PROGRAM || FOR_PROGRAMS.some((place) => path.startsWith(place))) {
        await host.write(path, [content]);
      }
    }
    return host;
  }

  private constructor(private readonly mounts: MountNamespace) {}

  /** Attaches a device of this machine as the queue volume. */
  async attach(device: string): Promise<void> {
    const minor = device.replace("/dev/loop", "");
    await this.succeed("mkdir", "--parents", "/dev/disk/by-id");
    await this.succeed("mknod", QUEUE_DEVICE, "b", "7", minor);
  }

  /** Runs the program as at boot; five minutes pass in no time. */
  mountQueue(): Promise<Execution> {
    return this.run("env", "BASH_FUNC_sleep%%=() { :; }", "bash", PROGRAM);
  }

  run(...command: string[]): Promise<Execution> {
    return execute(this.inside(command));
  }

  succeed(...command: string[]): Promise<string> {
    return succeed(this.inside(command));
  }

  async write(path: string, content: readonly (string | Buffer)[]): Promise<void> {
    await this.succeed("install", "-D", "--mode=0755", "/dev/null", path);
    await succeed(this.inside(["tee", path]), {
      input: Buffer.concat(content.map((part) => Buffer.from(part))),
    });
  }

  async switchOff(): Promise<void> {
    await this.mounts.end();
  }

  private inside(command: string[]): string[] {
    return this.mounts.command("chroot", "/srv/root", ...command);
  }
}

/** Gives the judge its folders, on a host where its user has this number. */
async function setUpJudge(host: Host, number: number): Promise<void> {
  await host.succeed("groupadd", `--gid=${number}`, "backup-mx-judge");
  await host.succeed("useradd", `--uid=${number}`, `--gid=${number}`, "backup-mx-judge");
  await host.succeed("python3", "-c", OWN_FOLDERS);
}

/** What is on the disk, but for where its file has holes. */
function fingerprint(disk: Disk): string {
  return disk.run("sha256sum", disk.path);
}

describeWith(
  [
    root,
    program("losetup", "mount"),
    program("mkfs.ext4", "e2fsprogs"),
    program("mmdebstrap", "mmdebstrap"),
  ],
  "the queue volume on the host",
  () => {
    const hosts: Host[] = [];
    let debian: DebianImage;

    beforeAll(async () => {
      debian = await DebianImage.build("trixie");
    });

    afterAll(() => debian?.remove());

    async function host(disk?: Disk, hostname = "mx2.example.com"): Promise<Host> {
      const made = await Host.create(debian, hostname);
      hosts.push(made);
      if (disk !== undefined) {
        await made.attach(disk.attach());
      }
      return made;
    }

    /** Off it goes, and the disk is free for the next. */
    async function switchOff(): Promise<void> {
      for (const gone of hosts.splice(0)) {
        await gone.switchOff();
      }
    }

    describe("through its life", () => {
      const places = ["/var/spool/postfix", "/var/lib/postfix", ...JUDGE];
      let disk: Disk;

      beforeAll(() => {
        disk = new Disk(600 * MIB);
      });

      afterAll(async () => {
        await switchOff();
        disk.remove();
      });

      test("is formatted when it is blank, and holds the whole mail state", async () => {
        const first = await host(disk);
        expect(await first.mountQueue()).toMatchObject({ exitCode: 0, stderr: "" });
        await setUpJudge(first, 801);
        for (const place of places) {
          await first.write(`${place}/here`, [place]);
        }
        await first.succeed("chown", "801:801", ...JUDGE.map((place) => `${place}/here`));
        // Once more on the same boot, as cloud-init would.
        expect(await first.mountQueue()).toMatchObject({ exitCode: 0 });
        const options = await first.succeed("grep", " /var/spool/backup-mx ", "/proc/mounts");
        expect(options).toMatch(/nosuid,nodev,noexec,noatime/);
        // Whoever writes mail flushes it.
        expect(options).not.toContain("data=");
        // Postfix watches the blocks alone: there is an inode for every one.
        const numbers = await first.succeed(
          ...["stat", "--file-system", "--format=%d %f", "/var/spool/backup-mx"],
        );
        const [inodes, freeBlocks] = numbers.split(" ").map(Number);
        expect(inodes).toBeGreaterThanOrEqual(freeBlocks);
      });

      test("is not opened while another instance has it open", async () => {
        const [running] = hosts;
        const { exitCode, stderr } = await (await host(disk)).mountQueue();
        expect(exitCode).toBe(1);
        expect(stderr).toMatch(/in use by another instance/);
        await running.write("/var/spool/postfix/still-there", ["yes"]);
        await switchOff();
      });

      test("is not touched by another host", async () => {
        const before = fingerprint(disk);
        const { exitCode, stderr } = await (await host(disk, "mx3.example.com")).mountQueue();
        expect(exitCode).toBe(1);
        expect(stderr).toMatch(/holds the queue of another host/);
        await switchOff();
        expect(fingerprint(disk)).toBe(before);
      });

      test("grows, is repaired, and gives back what was on it", async () => {
        disk.run("truncate", "--size=800M", disk.path);
        // As the kernel marks a file system in which it found an error.
        disk.run("debugfs", "-w", "-R", "set_super_value state 3", disk.path);
        const next = await host(disk);
        expect(await next.mountQueue()).toMatchObject({ exitCode: 0 });
        for (const place of places) {
          expect(await next.succeed("cat", `${place}/here`)).toBe(place);
        }
        // It is another instance, and its users have other numbers.
        await setUpJudge(next, 802);
        const owners = await next.succeed("stat", "--format=%U %a", ...JUDGE);
        expect(owners.trim().split("\n")).toEqual(JUDGE.map(() => "backup-mx-judge 700"));
        const kept = await next.succeed("stat", "--format=%U", ...JUDGE.map((p) => `${p}/here`));
        expect(kept.trim().split("\n")).toEqual(JUDGE.map(() => "backup-mx-judge"));
        const size = await next.succeed(
          ...["df", "--output=size", "--block-size=1M", "/var/spool/backup-mx"],
        );
        expect(Number(size.split("\n")[1])).toBeGreaterThan(650);
        expect(disk.run("dumpe2fs", "-h", disk.path)).toMatch(/^Filesystem state: +clean$/m);
      });
    });

    const spoil = (disk: Disk, position: number) => {
      const file = openSync(disk.path, "r+");
      writeSync(file, "somebody's", position);
      closeSync(file);
    };
    const FOREIGN: { [what: string]: { make: (disk: Disk) => unknown; says: RegExp } } = {
      "another file system": {
        make: (disk) => disk.run("mkfs.ext2", "-q", "-F", disk.path),
        says: /holds something else: .*TYPE=ext2/,
      },
      "an ext4 that is no queue": {
        make: (disk) => disk.run("mkfs.ext4", "-q", "-F", "-L", "photos", disk.path),
        says: /holds something else: .*LABEL=photos/,
      },
      "a partition table": {
        make: writeMbr,
        says: /holds something else: .*PTTYPE=dos/,
      },
      "bytes that nobody knows": {
        make: (disk) => spoil(disk, 3 * MIB),
        says: /is neither blank nor readable/,
      },
    };

    test.each(Object.entries(FOREIGN))("does not touch %s", async (_, { make, says }) => {
      const disk = new Disk(64 * MIB);
      make(disk);
      const before = fingerprint(disk);
      const machine = await host(disk);
      const { exitCode, stderr } = await machine.mountQueue();
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(says);
      expect(await machine.run("mountpoint", "/var/spool/postfix")).toMatchObject({ exitCode: 1 });
      expect(fingerprint(disk)).toBe(before);
      await switchOff();
      disk.remove();
    });

    test("is waited for, and missed", async () => {
      const { exitCode, stderr } = await (await host()).mountQueue();
      // What time heals, as sysexits.h has it.
      expect(exitCode).toBe(75);
      expect(stderr).toBe(
        `backup-mx: queue volume ${QUEUE_VOLUME}: did not appear in five minutes\n`,
      );
    });
  },
);

/** One partition, as a person would have made it. */
function writeMbr(disk: Disk): void {
  const table = Buffer.alloc(512);
  // Type 83, from sector 2048 to the end.
  table.set([0, 0, 2, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 0xf8, 1, 0], 446);
  table.set([0x55, 0xaa], 510);
  const file = openSync(disk.path, "r+");
  writeSync(file, table);
  closeSync(file);
}
