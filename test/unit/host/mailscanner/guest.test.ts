import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describeWith, program } from "../../../support/requirements";

const GUEST = resolve(__dirname, "../../../../lib/host/mailscanner/backup-mx-mailscanner");

/** Runs the program with folders, socket and MailScanner of the test. */
const RUN = `
import importlib.machinery, importlib.util, os, socket, sys
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("guest", sys.argv[1])
guest = importlib.util.module_from_spec(importlib.util.spec_from_loader("guest", loader))
loader.exec_module(guest)
guest.SPOOL = os.environ["FAKE_SPOOL"]
guest.GUEST = guest.SPOOL + "/guest"
guest.MAILSCANNER = sys.argv[2]
# All that it has started ends with it, as in a slot.
os.setpgid(0, 0)
listener = socket.socket(socket.AF_UNIX)
listener.bind(guest.SPOOL + "/slot")
listener.listen(5)
print("listens", flush=True)
try:
    guest.run(listener)
except guest.Ended as error:
    print(error, flush=True)
`;

describeWith([program("python3", "python3")], "a slot of MailScanner", () => {
  let folder: string;
  let slot: ChildProcess;
  let said: string;

  const start = async (pause = 0) => {
    folder = mkdtempSync(join(tmpdir(), "slot-"));
    said = "";
    const fake = join(__dirname, "fake-mailscanner.py");
    slot = spawn("/usr/bin/python3", ["-c", RUN, GUEST, fake], {
      env: { ...process.env, FAKE_SPOOL: folder, FAKE_PAUSE: String(pause) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    slot.stdout?.on("data", (data) => {
      said += data;
    });
    await until(() => said.includes("listens"));
  };

  const until = async (condition: () => boolean | Promise<boolean>) => {
    for (let turn = 0; turn < 3000 && !(await condition()); turn++) {
      await new Promise((done) => setTimeout(done, 10));
    }
  };

  afterEach(() => {
    try {
      process.kill(-(slot.pid as number), "SIGKILL");
    } catch {
      // All of it has ended.
    }
    rmSync(folder, { recursive: true });
  });

  const say = (text: string) =>
    new Promise<string>((done, fail) => {
      let answer = "";
      const connection = connect(join(folder, "slot"), () => connection.write(text, "latin1"));
      connection.on("data", (data) => {
        answer += data.toString("latin1");
      });
      connection.on("close", () => done(answer));
      connection.on("error", fail);
    });
  const status = (answer: string) => /^HTTP\/1.1 (.*)\r\n/.exec(answer)?.[1];
  const ping = async () => status(await say("GET /ping HTTP/1.1\r\n\r\n"));
  const isUp = () => until(async () => (await ping()) === "200 OK");
  const post = (mail: string, headers: readonly string[] = []) =>
    say(
      [
        "POST /checkv2 HTTP/1.1",
        `Content-Length: ${mail.length}`,
        "Connection: close",
        "Queue-Id: 0a1b2c",
        ...headers,
        "",
        mail,
      ].join("\r\n"),
    );
  const judge = async (mail: string, headers: readonly string[] = []) => {
    const answer = await post(mail, headers);
    expect(status(answer)).toBe("200 OK");
    return JSON.parse(answer.split("\r\n\r\n")[1]);
  };
  const dropped = { verdict: "not analysed", score: 0, rules: [] };

  test("gives MailScanner the mail with its envelope, and hands on what it says", async () => {
    await start();
    await isUp();
    const mail = "Subject: hello\r\n\r\nbody \xe9\r\nlast\r\n";
    const verdict = await judge(mail, [
      "From: <Alice+x@sender.example>",
      "Rcpt: bob@example.com",
      "Rcpt: <carol@example.com>",
      "IP: 198.51.100.80",
      "Helo: mail.sender.example",
      "Hostname: out.sender.example",
    ]);
    expect(verdict).toEqual({
      verdict: "ham",
      name: "mail0a1b2c",
      copy: [
        "O<bob@example.com>",
        "O<carol@example.com>",
        "S<Alice+x@sender.example>",
        "Received: from mail.sender.example (out.sender.example [198.51.100.80]) by localhost (Postfix) with ESMTP id 0",
        "Subject: hello",
        "",
        "body \xe9",
        "last",
        "",
      ].join("\n"),
    });
    expect(readdirSync(join(folder, "milterin"))).toEqual([]);
  });

  test.each([
    [["IP: 198.51.100.80", "Helo: x([8.8.8.8])"], "from [198.51.100.80] (unknown [198.51.100.80])"],
    [["IP: IPv6:2001:db8::5", "Helo: a.example"], "from a.example (unknown [IPv6:2001:db8::5])"],
    [["IP: 8.8.8.8] (x", "Hostname: (["], "from [0.0.0.0] (unknown [0.0.0.0])"],
    [[], "from [0.0.0.0] (unknown [0.0.0.0])"],
  ])("lets no client choose its address: %j", async (headers, from) => {
    await start();
    await isUp();
    const { copy } = await judge("\r\nlast\r\n", headers);
    expect(copy.split("\n").slice(0, 4)).toEqual([
      "O<postmaster>",
      "S<>",
      `Received: ${from} by localhost (Postfix) with ESMTP id 0`,
      "",
    ]);
  });

  test("spares MailScanner the Received lines that are too long for it", async () => {
    await start();
    await isUp();
    const long = `Received: ](${"(".repeat(500)}\r\n\t${"[".repeat(500)}\r\n`;
    const good = `Received: from a\r\n\tby b\r\n`;
    const { copy } = await judge(`${long}${good}${long}Subject: x\r\n\r\n${long}last\r\n`);
    expect(copy.split("\n").slice(3)).toEqual([
      "Received: from a",
      "\tby b",
      "Subject: x",
      "",
      ...long.split("\r\n").slice(0, 2),
      "last",
      "",
    ]);
  });

  test("takes no mail before MailScanner waits for some", async () => {
    await start(0.5);
    expect(await ping()).toBe("503 Starting");
    expect(status(await post("\r\nlast\r\n"))).toBe("503 Starting");
    await isUp();
    expect(await judge("\r\nlast\r\n")).toMatchObject({ verdict: "ham" });
  });

  test("judges one mail after the other, each with its own verdict", async () => {
    await start();
    await isUp();
    const answers = await Promise.all(
      ["slow", "one", "two"].map((line) => judge(`Subject: ${line}\r\n\r\n${line}\r\n`)),
    );
    expect(answers.map(({ copy }) => copy.trim().split("\n").at(-1))).toEqual([
      "slow",
      "one",
      "two",
    ]);
  });

  test("says at once that MailScanner has dropped a mail, and goes on", async () => {
    await start();
    await isUp();
    const reason = "MailScanner has dropped this mail";
    expect(await judge("\r\ndrop\r\n")).toEqual({ ...dropped, reason });
    expect(readdirSync(join(folder, "milterin"))).toEqual([]);
    expect(await judge("\r\nlast\r\n")).toMatchObject({ verdict: "ham" });
  });

  test.each([
    ["die", "MailScanner's child ended"],
    ["end", "MailScanner's master ended"],
  ])("says at once when MailScanner ends over a mail, and ends: %s", async (what, reason) => {
    await start();
    await isUp();
    expect(await judge(`\r\n${what}\r\n`)).toEqual({ ...dropped, reason });
    await until(() => slot.exitCode !== null);
    expect(said).toBe(`listens\n${reason}\n`);
  });

  test("survives what is no request", async () => {
    await start();
    await isUp();
    const wrong = [
      "GET / HTTP/1.1\r\n\r\n",
      "POST /checkv2 HTTP/1.1\r\nQueue-Id: a\r\n\r\n",
      "POST /checkv2 HTTP/1.1\r\nQueue-Id: ../a\r\nContent-Length: 0\r\n\r\n",
      "POST /checkv2 HTTP/1.1\r\nQueue-Id: a\r\nContent-Length: -1\r\n\r\n",
    ];
    for (const text of wrong) {
      expect(status(await say(text))).toMatch(/^400 /);
    }
    expect(await judge("\r\nlast\r\n")).toMatchObject({ verdict: "ham" });
  });
});
