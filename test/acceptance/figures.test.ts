import { writeFileSync } from "node:fs";
import { figuresFiles } from "../../lib/host/figures";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { postfixFiles } from "../../lib/mail/postfix";
import { watchedPrimaries } from "../../lib/mail/watched-primaries";
import { DnsServer } from "../lab/dns-server";
import { Network, type NetworkHost } from "../lab/network";
import { Postfix } from "../lab/postfix";
import { Primary } from "../lab/primary";
import { smtp } from "../lab/smtp-client";
import { Watch } from "../lab/watch";
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
      const primaries = [{ hostname: "mx1.example.com" }];
      const domains = [mailDomain("domains[0]", { name: "example.com", primaries }, HOSTNAME)];
      const measured = figuresFiles({ hostname: HOSTNAME, domains, usesPort25: true });
      const settings = measured.filter(({ path }) => path.startsWith("/etc/"));
      backup = await Postfix.start(
        network.addHost("backup", `${BACKUP}/24`),
        {
          ...Object.fromEntries(postfixFiles(mailPolicy(HOSTNAME, {}), domains, BACKUP)),
          ...Object.fromEntries(settings.map(({ path, content }) => [path, content])),
          "/etc/backup-mx/primaries": watchedPrimaries(domains),
        },
        { nameserver: DNS },
      );
      watch = await Watch.start(backup);
      // What the programs find or leave there is this host's own.
      for (const place of ["/run", "/usr/local/sbin"]) {
        backup.run("mount", "-t", "tmpfs", "tmpfs", place);
      }
      for (const { path, content } of measured.filter(({ isProgram }) => isProgram)) {
        writeFileSync(backup.path(path), content, { mode: 0o755 });
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
  },
);
