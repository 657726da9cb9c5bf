import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { figuresFiles } from "../../lib/host/figures";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { postfixFiles } from "../../lib/mail/postfix";
import { DnsServer } from "../lab/dns-server";
import { eventually } from "../lab/eventually";
import { succeed } from "../lab/execution";
import { Network, type NetworkHost } from "../lab/network";
import { Postfix } from "../lab/postfix";
import { Primary } from "../lab/primary";
import { smtp } from "../lab/smtp-client";
import { describeWith, program, root } from "../support/requirements";

jest.setTimeout(120_000);

const REPOSITORY = resolve(__dirname, "../..");
const DNS = "192.0.2.53";
const BACKUP = "192.0.2.25";
const HOSTNAME = "mx2.example.net";
const CLOUDWATCH = "monitoring.eu-central-1.amazonaws.com";

describeWith(
  [
    root,
    program("curl", "curl"),
    program("ip", "iproute2"),
    program("openssl", "openssl"),
    program("postfix", "postfix postfix-lmdb"),
    program("socat", "socat"),
    program("unbound", "unbound"),
  ],
  "the figures of a host with a real Postfix",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "figures-"));
    let network: Network;
    let dns: DnsServer;
    let primary: Primary;
    let backup: Postfix;
    let sender: NetworkHost;

    beforeAll(async () => {
      network = new Network();
      dns = await DnsServer.start(network.addHost("dns", `${DNS}/24`), {
        "example.com": ["MX 10 mx1.example.com", `MX 20 ${HOSTNAME}`],
        "mx1.example.com": ["A 192.0.2.10"],
        [HOSTNAME]: [`A ${BACKUP}`],
        "sender.example": ["A 192.0.2.100"],
        "inbound-smtp.us-east-1.amazonaws.com": ["A 192.0.2.10"],
      });
      primary = await Primary.start(network.addHost("primary", "192.0.2.10/24"), {
        hostname: "mx1.example.com",
        users: ["bob@example.com"],
        nameserver: DNS,
      });
      sender = network.addHost("sender", "192.0.2.100/24");
      const primaries = [{ hostname: "mx1.example.com" }];
      const domains = [mailDomain("domains[0]", { name: "example.com", primaries }, HOSTNAME)];
      const measured = figuresFiles({ hostname: HOSTNAME, domains, usesPort25: true });
      const settings = measured.filter(({ path }) => path.startsWith("/etc/"));
      backup = await Postfix.start(
        network.addHost("backup", `${BACKUP}/24`),
        {
          ...Object.fromEntries(
            postfixFiles(mailPolicy(HOSTNAME, { greetTest: false }), domains, BACKUP),
          ),
          ...Object.fromEntries(settings.map(({ path, content }) => [path, content])),
        },
        { nameserver: DNS },
      );
      // What the programs find or leave there is this host's own.
      for (const place of ["/run", "/usr/local/sbin"]) {
        backup.run("mount", "-t", "tmpfs", "tmpfs", place);
      }
      for (const { path, content } of measured.filter(({ isProgram }) => isProgram)) {
        writeFileSync(backup.path(path), content, { mode: 0o755 });
      }
    });

    afterAll(async () => {
      await backup?.remove();
      await primary?.remove();
      await dns?.stop();
      network?.remove();
      rmSync(folder, { recursive: true });
    });

    function figures(): { [name: string]: number } {
      const lines = backup.run("/usr/local/sbin/backup-mx-figures").trim().split("\n");
      return Object.fromEntries(
        lines.map((line) => {
          expect(line).toMatch(/^[A-Za-z0-9]+ \d+ (Count|Seconds|Percent)$/);
          const [name, value] = line.split(" ");
          return [name, Number(value)];
        }),
      );
    }

    test("are those of an idle host", () => {
      expect(figures()).toEqual({
        Ready: 0,
        QueueLength: 0,
        OldestMessage: 0,
        Held: 0,
        OldestHeld: 0,
        DiskUsed: expect.any(Number),
        MemoryUsed: expect.any(Number),
        ...("CertificateDays" in figures() ? { CertificateDays: expect.any(Number) } : {}),
        PrimariesUnreachable: 0,
        OutboundPort25: 1,
      });
    });

    test("tell of mail that nobody scans, and of a primary that is down", async () => {
      for (const subject of ["one", "two"]) {
        const { data } = await smtp(sender, BACKUP, {
          helo: "sender.example",
          from: "alice@sender.example",
          to: "bob@example.com",
          data: `Subject: ${subject}\n\nhello\n`,
        });
        expect(data?.code).toBe(250);
      }
      await primary.refuse();
      await new Promise((done) => setTimeout(done, 2000));
      const { QueueLength, Held, OldestMessage, OldestHeld, PrimariesUnreachable } = figures();
      expect({ QueueLength, Held, PrimariesUnreachable }).toEqual({
        QueueLength: 2,
        Held: 2,
        PrimariesUnreachable: 1,
      });
      expect(OldestHeld).toBe(OldestMessage);
      expect(OldestMessage).toBeGreaterThanOrEqual(2);
      expect(OldestMessage).toBeLessThan(60);
    });

    test("arrive in CloudWatch, signed with the role of the instance", async () => {
      const [certificate, key] = ["certificate.pem", "key.pem"].map((name) => join(folder, name));
      await succeed([
        "openssl",
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key],
        ...["-out", certificate, "-subj", `/CN=${CLOUDWATCH}`],
        ...["-addext", `subjectAltName=DNS:${CLOUDWATCH}`],
      ]);
      backup.run("ip", "address", "add", "169.254.169.254/32", "dev", "lo");
      backup.write({
        "/etc/hosts": `127.0.0.1 ${CLOUDWATCH}\n`,
        "/etc/ssl/certs/ca-certificates.crt": readFileSync(certificate, "utf8"),
      });
      const [command, ...args] = backup.host.command(
        ...[join(REPOSITORY, "node_modules/.bin/tsx"), join(REPOSITORY, "test/lab/cloudwatch.ts")],
        ...[certificate, key],
      );
      const cloudwatch: ChildProcess = spawn(command, args, {
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        let printed = "";
        cloudwatch.stdout?.setEncoding("utf8").on("data", (text: string) => {
          printed += text;
        });
        await eventually(() => printed.includes("ready"));
        backup.run("/usr/local/sbin/backup-mx-metrics");
        await eventually(() => printed.includes("Action="));
        const sent = new URLSearchParams(printed.slice(printed.indexOf("Action=")).trim());
        expect(sent.get("Action")).toBe("PutMetricData");
        expect(sent.get("Namespace")).toBe("BackupMx");
        const received: { [name: string]: string | null } = {};
        for (let n = 1; sent.has(`MetricData.member.${n}.MetricName`); n++) {
          const datum = `MetricData.member.${n}`;
          expect(sent.get(`${datum}.Dimensions.member.1.Name`)).toBe("Host");
          expect(sent.get(`${datum}.Dimensions.member.1.Value`)).toBe(HOSTNAME);
          received[sent.get(`${datum}.MetricName`) ?? ""] = sent.get(`${datum}.Value`);
        }
        expect(received).toMatchObject({ Held: "2", QueueLength: "2", PrimariesUnreachable: "1" });
        expect(Object.keys(received).sort()).toEqual(Object.keys(figures()).sort());
      } finally {
        const ended = once(cloudwatch, "exit");
        cloudwatch.kill();
        await ended;
      }
    });
  },
);
