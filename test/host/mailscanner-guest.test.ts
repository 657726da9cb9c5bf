import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { eventually, GOOD, HostWorld, type MailHost } from "../../lab";
import { type MailScannerProps, Scanner } from "../../lib";
import { describeWith } from "../support/requirements";

const { HAS_SCANNER } = HostWorld;
const PACKAGE = process.env.BACKUP_MX_MAILSCANNER_DEB ?? "";
if (!HAS_SCANNER) {
  process.stderr.write(
    "skipped: MailScanner in its slots: set BACKUP_MX_MAILSCANNER_DEB to the file MailScanner-5.5.3-2.noarch.deb\n",
  );
}

/** Sends a mail to the first slot, of texts and how often each is repeated, or pings; prints the answer. */
const ASK = `\
import socket, sys
mail = "".join(text * int(times) for text, times in zip(sys.argv[1::2], sys.argv[2::2])).encode().replace(b"\\n", b"\\r\\n")
head = "POST /checkv2 HTTP/1.1\\r\\nQueue-Id: copy\\r\\nFrom: alice@sender.example\\r\\nRcpt: bob@example.com\\r\\nIP: 8.8.8.8\\r\\n"
slot = socket.socket(socket.AF_UNIX)
slot.connect("/run/backup-mx-mailscanner/1.sock")
slot.sendall(f"{head}Content-Length: {len(mail)}\\r\\n\\r\\n".encode() + mail if mail else b"GET /ping HTTP/1.1\\r\\n\\r\\n")
answer = slot.makefile("rb").read()
print((answer.split(b"\\r\\n\\r\\n", 1)[1] if mail else answer.split(b" ")[1]).decode())
`;
const HEAD = [
  "From: Alice <alice@sender.example>",
  "To: bob@example.com",
  "Subject: the letter of this week",
  "Message-ID: <20261126.080000.1@sender.example>",
  "Date: Thu, 26 Nov 2026 08:00:00 +0000",
  "MIME-Version: 1.0",
].join("\n");
const TEXT = "Please read the report about the garden, and answer until the end of the week.\n";
const GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n";
/** It keeps SpamAssassin busy for longer than a mail may take. */
const SLOW = [`${HEAD}\nContent-Type: text/html\n\n`, ["<table><tr><td>\n", 12_000]] as const;

describeWith(HostWorld.NEEDS, "MailScanner in its slots", () => {
  let world: HostWorld;
  let host: MailHost;

  beforeAll(async () => {
    if (!HAS_SCANNER) {
      return;
    }
    world = await HostWorld.open();
    const stack = HostWorld.stack({ scanner: scanner() });
    const { bucket, name } = world.bucket();
    const file = readFileSync(PACKAGE);
    const sum = createHash("sha256").update(file).digest("hex");
    bucket.fill({ ...world.deployed(stack, name).objects, [`packages/${sum}.deb`]: file });
    host = await world.boot({ stack, bucket: { bucket, name }, files: ASKS });
    expect(await host.cloudInit()).toEqual(GOOD);
  });

  afterAll(() => world?.close());

  const scanner = (props: MailScannerProps = {}) =>
    Scanner.mailScanner({ packageFile: PACKAGE, ...props });
  const ASKS = { "/root/ask.py": { content: ASK } };

  const judge = async (...parts: readonly (string | readonly [string, number])[]) => {
    const words = parts.flatMap((part) =>
      typeof part === "string" ? [part, "1"] : part.map(String),
    );
    return JSON.parse(await host.succeed("python3", "/root/ask.py", ...words));
  };
  const isUp = () =>
    eventually(async () => (await host.run("python3", "/root/ask.py")).stdout === "200\n");
  const pid = async () =>
    (
      await host.succeed(
        ...[
          "systemctl",
          "show",
          "--property=MainPID",
          "--value",
          "backup-mx-mailscanner@1.service",
        ],
      )
    ).trim();
  const deploy = (props: MailScannerProps) => {
    world.deploy(host, { scanner: scanner(props) });
    return host.takesConfiguration();
  };

  (HAS_SCANNER ? test : test.skip)("judges copies of mail", async () => {
    const clean = `${HEAD}\n\n${TEXT}`;
    expect(await judge(clean)).toMatchObject({ verdict: "ham", reason: "" });
    expect(await judge(`${clean}${GTUBE}`)).toMatchObject({
      verdict: "high spam",
      rules: expect.arrayContaining(["GTUBE"]),
    });
    // In a mail of more than 200,000 bytes, too.
    const attached = `${HEAD}\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n${GTUBE}\n--b\nContent-Type: image/png\n\n`;
    expect(await judge(attached, ["not a picture\n", 20_000], "--b--\n")).toMatchObject({
      verdict: "high spam",
    });
    const begin = Date.now();
    for (let number = 0; number < 10; number++) {
      expect(await judge(clean)).toMatchObject({ verdict: "ham" });
    }
    process.stdout.write(`one mail after the other: ${(Date.now() - begin) / 10} ms each\n`);
  });

  (HAS_SCANNER ? test : test.skip)("says which mail was not analysed, and why", async () => {
    expect(await judge(`${HEAD}\nContent-Type: multipart/mixed\n\n${TEXT}`)).toMatchObject({
      verdict: "not analysed",
      reason: "MailScanner cannot take it apart",
    });
    // More than SpamAssassin reads, or has the time for.
    expect(await judge(`${HEAD}\n\n`, [TEXT, 4000])).toMatchObject({ verdict: "not analysed" });
  });

  (HAS_SCANNER ? test : test.skip)(
    "sees nothing of the host, and is up again when it was killed",
    async () => {
      const before = await pid();
      const inside = (...command: string[]) =>
        host.succeed("nsenter", `--target=${before}`, "--mount", ...command);
      expect(await inside("ls", "/var/spool", "/var/lib")).toBe(
        "/var/lib:\nspamassassin\n\n/var/spool:\nMailScanner\n",
      );
      const users = await host.succeed(
        ...["sh", "-c", `ps -o user:30= --ppid ${before} -p ${before} | sort -u`],
      );
      expect(users.trim()).toBe("backup-mx-scanner");
      await host.succeed(
        ...["systemd-analyze", "security", "--threshold=19", "backup-mx-mailscanner@1.service"],
      );

      const answer = judge(...SLOW);
      await eventually(
        async () =>
          (await host.run("pgrep", "-f", "^MailScanner: checking with Spam")).exitCode === 0,
      );
      await host.succeed("pkill", "-KILL", "-f", "^MailScanner: checking with Spam");
      expect(await answer).toMatchObject({
        verdict: "not analysed",
        reason: "MailScanner's child ended",
      });
      const begin = Date.now();
      await isUp();
      process.stdout.write(`up again after ${(Date.now() - begin) / 1000} s\n`);
      expect(await pid()).not.toBe(before);
    },
  );

  (HAS_SCANNER ? test : test.skip)(
    "takes other settings, and keeps the old ones where they are wrong",
    async () => {
      const before = await pid();
      const wrong = await deploy({ settings: { "Spam Checks": "perhaps" } });
      expect(wrong.stderr).toMatch(/is rejected by MailScanner: Syntax error .* spamchecks /);
      expect(await pid()).toBe(before);
      expect(await deploy({ settings: { "High SpamAssassin Score": "5000" } })).toMatchObject({
        exitCode: 0,
      });
      await isUp();
      expect(await judge(`${HEAD}\n\n${TEXT}${GTUBE}`)).toMatchObject({ verdict: "spam" });
    },
  );

  (HAS_SCANNER ? test : test.skip)(
    "is there after a reboot, and MailScanner's own service is not",
    async () => {
      await host.reboot();
      await world.takesMail(host);
      await isUp();
      expect((await host.run("systemctl", "is-enabled", "mailscanner")).stdout).toBe("masked\n");
      expect(
        (await host.run("systemctl", "is-active", "spamassassin-maintenance.timer")).stdout,
      ).toBe("active\n");
    },
  );
});
