import { setTimeout as sleep } from "node:timers/promises";
import { eventually, GOOD, HostWorld, type MailHost, message, smtp } from "../../lab";
import { Scanner } from "../../lib";
import { describeWith } from "../support/requirements";
import { synthesizeExample } from "../support/synthesized";

const { BOB, HAS_SCANNER } = HostWorld;
if (!HAS_SCANNER) {
  process.stderr.write(
    "skipped: MailScanner as the scanner of a fresh host, in place of rspamd: set BACKUP_MX_MAILSCANNER_DEB to the file MailScanner-5.5.3-2.noarch.deb\n",
  );
}

/** What every spam filter has to recognise. */
const GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

describeWith(HostWorld.NEEDS, "a fresh Debian 13 with the user data of a stack", () => {
  let world: HostWorld;
  let host: MailHost;
  /** The same host where its scanner cannot be downloaded. */
  let unlucky: MailHost;

  beforeAll(async () => {
    world = await HostWorld.open();
    // Its package of MailScanner is downloaded from its home.
    const { "backup-mx": quickstart } = await synthesizeExample("quickstart");
    unlucky = await world.boot({ stack: quickstart, files: HostWorld.IMPATIENT });
    // Without a package at hand: what the quickstart would be with the other scanner.
    const stack = HAS_SCANNER ? quickstart : HostWorld.stack({ scanner: Scanner.rspamd() });
    host = await world.boot({ stack, files: await world.scannerHome(), isFurnished: false });
  });

  afterAll(() => world?.close());

  describe("and a scanner", () => {
    const send = (to: string, data?: string) => world.say(host, { to, data });
    const received = (subject: string) =>
      world.primary.messages(BOB).find((mail) => mail.includes(`Subject: ${subject}\n`));

    test("is ready when cloud-init says so", async () => {
      expect(await host.cloudInit()).toEqual(GOOD);
      expect((await smtp(world.sender, host.address)).greeting.text).toMatch(
        /^(mx2\.example\.com ESMTP\s*){2}$/,
      );
      expect((await host.run("hostname", "--fqdn")).stdout).toBe("mx2.example.com\n");
    });

    test("accepts known recipients and refuses others while the primary is up", async () => {
      expect((await send(BOB)).rcpt[0].code).toBe(250);
      expect((await send("nobody@example.com")).rcpt[0]).toMatchObject({
        code: 550,
        text: expect.stringContaining("Address lookup failed"),
      });
      expect((await send("bob@elsewhere.example")).rcpt[0].code).toBe(554);
    });

    test("keeps mail while the primary is down, over a reboot, and delivers it later", async () => {
      await world.primary.refuse();
      const subjects = Array.from({ length: 20 }, (_, index) => `mail-${index}`).sort();
      for (const subject of subjects) {
        const { data } = await send(BOB, message(subject, "Hello Bob"));
        expect(data?.code).toBe(250);
      }
      // Of a new recipient the primary cannot be asked, which the watch has to find out first.
      await eventually(async () => {
        // No faster: one client may connect 120 times a minute.
        await sleep(2000);
        return (await send("carol@example.com")).rcpt[0]?.code === 250;
      });
      await host.reboot();
      await world.answers(host);
      expect(await host.queue()).toHaveLength(subjects.length);

      await world.primary.become("up");
      const back = Date.now();
      await eventually(() => subjects.every((subject) => received(subject)));
      const seconds = Math.round((Date.now() - back) / 1000);
      process.stdout.write(`the queue was delivered ${seconds} s after the primary's return\n`);
      expect(world.primary.messages(BOB)).toHaveLength(subjects.length);
      await eventually(async () => (await host.queue()).length === 0);
    });

    test("scans what it forwards, and keeps what certainly is spam", async () => {
      expect((await send(BOB, message("clean", "Hello Bob"))).data?.code).toBe(250);
      expect((await send(BOB, message("gtube", GTUBE))).data?.code).toBe(250);
      await eventually(() => received("clean"));
      const [headers, body] = (received("clean") ?? "").split(/\r?\n\r?\n/);
      expect(headers).toMatch(/^X-Spam-Status: No, score=/m);
      expect(headers).toMatch(/^X-Backup-MX: ham; score=/m);
      expect(body.trim()).toBe("Hello Bob");
      await eventually(async () =>
        (await host.run("backup-mx", "quarantine")).stdout.includes("high spam"),
      );
      expect(await host.queue()).toEqual([]);
      expect(received("gtube")).toBeUndefined();
    });
  });

  test("without its scanner takes no mail, and says so", async () => {
    const verdict = await unlucky.cloudInit();
    expect(verdict.exitCode).not.toBe(0);
    expect(verdict.errors.join()).toMatch(/runcmd|scripts_user/);
    expect((await unlucky.run("ls", "/var/lib/backup-mx")).stdout).toBe("programs\n");
    expect(await unlucky.setUpLog()).toMatch(
      /there was no end of waiting for the package mailscanner/,
    );
    const closed = /refused/;
    await expect(smtp(world.sender, unlucky.address)).rejects.toThrow(closed);
    await unlucky.reboot();
    await unlucky.cloudInit();
    await expect(smtp(world.sender, unlucky.address)).rejects.toThrow(closed);
  });
});
