import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { App, TerraformStack, Testing } from "cdktf";
import { DnsServer } from "../../lab/dns/dns-server";
import { DebianImage } from "../../lab/machine/debian-image";
import { Disk } from "../../lab/machine/disk";
import { Machine } from "../../lab/machine/machine";
import { Primary } from "../../lab/mail/primary";
import { smtp } from "../../lab/mail/smtp-client";
import { DownloadServer } from "../../lab/net/download-server";
import { Network, type NetworkHost } from "../../lab/net/network";
import { PackageMirror } from "../../lab/net/package-mirror";
import { eventually } from "../../lab/process/eventually";
import { BackupMx, MailScanner } from "../../lib";
import { describeWith, program, root } from "../support/requirements";
import { deployedUserData, QUEUE_DEVICE, synthesizeExample } from "../support/synthesized";

const PUBLIC_ADDRESS = "203.0.113.25";
/** The package of MailScanner, which Debian does not have and which is not on every machine. */
const PACKAGE_PATH = "/MailScanner/v5/releases/download/5.5.3-2/MailScanner-5.5.3-2.noarch.deb";
const PACKAGE = process.env.BACKUP_MX_MAILSCANNER_DEB;
if (PACKAGE === undefined) {
  process.stderr.write(
    "skipped: MailScanner in the path of the mail: set BACKUP_MX_MAILSCANNER_DEB to the file MailScanner-5.5.3-2.noarch.deb\n",
  );
}

/** The user data of the quickstart, whose package of MailScanner is downloaded from its home. */
async function quickstart(): Promise<string> {
  const { "backup-mx": stack } = await synthesizeExample("quickstart");
  return deployedUserData(stack, PUBLIC_ADDRESS);
}

/** What the quickstart would be without a scanner. */
function withoutScanner(): string {
  const stack = new TerraformStack(new App(), "unscanned");
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    mailScanner: MailScanner.none(),
  });
  return deployedUserData(JSON.parse(Testing.synth(stack)), PUBLIC_ADDRESS);
}

/** What every spam filter has to recognise. */
const GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

function message(subject: string, body: string): string {
  return `From: alice@sender.example\nTo: bob@example.com\nSubject: ${subject}\nMessage-ID: <${subject}@sender.example>\nDate: Sun, 1 Nov 2026 12:00:00 +0000\n\n${body}\n`;
}

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("mmdebstrap", "mmdebstrap"),
    program("openssl", "openssl"),
    program("postfix", "postfix"),
    program("socat", "socat"),
    program("systemd-nspawn", "systemd-container"),
    program("unbound", "unbound"),
  ],
  "a fresh Debian 13 with the user data of a stack",
  () => {
    const network = new Network();
    const ends: (() => unknown)[] = [() => network.remove()];
    let image: DebianImage;
    let mirror: PackageMirror;
    let dns: DnsServer;
    let sender: NetworkHost;
    /** The same host where its scanner cannot be downloaded. It gives up after some minutes. */
    let unlucky: Machine;

    async function boot(
      name: string,
      address: string,
      userData: string,
      files: Record<string, { content: string }> = {},
    ): Promise<Machine> {
      const disk = new Disk(20 * 1024 ** 3);
      ends.push(() => disk.remove());
      const machine = await Machine.boot({
        image,
        host: network.addHost(name, `${address}/24`),
        hostname: "ip-198-51-100-25",
        userData,
        nameserver: dns.address,
        proxy: mirror.url,
        files,
        disks: { [QUEUE_DEVICE]: disk.attach() },
      });
      ends.push(() => machine.remove());
      return machine;
    }

    beforeAll(async () => {
      image = DebianImage.build("trixie");
      ends.push(() => image.remove());
      mirror = await PackageMirror.open(network.addHost("mirror", "198.51.100.99/24"));
      ends.push(() => mirror.close());
      dns = await DnsServer.start(network.addHost("dns", "198.51.100.53/24"), {
        "example.com": ["MX 10 mx1.example.com", "MX 20 mx2.example.com"],
        "mx1.example.com": ["A 198.51.100.10"],
        "mx2.example.com": [`A ${PUBLIC_ADDRESS}`],
        "sender.example": ["A 198.51.100.80"],
        "github.com": ["A 198.51.100.44"],
      });
      ends.push(() => dns.stop());
      sender = network.addHost("sender", "198.51.100.80/24");
      unlucky = await boot("unlucky", "198.51.100.26", await quickstart());
    }, 600_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 120_000);

    describe("and a scanner, if one is at hand", () => {
      const BACKUP = "198.51.100.25";
      let primary: Primary;
      let machine: Machine;

      const send = (to: string, data?: string) =>
        smtp(sender, BACKUP, { helo: "sender.example", from: "alice@sender.example", to, data });
      const queued = async () => {
        const { stdout } = await machine.run("postqueue", "-j");
        return stdout.split("\n").filter((line) => line !== "");
      };
      const received = (subject: string) =>
        primary.messages("bob@example.com").find((mail) => mail.includes(`Subject: ${subject}\n`));

      beforeAll(async () => {
        primary = await Primary.start(network.addHost("mx1", "198.51.100.10/24"), {
          hostname: "mx1.example.com",
          users: ["bob@example.com"],
          nameserver: dns.address,
        });
        ends.push(() => primary.remove());
        const files: Record<string, { content: string }> = {};
        if (PACKAGE !== undefined) {
          const server = await DownloadServer.start(
            network.addHost("github", "198.51.100.44/24"),
            "github.com",
            { [PACKAGE_PATH]: readFileSync(PACKAGE) },
          );
          ends.push(() => server.stop());
          files[server.trustPath] = { content: server.certificate };
        }
        machine = await boot(
          "mx2",
          BACKUP,
          await (PACKAGE ? quickstart() : withoutScanner()),
          files,
        );
      }, 120_000);

      test("is ready when cloud-init says so", async () => {
        expect(await machine.cloudInit(480_000)).toEqual({
          exitCode: 0,
          status: "done",
          errors: [],
          warnings: [],
        });
        expect((await smtp(sender, BACKUP)).greeting.text).toMatch(
          /^(mx2\.example\.com ESMTP\s*){2}$/,
        );
        expect((await machine.run("hostname", "--fqdn")).stdout).toBe("mx2.example.com\n");
      }, 500_000);

      test("accepts known recipients and refuses others while the primary is up", async () => {
        expect((await send("bob@example.com")).rcpt[0].code).toBe(250);
        expect((await send("nobody@example.com")).rcpt[0]).toMatchObject({
          code: 550,
          text: expect.stringContaining("Address lookup failed"),
        });
        expect((await send("bob@elsewhere.example")).rcpt[0].code).toBe(554);
      });

      test("keeps mail while the primary is down, over a reboot, and delivers it later", async () => {
        await primary.refuse();
        const subjects = Array.from({ length: 20 }, (_, index) => `mail-${index}`).sort();
        for (const subject of subjects) {
          const { data } = await send("bob@example.com", message(subject, "Hello Bob"));
          expect(data?.code).toBe(250);
        }
        // Of a new recipient the primary cannot be asked, which the watch has to find out first.
        await eventually(async () => {
          // No faster: one client may connect 120 times a minute.
          await sleep(2000);
          return (await send("carol@example.com")).rcpt[0]?.code === 250;
        }, 90);
        await machine.reboot();
        await eventually(() => smtp(sender, BACKUP).catch(() => false), 120);
        expect(await queued()).toHaveLength(subjects.length);

        await primary.become("up");
        const back = Date.now();
        await eventually(() => subjects.every((subject) => received(subject)), 300);
        const seconds = Math.round((Date.now() - back) / 1000);
        process.stdout.write(`the queue was delivered ${seconds} s after the primary's return\n`);
        expect(primary.messages("bob@example.com")).toHaveLength(subjects.length);
        await eventually(async () => (await queued()).length === 0);
      }, 600_000);

      // Mail that MailScanner has seen has its header; what certainly is spam stays behind.
      (PACKAGE === undefined ? test.skip : test)(
        "scans what it forwards",
        async () => {
          expect((await send("bob@example.com", message("clean", "Hello Bob"))).data?.code).toBe(
            250,
          );
          expect((await send("bob@example.com", message("gtube", GTUBE))).data?.code).toBe(250);
          await eventually(() => received("clean"), 120);
          const [headers, body] = (received("clean") ?? "").split(/\r?\n\r?\n/);
          expect(headers).toMatch(/^X-mx2-example-com-MailScanner: Not virus scanned$/m);
          expect(headers).toMatch(/^X-Spam-Status: No$/m);
          expect(body.trim()).toBe("Hello Bob");
          await eventually(async () => {
            const found = await machine.run(
              ...["grep", "--recursive", "--files-with-matches", "Subject: gtube"],
              "/var/spool/MailScanner/quarantine",
            );
            return found.stdout !== "";
          }, 120);
          expect(await queued()).toEqual([]);
          expect(received("gtube")).toBeUndefined();
        },
        300_000,
      );
    });

    test("without its scanner takes no mail, and says so", async () => {
      const verdict = await unlucky.cloudInit(480_000);
      expect(verdict.exitCode).not.toBe(0);
      expect(verdict.errors.join()).toMatch(/runcmd|scripts_user/);
      expect((await unlucky.run("ls", "/var/lib/backup-mx")).stdout).toBe("");
      const closed = /refused/;
      await expect(smtp(sender, "198.51.100.26")).rejects.toThrow(closed);
      await unlucky.reboot();
      await unlucky.cloudInit(120_000);
      await expect(smtp(sender, "198.51.100.26")).rejects.toThrow(closed);
    }, 700_000);
  },
);
