import { App, TerraformStack, Testing } from "cdktf";
import { DnsServer } from "../../lab/dns/dns-server";
import { SignedDns } from "../../lab/dns/signed-dns";
import { DebianImage } from "../../lab/machine/debian-image";
import { Disk } from "../../lab/machine/disk";
import { Machine } from "../../lab/machine/machine";
import { smtp } from "../../lab/mail/smtp-client";
import { Network, NetworkHost } from "../../lab/net/network";
import { PackageMirror } from "../../lab/net/package-mirror";
import { eventually } from "../../lab/process/eventually";
import { BackupMx, MailScanner, RecipientVerification, Resolver } from "../../lib";
import { describeWith, program, root } from "../support/requirements";
import { deployedUserData, QUEUE_DEVICE } from "../support/synthesized";

const BACKUP = "198.51.100.25";
/** Where every VPC has its own resolver. */
const VPC_RESOLVER = "169.254.169.253";
const BOB = "bob@example.com";

function userData(): string {
  const stack = new TerraformStack(new App(), "resolving");
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [
      {
        name: "example.com",
        primaries: [{ hostname: "mx1.corp.example" }],
        recipients: RecipientVerification.list([BOB]),
      },
    ],
    postscreenDnsblSites: ["zen.example.org"],
    resolver: Resolver.local({ privateZones: ["corp.example"] }),
    mailScanner: MailScanner.none(),
  });
  return deployedUserData(JSON.parse(Testing.synth(stack)), "203.0.113.25");
}

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("ldns-signzone", "ldnsutils"),
    program("mmdebstrap", "mmdebstrap"),
    program("socat", "socat"),
    program("systemd-nspawn", "systemd-container"),
    program("unbound", "unbound"),
  ],
  "the resolver of a fresh Debian 13, in a DNS that is signed from its root",
  () => {
    const network = new Network();
    const ends: (() => unknown)[] = [() => network.remove()];
    const addHost = (name: string, n: number) => network.addHost(name, `198.51.100.${n}/24`);
    let sender: NetworkHost;
    let machine: Machine;
    let dns: SignedDns;
    /** The mails that the backup must not lose; nobody takes them from it. */
    let accepted = 0;

    const answer = async (from = sender, domain = "sender.example") => {
      const { mail, rcpt, data } = await smtp(from, BACKUP, {
        helo: "sender.example",
        from: `alice@${domain}`,
        to: BOB,
        data: "Subject: hello\n\nhello\n",
      });
      accepted += Number(data?.code === 250);
      const { code, text } = rcpt[0] ?? mail;
      return `${code} ${text}`;
    };
    const addressOf = async (name: string) =>
      (await machine.run("getent", "ahostsv4", name)).stdout.split(" ")[0];

    beforeAll(async () => {
      const image = DebianImage.build("trixie");
      ends.push(() => image.remove());
      const mirror = await PackageMirror.open(addHost("mirror", 99));
      ends.push(() => mirror.close());
      // What DHCP would name: it knows nothing, and must not be asked.
      const dhcp = await DnsServer.start(addHost("dhcp", 53), {});
      ends.push(() => dhcp.stop());
      dns = await SignedDns.start(
        addHost("root", 1),
        {
          "example.com": ["MX 10 mx1.corp.example", "MX 20 mx2.example.com"],
          "mx2.example.com": ["A 203.0.113.25"],
          "sender.example": ["A 198.51.100.80"],
          "forged.example": ["A 198.51.100.80"],
          "zen.example.org": ["TXT nothing"],
          "81.100.51.198.zen.example.org": ["A 127.0.0.4"],
        },
        { "forged.example": ["A 198.51.100.66"] },
      );
      ends.push(() => dns.stop());
      sender = addHost("sender", 80);
      const host = addHost("mx2", 25);
      host.run("ip", "address", "add", `${VPC_RESOLVER}/32`, "dev", "lo");
      const vpc = await DnsServer.start(new NetworkHost("vpc", host.namespace, VPC_RESOLVER), {
        "mx1.corp.example": ["A 198.51.100.10"],
      });
      ends.push(() => vpc.stop());
      const disk = new Disk(20 * 1024 ** 3);
      ends.push(() => disk.remove());
      machine = await Machine.boot({
        image,
        host,
        hostname: "ip-198-51-100-25",
        userData: userData(),
        nameserver: dhcp.address,
        proxy: mirror.url,
        files: {
          // Debian's file of this name has the key of the true root.
          "/etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf": {
            content:
              'server:\n root-hints: "/etc/unbound/lab.hints"\n trust-anchor-file: "/etc/unbound/lab.ds"\n',
          },
          "/etc/unbound/lab.hints": { content: dns.hints },
          "/etc/unbound/lab.ds": { content: dns.anchor },
        },
        disks: { [QUEUE_DEVICE]: disk.attach() },
      });
      ends.push(() => machine.remove());
      expect(await machine.cloudInit(480_000)).toMatchObject({ exitCode: 0, errors: [] });
    }, 600_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 120_000);

    test("is what the whole host asks, also for private zones, and it validates", async () => {
      const { stdout } = await machine.run("cat", "/etc/resolv.conf");
      expect(stdout).toBe("nameserver 127.0.0.1\noptions trust-ad\n");
      expect(await addressOf("sender.example")).toBe("198.51.100.80");
      expect(await addressOf("mx1.corp.example")).toBe("198.51.100.10");
      expect(await addressOf("forged.example")).toBe("");
      // The stub of the image stands no longer between.
      const stub = await machine.run("systemctl", "list-units", "--quiet", "systemd-resolved*");
      expect(stub.stdout).not.toMatch(/ active /);
      expect((await machine.run("ss", "-Hlun", "sport = 53")).stdout).not.toContain(BACKUP);
    }, 60_000);

    test("tells postscreen who is on a list", async () => {
      const listed = addHost("listed", 81);
      const [bad, good] = await Promise.all([answer(listed), answer(sender)]);
      expect(bad).toMatch(/^550 5\.7\.1 .* blocked using zen\.example\.org/);
      expect(good).toMatch(/^250 /);
      expect(await answer(sender, "forged.example")).toMatch(/^450 4\.1\.8 /);
    }, 60_000);

    test("dead, costs a delay and no mail; killed, it comes back by itself", async () => {
      await machine.run("systemctl", "stop", "unbound");
      expect(await answer()).toMatch(/^450 /);
      await machine.run("postqueue", "-f");
      await machine.run("systemctl", "start", "unbound");
      await eventually(async () => (await answer()).startsWith("250"), 30);
      await machine.run("systemctl", "kill", "--signal", "KILL", "unbound");
      await eventually(async () => (await addressOf("sender.example")) !== "", 20);
      const { stdout } = await machine.run("postqueue", "-j");
      expect(accepted).toBeGreaterThan(1);
      expect(stdout.trim().split("\n")).toHaveLength(accepted);
    }, 120_000);

    test("is there after a reboot", async () => {
      await machine.reboot();
      await eventually(() => smtp(sender, BACKUP).catch(() => false), 120);
      expect(await addressOf("sender.example")).toBe("198.51.100.80");
      expect(await answer()).toMatch(/^250 /);
    }, 200_000);

    test("that does not validate the root ends the setup", async () => {
      await dns.stop();
      const part = "/etc/backup-mx/setup.d/resolver";
      const { exitCode, stderr } = await machine.run(part);
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringMatching(/^unbound does not validate the root:.*; can it send to port 53\?$/m),
      ]);
    }, 60_000);
  },
);
