import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack, Testing } from "cdktf";
import { Aws } from "../../lab/aws/aws";
import { Bucket } from "../../lab/aws/bucket";
import { DnsServer } from "../../lab/dns/dns-server";
import { DebianImage } from "../../lab/machine/debian-image";
import { Disk } from "../../lab/machine/disk";
import { Machine } from "../../lab/machine/machine";
import { SmtpConnection, smtp } from "../../lab/mail/smtp-client";
import { Network, type NetworkHost } from "../../lab/net/network";
import { PackageMirror } from "../../lab/net/package-mirror";
import { eventually } from "../../lab/process/eventually";
import { BackupMx, MailScanner, RecipientVerification } from "../../lib";
import { describeWith, program, root } from "../support/requirements";
import { BUCKET, deployedUserData, QUEUE_DEVICE } from "../support/synthesized";

const BACKUP = "198.51.100.25";
const UNLUCKY = "198.51.100.26";
const USERS = Array.from({ length: 10_000 }, (_, index) => `user${index}@example.com`);
const LATE = "late@example.com";

/** What is deployed for so many users: the user data, and the object in the bucket. */
function deployed(users: readonly string[]): { userData: string; list: string } {
  const folder = mkdtempSync(join(tmpdir(), "recipients-"));
  try {
    const file = join(folder, "recipients.txt");
    writeFileSync(file, `# all of them\n${users.join("\n")}\n`);
    const stack = new TerraformStack(new App(), "listed");
    new BackupMx(stack, "Mx2", {
      hostname: "mx2.example.com",
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com" }],
          recipients: RecipientVerification.listFile(file),
        },
      ],
      mailScanner: MailScanner.none(),
    });
    const json = JSON.parse(Testing.synth(stack));
    const [object] = Object.values<{ content: string }>(json.resource.aws_s3_object);
    return { userData: deployedUserData(json, "203.0.113.25"), list: object.content };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("mmdebstrap", "mmdebstrap"),
    program("openssl", "openssl"),
    program("socat", "socat"),
    program("systemd-nspawn", "systemd-container"),
    program("unbound", "unbound"),
  ],
  "10,000 recipients from a file on a fresh Debian 13 whose primary is down",
  () => {
    const network = new Network();
    const ends: (() => unknown)[] = [() => network.remove()];
    const { userData, list } = deployed(USERS);
    let sender: NetworkHost;
    const bucket = new Bucket();
    let aws: Aws;
    let machine: Machine;
    /** The same host, which does not reach its list. It gives up after two minutes. */
    let unlucky: Machine;

    const answer = async (to: string) => {
      const { rcpt } = await smtp(sender, BACKUP, { helo: "sender.example", to });
      return `${rcpt[0].code} ${rcpt[0].text}`;
    };
    const fetched = () => machine.run("systemctl", "start", "backup-mx-recipients");

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
        [BUCKET]: ["A 198.51.100.43"],
      });
      ends.push(() => dns.stop());
      sender = network.addHost("sender", "198.51.100.80/24");
      network.addHost("mx1", "198.51.100.10/24");
      aws = await Aws.start(network.addHost("aws", "198.51.100.43/24", `${Aws.METADATA}/16`), {
        [BUCKET.replace(".amazonaws.com", "")]: bucket.answer,
      });
      ends.push(() => aws.stop());
      bucket.put("recipients", list);
      const boot = async (name: string, address: string, files = {}) => {
        const host = network.addHost(
          name,
          `${address}/24`,
          `169.254.0.${address.split(".")[3]}/16`,
        );
        const disk = new Disk(20 * 1024 ** 3);
        ends.push(() => disk.remove());
        const booted = await Machine.boot({
          image,
          host,
          hostname: `ip-${address.replaceAll(".", "-")}`,
          userData,
          nameserver: dns.address,
          proxy: mirror.url,
          files: {
            "/etc/ssl/certs/ca-certificates.crt": { content: aws.certificate },
            "/usr/local/share/ca-certificates/aws.crt": { content: aws.certificate },
            ...files,
          },
          disks: { [QUEUE_DEVICE]: disk.attach() },
        });
        ends.push(() => booted.remove());
        return booted;
      };
      // At this address is nobody.
      const elsewhere = { content: `127.0.0.1 localhost\n198.51.100.44 ${BUCKET}\n` };
      unlucky = await boot("unlucky", UNLUCKY, { "/etc/hosts": elsewhere });
      machine = await boot("mx2", BACKUP);
      expect(await machine.cloudInit(480_000)).toMatchObject({ exitCode: 0, errors: [] });
    }, 600_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 120_000);

    test("known ones are accepted, unknown ones are not", async () => {
      const { data } = await smtp(sender, BACKUP, {
        helo: "sender.example",
        from: "alice@sender.example",
        to: ["user0@example.com", "User9999@Example.com"],
        data: "Subject: hello\n\nhello\n",
      });
      expect(data?.code).toBe(250);
      expect(await answer("user10000@example.com")).toMatch(/^550 .*Address lookup failed/);
      expect(await answer("user0@sub.example.com")).toMatch(/^554 .*Relay access denied/);
    }, 30_000);

    test("a new list counts within a session, without another instance", async () => {
      const later = deployed([...USERS.slice(1), LATE]);
      expect(later.userData).toBe(userData);
      const session = new SmtpConnection(sender, BACKUP, 25, 120);
      const ask = async (to: string) => (await session.command(`RCPT TO:<${to}>`)).code;
      await session.reply();
      await session.command("EHLO sender.example");
      await session.command("MAIL FROM:<>");
      expect([await ask(LATE), await ask("user0@example.com")]).toEqual([550, 250]);
      bucket.put("recipients", later.list);
      const reads = bucket.reads;
      await eventually(() => bucket.reads > reads, 75);
      await eventually(async () => (await answer(LATE)).startsWith("250"), 15);
      expect([await ask(LATE), await ask("user0@example.com")]).toEqual([250, 550]);
      session.quit();
    }, 120_000);

    test("the table is made in no time", async () => {
      await machine.run("rm", "/var/lib/postfix/recipients.taken");
      const begin = Date.now();
      expect((await fetched()).exitCode).toBe(0);
      const seconds = (Date.now() - begin) / 1000;
      process.stdout.write(`10,000 recipients fetched and taken in ${seconds.toFixed(1)} s\n`);
      expect(seconds).toBeLessThan(20);
    }, 60_000);

    test.each([
      ["is cut off", () => bucket.cut("recipients")],
      ["is not whole", () => bucket.put("recipients", `${LATE}\n# 2 recipients\n`)],
      ["has no end", () => bucket.put("recipients", `${LATE}\n`)],
      ["is empty", () => bucket.put("recipients", "")],
      [
        "holds more than addresses",
        () => bucket.put("recipients", `${LATE} REDIRECT x@evil.example\n# 1 recipients\n`),
      ],
    ])(
      "a list that %s leaves the last good one",
      async (_, spoil) => {
        spoil();
        expect((await fetched()).exitCode).toBe(1);
        expect(await answer(LATE)).toMatch(/^250/);
        expect(await answer("user9999@example.com")).toMatch(/^250/);
        expect(await answer("user0@example.com")).toMatch(/^550/);
      },
      60_000,
    );

    test("a list that could not be fetched for an hour is told to the postmaster, once", async () => {
      const letters = async () =>
        (await machine.run("postqueue", "-j")).stdout.match(/postmaster@example\.com/g)?.length ??
        0;
      const before = await letters();
      await machine.run("touch", "-d", "2 hours ago", "/var/lib/postfix/recipients.checked");
      expect((await fetched()).exitCode).toBe(1);
      expect((await fetched()).exitCode).toBe(1);
      await eventually(async () => (await letters()) > before);
      expect(await letters()).toBe(before + 1);
      const log = await machine.run("journalctl", "--quiet", "--priority=crit", "--output=cat");
      expect(log.stdout.match(/could not be fetched for an hour/g)).toHaveLength(1);
    }, 60_000);

    test("after a reboot the last good one counts, though the store is gone", async () => {
      aws.isDown = true;
      await machine.reboot();
      await eventually(() => smtp(sender, BACKUP).catch(() => false), 120);
      expect(await answer(LATE)).toMatch(/^250/);
      expect(await answer("user0@example.com")).toMatch(/^550/);
      expect((await fetched()).exitCode).toBe(1);
    }, 200_000);

    test("a host that never got the list takes no mail, and says so", async () => {
      const { exitCode, status } = await unlucky.cloudInit(300_000);
      expect([exitCode, status]).toEqual([1, expect.stringContaining("error")]);
      await expect(smtp(sender, UNLUCKY)).rejects.toThrow("Connection refused");
      const { stdout } = await unlucky.run("cat", "/var/log/cloud-init-output.log");
      expect(stdout).toContain("backup-mx: recipients failed");
    }, 320_000);
  },
);
