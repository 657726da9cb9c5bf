import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Aws,
  BUCKET,
  Bucket,
  deployedUserData,
  eventually,
  HostWorld,
  type MailHost,
  SmtpConnection,
  type SynthesizedStack,
  smtp,
} from "../../lab";
import { RecipientVerification } from "../../lib";
import { describeWith } from "../support/requirements";

const USERS = Array.from({ length: 10_000 }, (_, index) => `user${index}@example.com`);
const LATE = "late@example.com";
/** The time after which the host looks again whether there is another list. */
const INTERVAL_SECONDS = 60;

/** The stack for so many users, and the object in its bucket. */
function listed(users: readonly string[]): { stack: SynthesizedStack; list: string } {
  const folder = mkdtempSync(join(tmpdir(), "recipients-"));
  try {
    const file = join(folder, "recipients.txt");
    writeFileSync(file, `# all of them\n${users.join("\n")}\n`);
    const stack = HostWorld.stack({
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com" }],
          recipients: RecipientVerification.listFile(file),
        },
      ],
    });
    const [object] = Object.values<{ content: string }>(stack.resource.aws_s3_object);
    return { stack, list: object.content };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describeWith(
  HostWorld.NEEDS,
  "10,000 recipients from a file on a fresh Debian 13 whose primary is down",
  () => {
    const { stack, list } = listed(USERS);
    const bucket = new Bucket();
    let world: HostWorld;
    let aws: Aws;
    let host: MailHost;
    /** The same host, which does not reach its list. It gives up after two minutes. */
    let unlucky: MailHost;

    const answer = async (to: string) => {
      const { rcpt } = await world.say(host, { from: "", to });
      return `${rcpt[0].code} ${rcpt[0].text}`;
    };
    const fetched = () => host.run("systemctl", "start", "backup-mx-recipients");

    beforeAll(async () => {
      world = await HostWorld.open({ [BUCKET]: ["A 198.51.100.43"] });
      await world.primary.refuse();
      aws = await Aws.start(world.addHost("aws", "198.51.100.43", `${Aws.METADATA}/16`), {
        [BUCKET.replace(".amazonaws.com", "")]: bucket.answer,
      });
      world.atEnd(() => aws.stop());
      bucket.put("recipients", list);
      const trust = {
        "/etc/ssl/certs/ca-certificates.crt": { content: aws.certificate },
        "/usr/local/share/ca-certificates/aws.crt": { content: aws.certificate },
      };
      // At this address is nobody.
      const elsewhere = { content: `127.0.0.1 localhost\n198.51.100.44 ${BUCKET}\n` };
      [host, unlucky] = await Promise.all([
        world.boot({ stack, files: trust, addresses: ["169.254.0.25/16"] }),
        world.boot({
          stack,
          files: { ...trust, "/etc/hosts": elsewhere },
          addresses: ["169.254.0.26/16"],
        }),
      ]);
      expect(await host.cloudInit()).toMatchObject({ exitCode: 0, errors: [] });
    });

    afterAll(() => world?.close());

    test("known ones are accepted, unknown ones are not", async () => {
      const { data } = await world.say(host, {
        to: ["user0@example.com", "User9999@Example.com"],
        data: "Subject: hello\n\nhello\n",
      });
      expect(data?.code).toBe(250);
      expect(await answer("user10000@example.com")).toMatch(/^550 .*Address lookup failed/);
      expect(await answer("user0@sub.example.com")).toMatch(/^554 .*Relay access denied/);
    });

    test("a new list counts within a session, without another instance", async () => {
      const later = listed([...USERS.slice(1), LATE]);
      expect(deployedUserData(later.stack, "")).toBe(deployedUserData(stack, ""));
      const session = new SmtpConnection(world.sender, host.address);
      const ask = async (to: string) => (await session.command(`RCPT TO:<${to}>`)).code;
      await session.reply();
      await session.command("EHLO sender.example");
      await session.command("MAIL FROM:<>");
      expect([await ask(LATE), await ask("user0@example.com")]).toEqual([550, 250]);
      bucket.put("recipients", later.list);
      const reads = bucket.reads;
      await eventually(() => bucket.reads > reads);
      await eventually(async () => (await answer(LATE)).startsWith("250"));
      expect([await ask(LATE), await ask("user0@example.com")]).toEqual([250, 550]);
      session.quit();
    });

    test("the table is made before the host looks again", async () => {
      await host.run("rm", "/var/lib/postfix/recipients.taken");
      const begin = Date.now();
      expect((await fetched()).exitCode).toBe(0);
      const seconds = (Date.now() - begin) / 1000;
      process.stdout.write(`10,000 recipients fetched and taken in ${seconds.toFixed(1)} s\n`);
      expect(seconds).toBeLessThan(INTERVAL_SECONDS);
    });

    test.each([
      ["is cut off", () => bucket.cut("recipients")],
      ["is not whole", () => bucket.put("recipients", `${LATE}\n# 2 recipients\n`)],
      ["has no end", () => bucket.put("recipients", `${LATE}\n`)],
      ["is empty", () => bucket.put("recipients", "")],
      [
        "holds more than addresses",
        () => bucket.put("recipients", `${LATE} REDIRECT x@evil.example\n# 1 recipients\n`),
      ],
    ])("a list that %s leaves the last good one", async (_, spoil) => {
      spoil();
      expect((await fetched()).exitCode).toBe(1);
      expect(await answer(LATE)).toMatch(/^250/);
      expect(await answer("user9999@example.com")).toMatch(/^250/);
      expect(await answer("user0@example.com")).toMatch(/^550/);
    });

    test("a list that could not be fetched for an hour is told to the postmaster, once", async () => {
      const letters = async () =>
        (await host.run("postqueue", "-j")).stdout.match(/postmaster@example\.com/g)?.length ?? 0;
      const before = await letters();
      await host.run("touch", "-d", "2 hours ago", "/var/lib/postfix/recipients.checked");
      expect((await fetched()).exitCode).toBe(1);
      expect((await fetched()).exitCode).toBe(1);
      await eventually(async () => (await letters()) > before);
      expect(await letters()).toBe(before + 1);
      const log = await host.run("journalctl", "--quiet", "--priority=crit", "--output=cat");
      expect(log.stdout.match(/could not be fetched for an hour/g)).toHaveLength(1);
    });

    test("after a reboot the last good one counts, though the store is gone", async () => {
      aws.isDown = true;
      await host.reboot();
      await world.answers(host);
      expect(await answer(LATE)).toMatch(/^250/);
      expect(await answer("user0@example.com")).toMatch(/^550/);
      expect((await fetched()).exitCode).toBe(1);
    });

    test("a host that never got the list takes no mail, and says so", async () => {
      const { exitCode, status } = await unlucky.cloudInit();
      expect([exitCode, status]).toEqual([1, expect.stringContaining("error")]);
      await expect(smtp(world.sender, unlucky.address)).rejects.toThrow("Connection refused");
      const { stdout } = await unlucky.run("cat", "/var/log/cloud-init-output.log");
      expect(stdout).toMatch(/^backup-mx: \S+ systemctl start backup-mx-recipients failed$/m);
    });
  },
);
