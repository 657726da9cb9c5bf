import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DnsServer } from "../../lab/dns/dns-server";
import { Postfix } from "../../lab/mail/postfix";
import { Primary } from "../../lab/mail/primary";
import { smtp } from "../../lab/mail/smtp-client";
import { Watch } from "../../lab/mail/watch";
import { Network, type NetworkHost } from "../../lab/net/network";
import { eventually } from "../../lab/process/eventually";
import { Monitoring } from "../../lib";
import { hostFiles } from "../support/host-files";
import { describeWith, program, root } from "../support/requirements";

jest.setTimeout(120_000);

const DNS = "192.0.2.53";
const BACKUP = "192.0.2.25";
const HOSTNAME = "mx2.example.net";

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("openssl", "openssl"),
    program("postfix", "postfix postfix-lmdb"),
    program("python3", "python3"),
    program("socat", "socat"),
    program("unbound", "unbound"),
  ],
  "the figures of a host with a real Postfix",
  () => {
    let network: Network;
    let dns: DnsServer;
    let primary: Primary;
    let backup: Postfix;
    let watch: Watch;
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
      const files = hostFiles({
        hostname: HOSTNAME,
        greetTest: false,
        monitoring: Monitoring.toEmail("ops@example.org"),
      });
      const paths = Object.keys(files).filter((path) => /^\/etc\/(postfix|backup-mx)\//.test(path));
      backup = await Postfix.start(
        network.addHost("backup", `${BACKUP}/24`),
        Object.fromEntries(paths.map((path) => [path, files[path].content])),
        { nameserver: DNS },
      );
      watch = await Watch.start(backup);
      // What the programs find or leave there is this host's own.
      for (const place of ["/run", "/usr/local/sbin"]) {
        backup.run("mount", "-t", "tmpfs", "tmpfs", place);
      }
      backup.run("mkdir", "/run/backup-mx-watch");
      backup.run("mount", "--bind", watch.folder, "/run/backup-mx-watch");
      for (const name of ["backup-mx", "backup-mx-figures"]) {
        const path = `/usr/local/sbin/${name}`;
        writeFileSync(backup.path(path), files[path].content, { mode: 0o755 });
      }
    });

    afterAll(async () => {
      await watch?.remove();
      await backup?.remove();
      await primary?.remove();
      await dns?.stop();
      network?.remove();
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
        // Another test's scanner is seen from here.
        ScannerAlive: expect.any(Number),
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
      await eventually(() => figures().PrimariesUnreachable === 1, 60);
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

    test("are the same as those of the command", () => {
      const told = JSON.parse(backup.run("/usr/local/sbin/backup-mx", "--json"));
      expect(told).toMatchObject({
        set_up: false,
        takes_mail: true,
        primaries: { "[mx1.example.com]:25": "down" },
        domains: { "example.com": { mails: 2 } },
        scanner: expect.any(Boolean),
      });
      expect(figures()).toMatchObject({
        QueueLength: told.queued,
        Held: told.held,
        DiskUsed: Math.max(told.disk_used_percent, told.root_disk_used_percent),
      });
    });

    test("of the primaries are left out when the watch is dead", async () => {
      const growOld = () => utimesSync(join(watch.folder, "primaries"), 0, 0);
      growOld();
      // A watch that lives keeps it young.
      await eventually(() => "PrimariesUnreachable" in figures(), 20);
      await watch.kill();
      growOld();
      expect(figures()).not.toHaveProperty("PrimariesUnreachable");
      expect(backup.run("/usr/local/sbin/backup-mx")).toContain(
        "THE WATCH OF THE PRIMARIES DOES NOT RUN",
      );
      await watch.start();
      await eventually(() => figures().PrimariesUnreachable === 1, 60);
    }, 90_000);
  },
);
