import { App, TerraformStack, Testing } from "cdktf";
import { DnsServer } from "../../lab/dns/dns-server";
import { DebianImage } from "../../lab/machine/debian-image";
import { Disk } from "../../lab/machine/disk";
import { Machine } from "../../lab/machine/machine";
import { Primary } from "../../lab/mail/primary";
import { smtp } from "../../lab/mail/smtp-client";
import { Network, type NetworkHost } from "../../lab/net/network";
import { PackageMirror } from "../../lab/net/package-mirror";
import { eventually } from "../../lab/process/eventually";
import { BackupMx, MailScanner } from "../../lib";
import { describeWith, program, root } from "../support/requirements";
import { deployedUserData, QUEUE_DEVICE } from "../support/synthesized";

const BACKUP = "198.51.100.25";

function userData(): string {
  const stack = new TerraformStack(new App(), "watched");
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    mailScanner: MailScanner.none(),
    watchInterval: "5s",
  });
  return deployedUserData(JSON.parse(Testing.synth(stack)), "203.0.113.25");
}

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("mmdebstrap", "mmdebstrap"),
    program("postfix", "postfix"),
    program("socat", "socat"),
    program("systemd-nspawn", "systemd-container"),
    program("unbound", "unbound"),
  ],
  "the watch as a service of a fresh Debian 13",
  () => {
    const network = new Network();
    const ends: (() => unknown)[] = [() => network.remove()];
    let sender: NetworkHost;
    let primary: Primary;
    let machine: Machine;

    const answer = async (to: string) => {
      const { rcpt } = await smtp(sender, BACKUP, {
        helo: "sender.example",
        from: "alice@sender.example",
        to,
      });
      return rcpt[0].code;
    };
    const outages = async () =>
      (await machine.run("postmap", "-s", "lmdb:/var/lib/postfix/outages")).stdout;
    const property = async (name: string) =>
      (
        await machine.run("systemctl", "show", "--value", "--property", name, "backup-mx-watch")
      ).stdout.trim();
    const alarms = async () =>
      (await machine.run("journalctl", "--quiet", "--priority", "crit", "--output", "cat")).stdout
        .split("\n")
        .filter((line) => line.startsWith("the watch of the primaries failed"));

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
        users: ["bob@example.com"],
        nameserver: dns.address,
      });
      ends.push(() => primary.remove());
      const disk = new Disk(20 * 1024 ** 3);
      ends.push(() => disk.remove());
      machine = await Machine.boot({
        image,
        host: network.addHost("mx2", `${BACKUP}/24`),
        hostname: "ip-198-51-100-25",
        userData: userData(),
        nameserver: dns.address,
        proxy: mirror.url,
        disks: { [QUEUE_DEVICE]: disk.attach() },
      });
      ends.push(() => machine.remove());
      expect((await machine.cloudInit(480_000)).exitCode).toBe(0);
    }, 600_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 120_000);

    test("runs without the rights of root, and has found the primary", async () => {
      expect(await property("ActiveState")).toBe("active");
      const owner = await machine.run("ps", "-o", "user=", "-p", await property("MainPID"));
      expect(owner.stdout.trim()).toBe("postfix");
      await eventually(async () => {
        const { stdout } = await machine.run("cat", "/run/backup-mx-watch/primaries");
        return stdout === "[mx1.example.com]:25 up\n";
      }, 20);
      expect(await answer("nobody@example.com")).toBe(550);
      expect(await outages()).toBe("");
    }, 60_000);

    test.each([
      // A watch that hangs is found out by systemd after a minute.
      { name: "killed", signal: "KILL", result: "signal", seconds: 10 },
      { name: "stopped in its tracks", signal: "STOP", result: "watchdog", seconds: 90 },
    ])(
      "$name, leaves nobody accepted unverified, and comes back",
      async ({ signal, result, seconds }) => {
        await primary.refuse();
        await eventually(async () => (await outages()) !== "", 60);
        expect(await answer(`${signal}@example.com`)).toBe(250);
        const before = await property("MainPID");
        await machine.run("kill", `-${signal}`, before);
        await eventually(async () => (await outages()) === "", seconds);
        expect(await answer(`other-${signal}@example.com`)).toBe(450);
        expect(await alarms()).toContain(
          `the watch of the primaries failed (${result}); recipients are verified strictly`,
        );
        await eventually(async () => (await property("MainPID")) !== before, 20);
        await eventually(async () => (await outages()) !== "", 60);
        await primary.become("up");
        await eventually(async () => (await outages()) === "", 30);
      },
      300_000,
    );

    test("the operator got one letter about both", async () => {
      const log = (await machine.run("journalctl", "--quiet", "--output", "cat")).stdout;
      expect(log.match(/: uid=\d+ from=<postfix>$/gm)).toHaveLength(1);
    }, 30_000);

    test("after a reboot it runs before any mail comes", async () => {
      await machine.reboot();
      await eventually(() => smtp(sender, BACKUP).catch(() => false), 120);
      expect(await property("ActiveState")).toBe("active");
      expect(await answer("bob@example.com")).toBe(250);
    }, 200_000);
  },
);
