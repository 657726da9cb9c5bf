import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { DnsServer } from "../../lab/dns/dns-server";
import { Postfix } from "../../lab/mail/postfix";
import { Primary } from "../../lab/mail/primary";
import { type SmtpReply, smtp } from "../../lab/mail/smtp-client";
import { Watch } from "../../lab/mail/watch";
import { Network } from "../../lab/net/network";
import { eventually } from "../../lab/process/eventually";
import { watchedPrimaries } from "../../lib/host/watch/watched-primaries";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { postfixFiles } from "../../lib/mail/postfix/postfix";
import { MailScanner } from "../../lib/mail/scanner/mailscanner";
import { describeWith, program, root } from "../support/requirements";

const REQUIREMENTS = [
  root,
  program("ip", "iproute2"),
  program("postfix", "postfix postfix-lmdb"),
  program("python3", "python3"),
  program("socat", "socat"),
  program("unbound", "unbound"),
];

const DNS = "192.0.2.53";
const SENDER = "192.0.2.100";
const BACKUP = "192.0.2.25";
/** Where the world finds the backup: a translated address that its interface does not have. */
const PUBLIC = "192.0.2.225";
const SMARTHOST = "192.0.2.30";
/** A primary for each state, so that one backup can be asked for all of them at once. */
const PRIMARIES = {
  "up.example": "192.0.2.10",
  "slow.example": "192.0.2.11",
  "greylisting.example": "192.0.2.12",
  "refusing.example": "192.0.2.13",
  "vanished.example": "192.0.2.14",
};
type Domain = keyof typeof PRIMARIES;
const DOMAINS = Object.keys(PRIMARIES) as Domain[];
const MX_RECORDS = DOMAINS.map((domain) => [
  domain,
  [`MX 10 mx1.${domain}`, "MX 20 mx2.example.net"],
]);
const ADDRESSES = DOMAINS.map((domain) => [`mx1.${domain}`, [`A ${PRIMARIES[domain]}`]]);
const RECORDS = {
  ...Object.fromEntries([...MX_RECORDS, ...ADDRESSES]),
  "mx2.example.net": [`A ${PUBLIC}`],
  "smarthost.example.net": [`A ${SMARTHOST}`],
  "sender.example": [`A ${SENDER}`],
  "sub.up.example": [`A ${SENDER}`],
  "broken.example": ["SERVFAIL"],
  // In a real network the translation hides this address; here the probes come from it.
  "private.mx2.example.net": [`A ${BACKUP}`],
};

/** One question to the backup, and the answer that the sender must hear. */
interface Cell {
  readonly situation: string;
  readonly to: string;
  readonly from?: string;
  readonly helo?: string;
  readonly code: number;
  readonly text?: RegExp;
  /** @default 2 */
  readonly withinSeconds?: number;
}

const LOOKUP_FAILED = /5\.1\.1 .*Address lookup failed/;

const CELLS: Cell[] = [
  {
    situation: "primary up, unknown user",
    to: "nobody@up.example",
    code: 550,
    text: LOOKUP_FAILED,
  },
  { situation: "primary up, known user", to: "known@up.example", code: 250 },
  {
    situation: "primary answers after 8 s, unknown user",
    to: "nobody@slow.example",
    code: 550,
    text: LOOKUP_FAILED,
    withinSeconds: 11,
  },
  { situation: "primary greylists the probe", to: "any@greylisting.example", code: 450 },
  { situation: "primary refuses, known and cached", to: "cached@refusing.example", code: 250 },
  { situation: "primary refuses, not cached", to: "any@refusing.example", code: 250 },
  { situation: "primary vanished, known and cached", to: "cached@vanished.example", code: 250 },
  {
    situation: "primary vanished, not cached",
    to: "any@vanished.example",
    code: 250,
  },
  {
    situation: "foreign domain",
    to: "someone@elsewhere.example",
    code: 554,
    text: /Relay access denied/,
  },
  {
    situation: "subdomain of a relay domain",
    to: "someone@sub.up.example",
    code: 554,
    text: /Relay access denied/,
  },
  {
    situation: "sender domain does not exist",
    from: "someone@nowhere.example",
    to: "known@up.example",
    code: 550,
    text: /Domain not found/,
  },
  {
    situation: "sender domain cannot be looked up",
    from: "someone@broken.example",
    to: "known@up.example",
    code: 450,
  },
  {
    situation: "HELO name does not exist",
    helo: "nowhere.example",
    to: "known@up.example",
    code: 450,
    text: /Host not found/,
  },
  {
    situation: "relay domain does not exist",
    to: "someone@gone.example",
    code: 550,
    text: /Domain not found/,
  },
  { situation: "the host's own postmaster", to: "postmaster@mx2.example.net", code: 250 },
];

const message = (subject: string) => `Subject: ${subject}\r\n\r\nHello\r\n`;

describeWith(REQUIREMENTS, "the backup MX among a primary, a DNS server and senders", () => {
  const network = new Network();
  const host = (name: string, address: string) => network.addHost(name, `${address}/24`);
  const sender = host("sender", SENDER);
  const primaries = {} as Record<Domain, Primary>;
  let dns: DnsServer;
  let translation: ChildProcess;
  let smarthost: Primary;
  let backup: Postfix;
  let watch: Watch;

  const send = (to: string, subject?: string) =>
    smtp(sender, BACKUP, {
      helo: "sender.example",
      from: "someone@sender.example",
      to,
      data: subject && message(subject),
    });
  const ask = async (to: string): Promise<SmtpReply> => (await send(to)).rcpt[0];
  const received = (primary: Primary, user: string, subject: string) =>
    primary.messages(user).some((text) => text.includes(`Subject: ${subject}\n`));
  const isDown = (domain: string) => watch.outages().includes(domain);
  const queued = () => backup.queue().flatMap((mail) => mail.recipients);

  beforeAll(async () => {
    dns = await DnsServer.start(host("dns", DNS), RECORDS);
    const [command, ...args] = host("public", PUBLIC).command(
      "socat", "TCP-LISTEN:25,fork,reuseaddr", `TCP:${BACKUP}:25`,
    ); // biome-ignore format: reads as the command line
    translation = spawn(command, args, { stdio: "ignore" });
    await Promise.all([
      ...DOMAINS.map(async (domain) => {
        const name = `${domain.split(".")[0].slice(0, 4)}`;
        primaries[domain] = await Primary.start(host(name, PRIMARIES[domain]), {
          hostname: `mx1.${domain}`,
          users: [`known@${domain}`, `cached@${domain}`],
          nameserver: DNS,
        });
      }),
      Primary.start(host("smart", SMARTHOST), {
        hostname: "smarthost.example.net",
        users: ["friend@elsewhere.example", "operator@elsewhere.example"],
        nameserver: DNS,
      }).then((started) => {
        smarthost = started;
      }),
      Postfix.start(host("mx2", BACKUP), backupFiles(), { nameserver: DNS }).then((started) => {
        backup = started;
      }),
    ]);
    watch = await Watch.start(backup);
  }, 60_000);

  afterAll(async () => {
    await watch?.remove();
    await Promise.all([
      backup?.remove(),
      ...[smarthost, ...Object.values(primaries)].map((primary) => primary?.remove()),
    ]);
    if (translation?.exitCode === null) {
      const ended = once(translation, "exit");
      translation.kill();
      await ended;
    }
    await dns?.stop();
    network.remove();
  }, 30_000);

  describe("what a sender hears", () => {
    const replies = new Map<Cell, SmtpReply>();

    beforeAll(async () => {
      for (const domain of ["refusing.example", "vanished.example"]) {
        expect((await ask(`cached@${domain}`)).code).toBe(250);
      }
      await Promise.all([
        primaries["slow.example"].become("slow"),
        primaries["greylisting.example"].become("greylisting"),
        primaries["refusing.example"].refuse(),
      ]);
      primaries["vanished.example"].vanish();
      await eventually(() => ["refusing.example", "vanished.example"].every(isDown), 40);
      await Promise.all(
        CELLS.map(async (cell) => {
          const { rcpt } = await smtp(sender, BACKUP, {
            helo: cell.helo ?? "sender.example",
            from: cell.from ?? "someone@sender.example",
            to: cell.to,
          });
          replies.set(cell, rcpt[0]);
        }),
      );
    }, 60_000);

    test.each(CELLS)("$situation: $code", (cell) => {
      const reply = replies.get(cell);
      expect(reply?.code).toBe(cell.code);
      expect(reply?.text).toMatch(cell.text ?? /./);
      expect(reply?.seconds).toBeLessThan(cell.withinSeconds ?? 2);
    });

    test("the primary was probed for its own addresses, and for nothing else", () => {
      const probes = primaries["up.example"].probes();
      expect([...new Set(probes)].sort()).toEqual(["known@up.example", "nobody@up.example"]);
      expect(backup.log()).not.toContain("to=<someone@gone.example>, relay=");
    });
  });

  describe("an outage", () => {
    const user = "known@refusing.example";
    const stranger = "stranger@refusing.example";
    const waiting = (reason: RegExp) =>
      eventually(() => queued().some((mail) => reason.test(mail.delay_reason ?? "")));
    /**
     * More than it takes for Postfix to give a destination up for a while, and fewer than the
     * connections that a client may have.
     */
    const flood = Array.from({ length: 18 }, (_, n) => `flood ${n}`);

    test("mail is accepted while the primary is down, and waits", async () => {
      expect((await send(user, "outage")).data?.code).toBe(250);
      await waiting(/Connection refused/);
    });

    test("mail waits when the primary has vanished even from DNS", async () => {
      await dns.set({ ...RECORDS, "mx1.refusing.example": [] });
      backup.flush("refusing.example");
      await waiting(/unable to find primary relay/);
    }, 20_000);

    test("the backup never speaks to itself, nor bounces", () => {
      expect(backup.log()).not.toMatch(/loops back to myself|status=bounced/);
      expect(backup.log()).not.toMatch(new RegExp(`connect from .*\\[${PUBLIC}\\]`));
    });

    test("a flood of mail is accepted, and an unknown user, too", async () => {
      await dns.set(RECORDS);
      // One client may not have more than twenty connections at once.
      for (const some of [flood.slice(0, 12), flood.slice(12)]) {
        const replies = await Promise.all(some.map((subject) => send(user, subject)));
        expect(new Set(replies.map((reply) => reply.data?.code))).toEqual(new Set([250]));
      }
      await waiting(/delivery temporarily suspended/);
      expect((await ask(stranger)).code).toBe(250);
    }, 20_000);

    test("after the return every stranger is refused at the first question", async () => {
      await primaries["refusing.example"].become("up");
      await eventually(() => !isDown("refusing.example"));
      expect((await ask("new@refusing.example")).code).toBe(550);
      expect((await ask(stranger)).code).toBe(550);
    }, 20_000);

    test("what waited is delivered after the return", async () => {
      for (const subject of ["outage", ...flood]) {
        await eventually(() => received(primaries["refusing.example"], user, subject));
      }
      await eventually(() => queued().length === 0);
    }, 20_000);
  });

  test("mail for the primary bypasses the relay host, other mail takes it", async () => {
    const loopback = (to: string) =>
      smtp(backup.host, "127.0.0.1", {
        helo: "mx2.example.net",
        from: "root@mx2.example.net",
        to,
        data: message("route"),
      });
    await loopback("known@up.example");
    await loopback("friend@elsewhere.example");
    await send("postmaster@mx2.example.net", "complaint");
    await eventually(() => received(primaries["up.example"], "known@up.example", "route"));
    await eventually(() => received(smarthost, "friend@elsewhere.example", "route"));
    await eventually(() => received(smarthost, "operator@elsewhere.example", "complaint"));
    expect(smarthost.postfix.log()).not.toContain("@up.example");
  }, 20_000);
});

/** What the library renders for a backup of all these domains, without a scanner. */
function backupFiles(): Record<string, string> {
  const hostname = "mx2.example.net";
  const policy = mailPolicy(hostname, {
    greetTest: false,
    postmaster: "operator@elsewhere.example",
    relayhost: "[smarthost.example.net]",
    mailScanner: MailScanner.none(),
  });
  const domains = [...DOMAINS, "gone.example"].map((name) =>
    mailDomain("domain", { name, primaries: [{ hostname: `mx1.${name}` }] }, hostname),
  );
  return {
    ...Object.fromEntries(postfixFiles(policy, domains, PUBLIC)),
    "/etc/backup-mx/primaries": watchedPrimaries(domains),
  };
}
