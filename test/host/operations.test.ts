import { setTimeout as sleep } from "node:timers/promises";
import { App, TerraformStack, Testing } from "cdktf";
import { DnsServer } from "../../lab/dns/dns-server";
import { DebianImage } from "../../lab/machine/debian-image";
import { Disk } from "../../lab/machine/disk";
import { Machine } from "../../lab/machine/machine";
import { Load } from "../../lab/mail/load";
import { Primary } from "../../lab/mail/primary";
import { smtp } from "../../lab/mail/smtp-client";
import { Network, type NetworkHost } from "../../lab/net/network";
import { PackageMirror } from "../../lab/net/package-mirror";
import { eventually } from "../../lab/process/eventually";
import { type Execution, execute } from "../../lab/process/execution";
import { BackupMx, MailScanner, Monitoring } from "../../lib";
import { describeWith, program, root } from "../support/requirements";
import { deployedUserData, QUEUE_DEVICE } from "../support/synthesized";

const BACKUP = "198.51.100.25";
const BOB = "bob@example.com";

function userData(): string {
  const stack = new TerraformStack(new App(), "operated");
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    mailScanner: MailScanner.none(),
    monitoring: Monitoring.toTopic("arn:aws:sns:eu-central-1:111122223333:alarms"),
    watchInterval: "5s",
  });
  return deployedUserData(JSON.parse(Testing.synth(stack)), "203.0.113.25");
}

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("losetup", "mount"),
    program("mmdebstrap", "mmdebstrap"),
    program("postfix", "postfix"),
    program("socat", "socat"),
    program("systemd-nspawn", "systemd-container"),
    program("unbound", "unbound"),
  ],
  "the operations of a fresh Debian 13",
  () => {
    const network = new Network();
    const ends: (() => unknown)[] = [() => network.remove()];
    let sender: NetworkHost;
    let primary: Primary;
    let machine: Machine;
    /** Of the disk of the queue. */
    let minor: string;

    beforeAll(async () => {
      const image = DebianImage.build("trixie");
      ends.push(() => image.remove());
      const mirror = await PackageMirror.open(network.addHost("mirror", "198.51.100.99/24"));
      ends.push(() => mirror.close());
      const dns = await DnsServer.start(network.addHost("dns", "198.51.100.53/24"), {
        "example.com": ["MX 10 mx1.example.com", "MX 20 mx2.example.com"],
        "mx1.example.com": ["A 198.51.100.10"],
        "mx2.example.com": ["A 203.0.113.25"],
        "sender.example": ["A 198.51.100.80"],
      });
      ends.push(() => dns.stop());
      sender = network.addHost("sender", "198.51.100.80/24");
      primary = await Primary.start(network.addHost("mx1", "198.51.100.10/24"), {
        hostname: "mx1.example.com",
        users: [BOB],
        nameserver: dns.address,
      });
      ends.push(() => primary.remove());
      machine = await Machine.boot({
        image,
        host: network.addHost("mx2", `${BACKUP}/24`),
        hostname: "ip-198-51-100-25",
        userData: userData(),
        nameserver: dns.address,
        proxy: mirror.url,
      });
      ends.push(() => machine.remove());
    }, 600_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 120_000);

    const told = async () => JSON.parse((await machine.run("backup-mx", "--json")).stdout);
    const words = async () => (await machine.run("backup-mx")).stdout;
    const figures = async () => {
      const { stdout } = await machine.run("backup-mx-figures");
      return Object.fromEntries(
        stdout
          .trim()
          .split("\n")
          .map((line) => line.split(" ", 2)),
      );
    };
    const ask = async () => {
      const question = { helo: "sender.example", from: "alice@sender.example", to: BOB };
      return (await smtp(sender, BACKUP, question)).rcpt[0];
    };
    const load = () => new Load({ from: sender, to: BACKUP, recipient: BOB });

    test("wait for the disk of the queue, which AWS attaches when the boot has begun", async () => {
      const disk = new Disk(20 * 1024 ** 3);
      ends.unshift(() => disk.remove());
      await eventually(async () => {
        const state = await machine.run("systemctl", "is-active", "backup-mx-queue");
        return state.stdout === "activating\n";
      }, 60);
      await sleep(5000);
      await expect(smtp(sender, BACKUP)).rejects.toThrow(/refused/);
      expect(await machine.run("backup-mx")).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/^TAKES NO MAIL: setup did not get as far as Postfix/),
      });
      await machine.run("mkdir", "--parents", "/dev/disk/by-id");
      minor = disk.attach().replace("/dev/loop", "");
      await machine.run("mknod", QUEUE_DEVICE, "b", "7", minor);
      expect(await machine.cloudInit(480_000)).toEqual({
        exitCode: 0,
        status: "done",
        errors: [],
        warnings: [],
      });
    }, 600_000);

    test("tell that all is well, in words and in figures", async () => {
      await eventually(async () => (await told()).primaries !== null, 30);
      // From now on he is known, whatever happens to the primary.
      expect((await ask()).code).toBe(250);
      const state = await told();
      expect(state).toEqual({
        hostname: "mx2.example.com",
        set_up: true,
        takes_mail: true,
        drains: false,
        primaries: { "[mx1.example.com]:25": "up" },
        domains: {},
        queued: 0,
        oldest_seconds: 0,
        held: 0,
        oldest_held_seconds: 0,
        scanner: null,
        quarantined_bytes: 0,
        disk_used_percent: expect.any(Number),
        root_disk_used_percent: expect.any(Number),
        memory_used_percent: expect.any(Number),
        certificate_days: expect.any(Number),
        last_flush: null,
      });
      expect(await words()).toMatch(
        new RegExp(
          [
            "^mx2\\.example\\.com takes mail",
            "nothing waits",
            "primary \\[mx1\\.example\\.com\\]:25 is up",
            "the scanner is not installed; 0 KiB are in quarantine",
            "the disk of the queue is \\d+ % full",
            "the root disk is \\d+ % full",
            "the memory is \\d+ % full",
            "the certificate is valid for \\d+ days",
            "last flush: none since the last boot\n$",
          ].join("\n"),
        ),
      );
      expect(await figures()).toMatchObject({
        Ready: "1",
        QueueLength: "0",
        PrimariesUnreachable: "0",
        CertificateDays: String(state.certificate_days),
      });
    }, 60_000);

    test("tell of an outage, and when the watch has sent what waited", async () => {
      await primary.refuse();
      await eventually(async () => (await figures()).PrimariesUnreachable === "1", 60);
      await load().send(3);
      expect(await words()).toMatch(
        /\nexample\.com: 3 mails wait, the oldest for \d+ seconds\nprimary \[mx1\.example\.com\]:25 IS DOWN\n/,
      );
      expect(await figures()).toMatchObject({ Ready: "1", QueueLength: "3", Held: "0" });
      // The recipes of docs/operations.md for one mail.
      const { stdout: list } = await machine.run("postqueue", "-p");
      const [, id] = /^(\w+)\*? .*alice@sender\.example$/m.exec(list) ?? [];
      expect(list).toContain("Connection refused");
      expect((await machine.run("postcat", "-q", id)).stdout).toContain("\nSubject: load");
      const { stdout: log } = await machine.run("journalctl", "--quiet", "-g", id);
      expect(log).toContain("to=<bob@example.com>");
      expect((await machine.run("postsuper", "-d", id)).exitCode).toBe(0);
      expect(await figures()).toMatchObject({ QueueLength: "2" });
      await primary.become("up");
      await eventually(async () => (await told()).queued === 0, 60);
      expect(await words()).toMatch(/\nlast flush: \d+ seconds ago\n/);
    }, 200_000);

    test("tell what waits when Postfix is dead, and that the disk of the queue is gone", async () => {
      await primary.refuse();
      await load().send(2);
      await machine.run("systemctl", "stop", "postfix");
      expect(await words()).toMatch(/^mx2\.example\.com TAKES NO MAIL\n/);
      expect(await figures()).toMatchObject({ Ready: "0", QueueLength: "2" });
      expect(await machine.run("umount", "/var/spool/postfix")).toMatchObject({ exitCode: 0 });
      expect(await words()).toContain("\nTHE DISK OF THE QUEUE IS MISSING");
      expect(await figures()).not.toHaveProperty("QueueLength");
      await machine.run("systemctl", "restart", "backup-mx-queue");
      await machine.run("systemctl", "restart", "postfix");
      expect(await told()).toMatchObject({ takes_mail: true, queued: 2 });
      await primary.become("up");
      await eventually(async () => (await told()).queued === 0, 60);
    }, 200_000);

    test("tell that the watch does not run", async () => {
      await machine.run("systemctl", "stop", "backup-mx-watch");
      await machine.run("touch", "--date=2 minutes ago", "/run/backup-mx-watch/primaries");
      expect(await words()).toContain("\nTHE WATCH OF THE PRIMARIES DOES NOT RUN");
      const measured = await figures();
      expect(measured.Ready).toBe("0");
      expect(measured).not.toHaveProperty("PrimariesUnreachable");
      await machine.run("systemctl", "start", "backup-mx-watch");
      await eventually(async () => (await figures()).Ready === "1", 30);
    }, 60_000);

    test("keep every line of a mail log, and no more than a gigabyte of logs", async () => {
      const { stdout: limit } = await machine.run(
        ...["journalctl", "--quiet", "--output=cat", "_COMM=systemd-journal"],
        ...["--grep=^System Journal .* max 1G, "],
      );
      expect(limit).not.toBe("");
      // What ten thousand mails log when they are delivered.
      const flood = "seq 60000 | logger --tag flood --priority mail.info";
      await machine.run("systemd-run", "--wait", "--quiet", "sh", "-c", flood);
      await machine.run("journalctl", "--sync");
      const { stdout: lines } = await machine.run(
        ...["journalctl", "--quiet", "--output=cat", "SYSLOG_IDENTIFIER=flood"],
      );
      expect(lines.split("\n").slice(0, -1)).toHaveLength(60_000);
    }, 60_000);

    test("tell of a root disk that fills up, though the queue has a disk of its own", async () => {
      await machine.leaveRoom(20 * 1024 ** 2);
      expect(await words()).toMatch(
        /\nthe disk of the queue is \d % full\nthe root disk IS 9\d % /,
      );
      expect(Number((await figures()).DiskUsed)).toBeGreaterThan(90);
      await machine.leaveRoom(1024 ** 3);
    }, 30_000);

    describe("before retirement", () => {
      let mails: Load;
      /** What a sender hears who had begun before, and sends his mail afterwards. */
      let late: Promise<Execution>;

      beforeAll(async () => {
        await primary.refuse();
        mails = load();
        await mails.send(3);
        expect(mails.promised().size).toBe(3);
        const [{ queue_id }] = (await machine.run("postqueue", "-j")).stdout
          .split("\n")
          .map((line) => JSON.parse(line || "{}"));
        await machine.run("postsuper", "-h", queue_id);
        const session = [
          `exec 3<>/dev/tcp/${BACKUP}/25`,
          `for line in 'HELO sender.example' 'MAIL FROM:<>' 'RCPT TO:<${BOB}>'`,
          `do read -r <&3; printf '%s\\r\\n' "$line" >&3; done`,
          "sleep 8",
          `printf '%s\\r\\n' DATA >&3; read -r <&3; printf '%s\\r\\n' 'Subject: late' '' . QUIT >&3`,
          "cat <&3",
        ];
        late = execute(sender.command("timeout", "30", "bash", "-c", session.join("\n")));
        await eventually(async () => {
          const { stdout } = await machine.run("find", "/var/spool/postfix/incoming", "-type", "f");
          return stdout !== "";
        }, 5);
      }, 60_000);

      test("no more mail is taken, and what waits is told", async () => {
        const { exitCode, stdout } = await machine.run("backup-mx", "drain");
        expect(exitCode).toBe(1);
        expect(stdout).toMatch(
          /^mx2\.example\.com TAKES NO MAIL\nIT IS DRAINED: .*\nexample\.com: 3 mails wait, .*\n1 of them are held, /,
        );
        expect(await ask()).toMatchObject({
          code: 450,
          text: expect.stringMatching(/Client host rejected: Try again later/),
        });
        expect(await figures()).toMatchObject({ Ready: "0", QueueLength: "3" });
        // Whoever had begun was hung up on, and will try again.
        expect((await late).stdout).not.toMatch(/^250 .*queued as/m);
      }, 60_000);

      test("it stays so over a restart in the night", async () => {
        await machine.reboot();
        await machine.run("mkdir", "--parents", "/dev/disk/by-id");
        await machine.run("mknod", QUEUE_DEVICE, "b", "7", minor);
        await eventually(() => ask().catch(() => false), 120);
        expect((await ask()).code).toBe(450);
        expect(await told()).toMatchObject({ drains: true, queued: 3 });
      }, 200_000);

      test("the queue goes to the primary, and the command says when it is empty", async () => {
        const drained = () => machine.run("backup-mx", "drain");
        await primary.become("up");
        await eventually(async () => {
          const { exitCode, stdout } = await drained();
          expect(exitCode).toBe(1);
          return stdout.includes("example.com: 1 mails wait");
        }, 60);
        await machine.run("backup-mx", "release", "ALL");
        await eventually(async () => (await drained()).exitCode === 0, 60);
        expect((await drained()).stdout).toContain("\nnothing waits\n");
        expect(mails.outcome(primary)).toEqual({ accepted: 3, delivered: 3, twice: 0 });
      }, 200_000);

      test("it can take mail again", async () => {
        expect((await machine.run("backup-mx", "resume")).exitCode).toBe(0);
        await eventually(async () => (await ask().catch(() => undefined))?.code === 250, 30);
        expect(await told()).toMatchObject({ takes_mail: true, drains: false });
        await eventually(async () => (await figures()).Ready === "1", 30);
      }, 60_000);
    });
  },
);
