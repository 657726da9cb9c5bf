import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Aws, EICAR, eventually, GOOD, HostWorld, type MailHost, SIGNATURES } from "../../lab";
import { Scanner } from "../../lib";
import { describeWith } from "../support/requirements";

/** What every filter for spam finds, and that is none. */
const GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
const script = (name: string) => ({
  content: readFileSync(join(__dirname, "..", "support", "guests", name), "utf8"),
});
const OWN = "198.51.100.25";
const DNS = "198.51.100.53";
/** Each of these answers somebody on this host. */
const SERVERS = [
  `${OWN} 25`,
  "127.0.0.1 25",
  "127.0.0.53 25",
  "::1 25",
  "127.0.0.53 53",
  `${HostWorld.PRIMARY} 25`,
  `${Aws.METADATA} 80`,
];

describeWith(HostWorld.NEEDS, "the guests of a fresh Debian 13, rspamd and ClamAV", () => {
  let world: HostWorld;
  let host: MailHost;

  const scanner = (spamScore = 6) => Scanner.rspamd({ clamAv: true, spamScore });
  const as = async (user: string, ...command: string[]) => {
    const { stdout, stderr } = await host.run("runuser", "-u", user, "--", ...command);
    return (stdout || stderr).trim();
  };
  const ask = (...question: string[]) =>
    as("backup-mx-judge", "python3", "/srv/ask.py", ...question);
  const processOf = async (unit: string) =>
    (await host.succeed("systemctl", "show", "--property=MainPID", "--value", unit)).trim();
  const PROBE = ["python3", "/srv/probe.py", SERVERS.join(","), `${DNS},127.0.0.53`];

  beforeAll(async () => {
    world = await HostWorld.open();
    host = await world.boot({
      props: { scanner: scanner() },
      files: {
        ...SIGNATURES,
        "/srv/ask.py": script("ask.py"),
        "/srv/probe.py": script("probe.py"),
      },
    });
    expect(await host.cloudInit()).toEqual(GOOD);
  });

  afterAll(() => world?.close());

  test("tell the judge what is spam and what is a virus", async () => {
    expect(await ask("rspamd", "hello")).toBe("200 no action");
    expect(await ask("rspamd", GTUBE)).toBe("200 reject");
    expect(await ask("clamav", "hello")).toBe("stream: OK");
    expect(await ask("clamav", EICAR)).toMatch(/^stream: Eicar\S* FOUND$/);
  });

  test("open no port, and speak with nobody but the judge", async () => {
    const listening = await host.succeed("ss", "--listening", "--tcp", "--udp", "--processes");
    expect(listening).not.toMatch(/rspamd|clam/);
    for (const user of ["_rspamd", "backup-mx-clamd", "backup-mx-scanner", "nobody"]) {
      for (const guest of ["rspamd", "clamav", "restart"]) {
        expect(await as(user, "python3", "/srv/ask.py", guest, "hello")).toMatch(
          /Permission denied/,
        );
      }
    }
  });

  test("are in a sandbox each", async () => {
    for (const unit of ["rspamd", "clamav-daemon", "backup-mx-rspamd-patterns"]) {
      const report = await host.run("systemd-analyze", "security", "--no-pager", unit);
      const exposure = Number(/Overall exposure level.*: ([0-9.]+)/.exec(report.stdout)?.[1]);
      process.stdout.write(`${unit}: exposure ${exposure}\n`);
      expect(exposure).toBeLessThan(2);
    }
  });

  /** What a program can do in the sandbox of a service. */
  const inside = async (service: string): Promise<string[]> => {
    const folder = "/run/systemd/system/probe.service.d";
    await host.succeed("rm", "-rf", folder);
    await host.succeed("mkdir", "-p", folder);
    await host.succeed("sh", "-c", `cp /etc/systemd/system/${service}.service.d/*.conf ${folder}`);
    const user = await host.succeed("systemctl", "show", "--property=User", "--value", service);
    const probe = [
      "[Service]",
      "Type=oneshot",
      "Restart=no",
      `User=${user.trim()}`,
      "ExecStart=",
      `ExecStart=${PROBE.map((word) => `"${word}"`).join(" ")}`,
    ].join("\n");
    await host.succeed(
      "sh",
      "-c",
      `echo '${probe}' | tee ${folder}/zzzz.conf >${folder.slice(0, -2)}`,
    );
    await host.succeed("systemctl", "daemon-reload");
    await host.succeed("systemctl", "start", "probe");
    const log = await host.succeed("journalctl", "--unit=probe", "--output=cat", "--no-pager");
    return JSON.parse(
      log
        .split("\n")
        .filter((line) => line.startsWith("["))
        .at(-1) ?? "null",
    );
  };

  test("can ask the name server, and do nothing else", async () => {
    // What proves that there is something to reach.
    const open: string[] = JSON.parse(
      (await host.succeed(...PROBE)).trim().split("\n").at(-1) ?? "",
    );
    expect(open).toEqual(
      expect.arrayContaining([
        ...SERVERS.filter((server) => server !== "127.0.0.53 25"),
        "socket /run/systemd/private",
        "folder /var/spool/postfix/incoming",
        "sendmail",
        "processes of others",
        "file /etc/x",
      ]),
    );
    for (const service of ["rspamd", "clamav-daemon"]) {
      expect([service, await inside(service)]).toEqual([service, [`name server ${DNS}`]]);
    }
  });

  // A sandbox that somebody has left.
  test.each([
    ["_rspamd", true],
    ["backup-mx-clamd", true],
    ["backup-mx-scanner", true],
    ["backup-mx-judge", false],
  ])("have a wall around user %s", async (user, asksNames) => {
    const worked: string[] = JSON.parse((await as(user, ...PROBE)).split("\n").at(-1) ?? "");
    const network = worked.filter((name) => /^(name server|[0-9:])/.test(name));
    expect(network).toEqual(asksNames ? [`name server ${DNS}`] : []);
  });

  test("ask other name servers as soon as the host does", async () => {
    const rules = () => host.succeed("nft", "list", "table", "inet", "backup_mx_guests");
    expect(await rules()).not.toContain("192.0.2.53");
    await host.succeed("sh", "-c", "echo nameserver 192.0.2.53 >>/etc/resolv.conf");
    await eventually(async () => (await rules()).includes("192.0.2.53"));
    await host.succeed("sed", "-i", "/192.0.2.53/d", "/etc/resolv.conf");
    await eventually(async () => !(await rules()).includes("192.0.2.53"));
  });

  test("have a wall again a minute after somebody took it away", async () => {
    const table = ["table", "inet", "backup_mx_guests"];
    await host.succeed("nft", "delete", ...table);
    const exitCode = async () => (await host.run("nft", "list", ...table)).exitCode;
    expect(await exitCode()).toBe(1);
    await eventually(async () => (await exitCode()) === 0);
  });

  test("are killed and start anew where the judge wants it", async () => {
    for (const [name, unit] of [
      ["rspamd", "rspamd.service"],
      ["clamav", "clamav-daemon.service"],
    ]) {
      const before = await processOf(unit);
      // It does not end by itself any more.
      await host.succeed("kill", "-STOP", before);
      expect(await ask("restart", name)).toBe("done");
      expect(await ask(name, "hello")).toMatch(/^(200 no action|stream: OK)$/);
      expect(await processOf(unit)).not.toBe(before);
    }
    for (const line of [
      "postfix",
      "rspamd.service",
      "mailscanner 9",
      "mailscanner",
      "rspamd x",
      "",
    ]) {
      expect(await ask("restart", line)).toBe("failed: there is no such guest");
    }
  });

  test("find damaged patterns made anew", async () => {
    const { stdout } = await host.run("sh", "-c", "ls -S /var/cache/backup-mx-rspamd/* | head -1");
    await host.succeed("sh", "-c", `echo damage >${stdout.trim()}`);
    expect(await ask("restart", "rspamd")).toBe("done");
    expect(await ask("rspamd", GTUBE)).toBe("200 reject");
    const size = Number(await host.succeed("stat", "--format=%s", stdout.trim()));
    expect(size).toBeGreaterThan(1000);
  });

  test("do not run without the wall", async () => {
    const dropIn = "/run/systemd/system/backup-mx-guests.service.d/broken.conf";
    await host.succeed("mkdir", "-p", dropIn.slice(0, dropIn.lastIndexOf("/")));
    await host.succeed("sh", "-c", `printf '[Service]\\nExecStart=/bin/false\\n' >${dropIn}`);
    await host.succeed("systemctl", "daemon-reload");
    for (const unit of ["rspamd.service", "clamav-daemon.service"]) {
      expect((await host.run("systemctl", "restart", unit)).exitCode).toBe(1);
      expect(await processOf(unit)).toBe("0");
    }
    await host.succeed("rm", dropIn);
    await host.succeed("systemctl", "daemon-reload");
    await host.succeed("systemctl", "start", "rspamd.service", "clamav-daemon.service");
    expect(await ask("clamav", EICAR)).toMatch(/FOUND$/);
  });

  test("take other scores while the host runs", async () => {
    world.deploy(host, { scanner: scanner(0.1) });
    expect((await host.takesConfiguration()).exitCode).toBe(0);
    expect(await ask("rspamd", "hello")).toBe("200 add header");
  });

  test("are there after a reboot", async () => {
    await host.reboot();
    await world.takesMail(host);
    expect(await ask("rspamd", GTUBE)).toBe("200 reject");
    expect(await ask("clamav", EICAR)).toMatch(/FOUND$/);
  });
});
