import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  eventually,
  execute,
  type NetworkHost,
  PolicyWorld,
  SmtpConnection,
  type SmtpReplies,
  smtp,
  succeed,
} from "../../lab";
import { RecipientVerification } from "../../lib";
import { describeWith } from "../support/requirements";

const BACKUP = PolicyWorld.BACKUP;
const BOB = "bob@example.com";
/** Who is tested is greeted after six seconds; nobody else can be kept waiting as long. */
const TEST_SECONDS = 5;

/** Connects five times from each of its addresses, says so, and leaves before it is greeted. */
const BOTNET = `
import socket, sys, time
server, *addresses = sys.argv[1:]
crowd = [socket.create_connection((server, 25), 10, (own, 0)) for own in addresses * 5]
print("connected", flush=True)
time.sleep(4)
`;

describeWith(PolicyWorld.NEEDS, "a stranger at port 25", () => {
  let world: PolicyWorld;
  let polite: NetworkHost;
  let hasty: NetworkHost;
  let patient: NetworkHost;

  const logged = (line: RegExp) => eventually(() => line.test(world.backup.log()));
  const greeted = async (from: NetworkHost) => (await smtp(from, BACKUP)).greeting.seconds;

  beforeAll(async () => {
    const pair = ["-keyout", "-", "-out", "-", "-subj", `/CN=${PolicyWorld.HOSTNAME}`];
    const own = await succeed(["openssl", "req", "-x509", "-nodes", ...pair]);
    world = await PolicyWorld.open({
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com" }],
          recipients: RecipientVerification.list([BOB]),
        },
      ],
      props: {
        greetTest: true,
        postscreenDnsblSites: ["zen.example.org*2", "bl.example.org"],
        postscreenDnsblThreshold: 2,
        postfixSettings: {
          smtpd_tls_cert_file: "/etc/postfix/own.pem",
          smtpd_tls_key_file: "/etc/postfix/own.pem",
        },
      },
      records: {
        "200.2.0.192.zen.example.org": ["A 127.0.0.4"],
        "201.2.0.192.bl.example.org": ["A 127.0.0.2"],
        // How a list refuses who asks.
        "202.2.0.192.zen.example.org": ["A 127.255.255.254"],
      },
      files: { "/etc/postfix/own.pem": own },
      isWatched: false,
    });
    polite = world.sender;
    hasty = world.addHost("hasty", "192.0.2.66");
    patient = world.addHost("patient", "192.0.2.67");
  });

  afterAll(() => world?.close());

  test("who talks before the greeting is refused, and who waits is not", async () => {
    const connection = new SmtpConnection(hasty, BACKUP);
    // The first line of the greeting is there; the last one comes after six seconds, or never.
    expect((await connection.command("EHLO hasty.example")).code).toBe(250);
    await connection.command("MAIL FROM:<>");
    const { code, text } = await connection.command(`RCPT TO:<${BOB}>`);
    expect(`${code} ${text}`).toMatch(/^5\d\d 5\.5\.1 .*Protocol error/);
    connection.quit();
    await logged(/PREGREET \d+ after [\d.]+ from \[192\.0\.2\.66\]/);

    const { greeting, rcpt } = await smtp(polite, BACKUP, { helo: "sender.example", to: BOB });
    expect([greeting.code, rcpt[0].code]).toEqual([220, 250]);
    expect(greeting.seconds).toBeGreaterThan(TEST_SECONDS);
  });

  test("who has waited once waits no more, also after a restart", async () => {
    expect(await greeted(polite)).toBeLessThan(TEST_SECONDS);
    await world.backup.stop();
    await world.backup.start();
    expect(await greeted(polite)).toBeLessThan(TEST_SECONDS);
    // Who was refused is on trial again.
    expect(await greeted(hasty)).toBeGreaterThan(TEST_SECONDS);
  });

  test("who is on lists of enough weight is refused", async () => {
    const answers = await Promise.all(
      [200, 201, 202].map(async (n) => {
        const { rcpt } = await smtp(world.addHost(`client${n}`, `192.0.2.${n}`), BACKUP, {
          helo: "sender.example",
          to: BOB,
        });
        return `${rcpt[0].code} ${rcpt[0].text}`;
      }),
    );
    expect(answers).toEqual([
      expect.stringMatching(/^550 5\.7\.1 .*\[192\.0\.2\.200\] blocked using zen\.example\.org/),
      expect.stringMatching(/^250 /),
      expect.stringMatching(/^250 /),
    ]);
  });

  test("gets his turn while thirty machines with five connections each are tested", async () => {
    const botnet = world.addHost("botnet", "192.0.2.129");
    const addresses = Array.from({ length: 30 }, (_, n) => `192.0.2.${130 + n}`);
    for (const address of addresses) {
      botnet.run("ip", "address", "add", `${address}/24`, "dev", "eth0");
    }
    const [command, ...args] = botnet.command("python3", "-c", BOTNET, BACKUP, ...addresses);
    const crowd = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(crowd, "exit");
    await once(crowd.stdout, "data");
    expect((await smtp(world.addHost("fresh", "192.0.2.120"), BACKUP)).greeting.code).toBe(220);
    await ended;
  });

  test("the host itself is a stranger, and waits once", async () => {
    const heard = async () => (await smtp(world.host, "127.0.0.1")).greeting.seconds;
    expect(await heard()).toBeGreaterThan(TEST_SECONDS);
    expect(await heard()).toBeLessThan(TEST_SECONDS);
  });

  test("has 20 connections at a time and 120 a minute, however they are handed on", async () => {
    const open = Array.from({ length: 25 }, () => new SmtpConnection(polite, BACKUP));
    const codes = await Promise.all(open.map(async (one) => (await one.reply()).code));
    for (const one of open) {
      one.quit();
    }
    expect(codes.filter((code) => code === 220)).toHaveLength(20);
    expect(codes.filter((code) => code === 421)).toHaveLength(5);
    // However slow this machine is, it can connect so often within a minute.
    const heard: SmtpReplies[] = [];
    const isRefused = () => heard.some(({ greeting }) => greeting.code === 421);
    for (let n = 0; n < 40 && !isRefused(); n++) {
      heard.push(...(await Promise.all(Array.from({ length: 18 }, () => smtp(polite, BACKUP)))));
    }
    expect(isRefused()).toBe(true);
    await logged(/Connection rate limit exceeded: \d+ from .*192\.0\.2\.100/);
  });

  const handshake = async (version: string) => {
    const [file, ...args] = hasty.command(
      ...["openssl", "s_client", "-starttls", "smtp", "-connect", `${BACKUP}:25`, version],
      // Else the client would refuse, before the server can.
      ...["-cipher", "DEFAULT:@SECLEVEL=0"],
    );
    const { stdout, stderr } = await execute([file, ...args], { input: "QUIT\r\n" });
    return stdout + stderr;
  };

  test.each(["-tls1", "-tls1_1"])("is refused with %s", async (version) => {
    expect(await handshake(version)).toMatch(/alert protocol version/);
  });

  test.each([
    ["-tls1_2", "TLSv1.2"],
    ["-tls1_3", "TLSv1.3"],
  ])("is taken with %s", async (version, protocol) => {
    expect(await handshake(version)).toMatch(new RegExp(`^New, ${protocol}, Cipher is `, "m"));
  });

  test.each(["\n.\n", "\n.\r\n", "\r\n.\n"])(
    "cannot smuggle a second mail in behind %j",
    async (falseEnd) => {
      const connection = new SmtpConnection(patient, BACKUP);
      await connection.reply();
      for (const line of [
        "EHLO sender.example",
        "MAIL FROM:<honest@sender.example>",
        `RCPT TO:<${BOB}>`,
        "DATA",
      ]) {
        expect((await connection.command(line)).code).toBeLessThan(400);
      }
      const second = `MAIL FROM:<forged@sender.example>\r\nRCPT TO:<${BOB}>\r\nDATA\r\nSubject: b\r\n\r\nb`;
      await connection.command(`Subject: a\r\n\r\na${falseEnd}${second}\r\n.`);
      // Had there been two mails, the answers to the commands of the second would come first.
      expect((await connection.command("QUIT")).code).toBe(221);
      expect(world.backup.log()).not.toContain("forged@");
    },
  );

  test("is sent away when he does not wait for answers", async () => {
    const connection = new SmtpConnection(patient, BACKUP);
    await connection.reply();
    // Without EHLO nobody has told him that he need not wait.
    const all = ["HELO sender.example", "MAIL FROM:<>", `RCPT TO:<${BOB}>`, "DATA", "x", "."];
    const { code, text } = await connection.command(all.join("\r\n"));
    expect(`${code} ${text}`).toBe("554 5.5.0 Error: SMTP protocol synchronization");
    connection.quit();
    await logged(/disconnect from .*\[192\.0\.2\.67\] helo=0\/1 commands=0\/1$/m);
  });

  test("can neither ask who exists nor have the queue flushed", async () => {
    const connection = new SmtpConnection(hasty, BACKUP);
    await connection.reply();
    const { text } = await connection.command("EHLO hasty.example");
    expect(text).not.toMatch(/VRFY|EXPN/);
    expect((await connection.command(`VRFY ${BOB}`)).code).toBe(502);
    expect((await connection.command("ETRN example.com")).code).toBe(554);
    connection.quit();
  });
});
