import {
  DnsServer,
  eventually,
  GOOD,
  HostWorld,
  type MailHost,
  message,
  NetworkHost,
  program,
  SignedDns,
} from "../../lab";
import { type BackupMxProps, RecipientVerification, Resolver } from "../../lib";
import { describeWith } from "../support/requirements";

/** Where every VPC has its own resolver. */
const VPC_RESOLVER = "169.254.169.253";

describeWith(
  [...HostWorld.NEEDS, program("ldns-signzone", "ldnsutils")],
  "the resolver of a fresh Debian 13, in a DNS that is signed from its root",
  () => {
    let world: HostWorld;
    let host: MailHost;
    let dns: SignedDns;
    /** The mails that the backup must not lose; nobody takes them from it. */
    let accepted = 0;

    const answer = async (from = world.sender, domain = "sender.example") => {
      const dialogue = { from: `alice@${domain}`, data: message("hello") };
      const { mail, rcpt, data } = await world.say(host, dialogue, from);
      accepted += Number(data?.code === 250);
      const { code, text } = rcpt[0] ?? mail;
      return `${code} ${text}`;
    };
    const addressOf = async (name: string) =>
      (await host.run("getent", "ahostsv4", name)).stdout.split(" ")[0];

    const props = (...privateZones: string[]): Partial<BackupMxProps> => ({
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.corp.example" }],
          recipients: RecipientVerification.list([HostWorld.BOB]),
        },
      ],
      postscreenDnsblSites: ["zen.example.org"],
      resolver: Resolver.local({ privateZones: ["corp.example", ...privateZones] }),
    });

    beforeAll(async () => {
      world = await HostWorld.open();
      await world.primary.refuse();
      const bucket = world.bucket();
      const bucketRecords = { [bucket.name]: world.records[bucket.name] };
      // What DHCP names: it is asked until there is a resolver, and knows nothing else.
      const dhcp = await DnsServer.start(world.addHost("dhcp", "198.51.100.52"), bucketRecords);
      world.atEnd(() => dhcp.stop());
      dns = await SignedDns.start(
        world.addHost("root", "198.51.100.1"),
        {
          "example.com": ["MX 10 mx1.corp.example", "MX 20 mx2.example.com"],
          "mx2.example.com": ["A 203.0.113.25"],
          "sender.example": ["A 198.51.100.80"],
          "forged.example": ["A 198.51.100.80"],
          "zen.example.org": ["TXT nothing"],
          "81.100.51.198.zen.example.org": ["A 127.0.0.4"],
          ...bucketRecords,
        },
        { "forged.example": ["A 198.51.100.66"] },
      );
      world.atEnd(() => dns.stop());
      const place = world.place();
      place.run("ip", "address", "add", `${VPC_RESOLVER}/32`, "dev", "lo");
      const vpc = await DnsServer.start(new NetworkHost("vpc", place.namespace, VPC_RESOLVER), {
        "mx1.corp.example": [`A ${HostWorld.PRIMARY}`],
        "mx1.second.example": [`A ${HostWorld.PRIMARY}`],
      });
      world.atEnd(() => vpc.stop());
      bucket.bucket.fill(world.deployed(HostWorld.stack(props()), bucket.name).objects);
      host = await world.boot({
        place,
        bucket,
        props: props(),
        nameserver: dhcp.address,
        files: {
          // Debian's file of this name has the key of the true root.
          "/etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf": {
            content:
              'server:\n root-hints: "/etc/unbound/lab.hints"\n trust-anchor-file: "/etc/unbound/lab.ds"\n',
          },
          "/etc/unbound/lab.hints": { content: dns.hints },
          "/etc/unbound/lab.ds": { content: dns.anchor },
        },
      });
      expect(await host.cloudInit()).toEqual(GOOD);
    });

    afterAll(() => world?.close());

    test("is what the whole host asks, also for private zones, and it validates", async () => {
      const { stdout } = await host.run("cat", "/etc/resolv.conf");
      expect(stdout).toBe("nameserver 127.0.0.1\noptions trust-ad\n");
      expect(await addressOf("sender.example")).toBe("198.51.100.80");
      expect(await addressOf("mx1.corp.example")).toBe("198.51.100.10");
      expect(await addressOf("forged.example")).toBe("");
      // The stub of the image stands no longer between.
      const stub = await host.run("systemctl", "list-units", "--quiet", "systemd-resolved*");
      expect(stub.stdout).not.toMatch(/ active /);
      expect((await host.run("ss", "-Hlun", "sport = 53")).stdout).not.toContain(host.address);
    });

    test("asks for another private zone while it runs, and loses no question", async () => {
      expect(await addressOf("mx1.second.example")).toBe("");
      const process = (await host.succeed("pidof", "unbound")).trim();
      world.deploy(host, props("second.example"));
      expect(await host.takesConfiguration()).toMatchObject({ exitCode: 0 });
      expect(await addressOf("mx1.second.example")).toBe("198.51.100.10");
      expect(await addressOf("mx1.corp.example")).toBe("198.51.100.10");
      expect((await host.succeed("pidof", "unbound")).trim()).toBe(process);
    });

    test("tells postscreen who is on a list", async () => {
      const listed = world.addHost("listed", "198.51.100.81");
      const [bad, good] = await Promise.all([answer(listed), answer()]);
      expect(bad).toMatch(/^550 5\.7\.1 .* blocked using zen\.example\.org/);
      expect(good).toMatch(/^250 /);
      expect(await answer(world.sender, "forged.example")).toMatch(/^450 4\.1\.8 /);
    });

    test("dead, costs a delay and no mail; killed, it comes back by itself", async () => {
      await host.run("systemctl", "stop", "unbound");
      expect(await answer()).toMatch(/^450 /);
      await host.run("postqueue", "-f");
      await host.run("systemctl", "start", "unbound");
      await eventually(async () => (await answer()).startsWith("250"));
      await host.run("systemctl", "kill", "--signal", "KILL", "unbound");
      await eventually(async () => (await addressOf("sender.example")) !== "");
      const { stdout } = await host.run("postqueue", "-j");
      expect(accepted).toBeGreaterThan(1);
      expect(stdout.trim().split("\n")).toHaveLength(accepted);
    });

    test("is there after a reboot", async () => {
      await host.reboot();
      await world.answers(host);
      expect(await addressOf("sender.example")).toBe("198.51.100.80");
      expect(await answer()).toMatch(/^250 /);
    });

    test("that does not validate the root ends the setup", async () => {
      await dns.stop();
      await host.run("rm", "/etc/resolv.conf");
      const take = [
        "import sys",
        'sys.path.insert(0, "/usr/local/lib/backup-mx")',
        "import host",
        "from parts import resolver",
        'resolver.take(host.configuration()["resolver"], host.configuration())',
      ].join("\n");
      const { exitCode, stderr } = await host.run("python3", "-c", take);
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringMatching(/unbound does not validate the root; can it send to port 53\?$/m),
      ]);
    });
  },
);
