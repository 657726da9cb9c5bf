import { type DnsRecords, DnsServer } from "../../lab/dns/dns-server";
import { Postfix } from "../../lab/mail/postfix";
import { type Mood, Primary } from "../../lab/mail/primary";
import { type SmtpReplies, smtp } from "../../lab/mail/smtp-client";
import { Watch } from "../../lab/mail/watch";
import { Network } from "../../lab/net/network";
import { eventually } from "../../lab/process/eventually";
import { watchedPrimaries } from "../../lib/host/watch/watched-primaries";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { postfixFiles } from "../../lib/mail/postfix/postfix";
import { MailScanner } from "../../lib/mail/scanner/mailscanner";
import { docsPart } from "../support/generated";
import { describeWith, program, root } from "../support/requirements";

const DNS = "192.0.2.53";
const SENDER = "192.0.2.100";
const BACKUP = "192.0.2.25";
const HOSTNAME = "mx2.example.net";

/** What is wrong with the primaries of one domain, and what the watch must make of it. */
interface Row {
  readonly fault: string;
  readonly domain: string;
  /** How many primaries the domain has. @default 1 */
  readonly primaries?: number;
  /** How many of them it hits. @default - all */
  readonly hit?: number;
  readonly mood?: Mood | "refuse" | "vanish";
  /** What DNS says of the primary's name instead. */
  readonly records?: readonly string[];
  /** Whether the recipients of the domain are accepted unverified. */
  readonly isDown: boolean;
}

const ROWS: Row[] = [
  { fault: "none", domain: "fine.example", isDown: false },
  { fault: "refuses connections", domain: "refused.example", mood: "refuse", isDown: true },
  { fault: "packets vanish", domain: "vanished.example", mood: "vanish", isDown: true },
  {
    fault: "its name cannot be looked up",
    domain: "servfail.example",
    records: ["SERVFAIL"],
    isDown: true,
  },
  { fault: "its name does not exist", domain: "nxdomain.example", records: [], isDown: true },
  { fault: "greets after 20 s", domain: "late.example", mood: "late", isDown: false },
  { fault: "answers RCPT after 8 s", domain: "slow.example", mood: "slow", isDown: false },
  { fault: "greylists the backup", domain: "grey.example", mood: "greylisting", isDown: false },
  { fault: "greets with 421", domain: "busy.example", mood: "busy", isDown: true },
  { fault: "greets with 554", domain: "hostile.example", mood: "hostile", isDown: false },
  { fault: "its TLS handshakes fail", domain: "tls.example", mood: "garbled", isDown: false },
  {
    fault: "one of two refuses connections",
    domain: "half.example",
    primaries: 2,
    hit: 1,
    mood: "refuse",
    isDown: false,
  },
  {
    fault: "all of three refuse connections",
    domain: "three.example",
    primaries: 3,
    mood: "refuse",
    isDown: true,
  },
];

const primaryNames = ({ domain, primaries = 1 }: Row) =>
  Array.from({ length: primaries }, (_, n) => `mx${n + 1}.${domain}`);

/** The users of a domain. The backup has heard of one of them before the fault. */
const CACHED = "anna";
const KNOWN = "bert";
const UNKNOWN = "nobody";

/** What somebody hears who sends to a user. */
function said({ rcpt: [reply] }: SmtpReplies): string {
  return reply.code === 250 ? "accepted" : String(reply.code);
}

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("postfix", "postfix postfix-lmdb"),
    program("python3", "python3"),
    program("socat", "socat"),
    program("unbound", "unbound"),
  ],
  "what happens to mail when the primary",
  () => {
    const network = new Network();
    const addHost = (name: string, address: string) => network.addHost(name, `${address}/24`);
    const sender = addHost("sender", SENDER);
    const primaries = new Map<string, Primary>();
    const ends: (() => unknown)[] = [() => network.remove()];
    let dns: DnsServer;
    let backup: Postfix;
    let watch: Watch;
    let address = 110;
    const addresses = new Map(
      ROWS.flatMap(primaryNames).map((name) => [name, `192.0.2.${address++}`]),
    );

    const records = (row: Row, isBroken: boolean): DnsRecords =>
      Object.fromEntries([
        [row.domain, [...primaryNames(row).map((name) => `MX 10 ${name}`), `MX 20 ${HOSTNAME}`]],
        ...primaryNames(row).map((name) => [
          name,
          isBroken && row.records ? row.records : [`A ${addresses.get(name)}`],
        ]),
      ]);
    const allRecords = (areBroken: boolean): DnsRecords => ({
      ...Object.assign({}, ...ROWS.map((row) => records(row, areBroken))),
      [HOSTNAME]: [`A ${BACKUP}`],
      "sender.example": [`A ${SENDER}`],
    });

    const send = (user: string, { domain }: Row) =>
      smtp(sender, BACKUP, {
        helo: "sender.example",
        from: "someone@sender.example",
        to: `${user}@${domain}`,
        data: `Subject: ${user}\r\n\r\nHello\r\n`,
        patience: 100,
      });
    const received = (user: string, row: Row) =>
      primaryNames(row).reduce(
        (sum, name) => sum + (primaries.get(name)?.messages(`${user}@${row.domain}`).length ?? 0),
        0,
      );

    /** Lets the primaries of a domain do something. */
    const let_ = (row: Row, what: Mood | "refuse" | "vanish" | "reappear") =>
      Promise.all(
        primaryNames(row)
          .slice(0, row.hit)
          .map(async (name) => {
            const primary = primaries.get(name);
            switch (what) {
              case "refuse":
                return primary?.refuse();
              case "vanish":
                return primary?.vanish();
              case "reappear":
                return primary?.reappear();
              default:
                return primary?.become(what);
            }
          }),
      );

    const during = new Map<Row, Record<string, string>>();
    const after = new Map<Row, Record<string, string>>();

    beforeAll(async () => {
      dns = await DnsServer.start(addHost("dns", DNS), allRecords(false));
      ends.push(() => dns.stop());
      for (const row of ROWS) {
        await Promise.all(
          primaryNames(row).map(async (name) => {
            const primary = await Primary.start(
              addHost(name.slice(0, 7), addresses.get(name) ?? ""),
              {
                hostname: name,
                users: [`${CACHED}@${row.domain}`, `${KNOWN}@${row.domain}`],
                nameserver: DNS,
              },
            );
            primaries.set(name, primary);
            ends.push(() => primary.remove());
          }),
        );
      }
      const domains = ROWS.map((row, index) =>
        mailDomain(
          `domains[${index}]`,
          {
            name: row.domain,
            primaries: primaryNames(row).map((hostname) => ({ hostname })),
          },
          HOSTNAME,
        ),
      );
      const policy = mailPolicy(HOSTNAME, {
        greetTest: false,
        mailScanner: MailScanner.none(),
        addressVerifyNegativeExpireTime: "10s",
        addressVerifyNegativeRefreshTime: "5s",
      });
      const files = {
        ...Object.fromEntries(postfixFiles(policy, domains, "203.0.113.25")),
        "/etc/backup-mx/primaries": watchedPrimaries(domains),
      };
      backup = await Postfix.start(addHost("mx2", BACKUP), files, { nameserver: DNS });
      ends.push(() => backup.remove());
      watch = await Watch.start(backup);
      ends.push(() => watch.remove());
      for (const row of ROWS) {
        expect(said(await send(CACHED, row))).toBe("accepted");
      }
      await eventually(() => ROWS.every((row) => received(CACHED, row) === 1), 30);

      await dns.set(allRecords(true));
      await Promise.all(ROWS.map((row) => row.mood && let_(row, row.mood)));
      const down = ROWS.filter(({ isDown }) => isDown).map(({ domain }) => domain);
      await eventually(() => watch.outages().length >= down.length, 60);
      expect(watch.outages()).toEqual(down.sort());
      for (const user of [KNOWN, CACHED, UNKNOWN]) {
        await Promise.all(
          ROWS.map(async (row) => {
            during.set(row, { ...during.get(row), [user]: said(await send(user, row)) });
          }),
        );
      }

      await dns.set(allRecords(false));
      await Promise.all(
        ROWS.map((row) => row.mood && let_(row, row.mood === "vanish" ? "reappear" : "up")),
      );
      // The first question after the return; a deferred probe is forgotten after ten seconds.
      await eventually(() => watch.outages().length === 0, 60);
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      await Promise.all(
        ROWS.map(async (row) => {
          const found: Record<string, string> = { [UNKNOWN]: said(await send(UNKNOWN, row)) };
          const accepted = [KNOWN, CACHED].filter((user) => during.get(row)?.[user] === "accepted");
          const expected = (user: string) =>
            (accepted.includes(user) ? 1 : 0) + (user === CACHED ? 1 : 0);
          await eventually(
            () => [KNOWN, CACHED].every((user) => received(user, row) === expected(user)),
            60,
          );
          found.delivered = "delivered";
          after.set(row, found);
        }),
      );
    }, 400_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 120_000);

    test("the watch saw what is down and what is not", () => {
      for (const row of ROWS) {
        expect([row.domain, during.get(row)?.[KNOWN]]).not.toEqual([row.domain, undefined]);
      }
    });

    test.each(ROWS)("$fault: a user that was known before is accepted", (row) => {
      expect(during.get(row)?.[CACHED]).toBe("accepted");
    });

    test.each(ROWS.filter(({ isDown }) => isDown))("$fault: everybody is accepted", (row) => {
      expect(during.get(row)).toMatchObject({ [KNOWN]: "accepted", [UNKNOWN]: "accepted" });
    });

    test.each(ROWS.filter(({ isDown }) => !isDown))("$fault: no stranger is accepted", (row) => {
      expect(during.get(row)?.[UNKNOWN]).toMatch(/^[45]50$/);
      expect(during.get(row)?.[KNOWN]).toMatch(/^(accepted|450)$/);
    });

    test.each(ROWS)("$fault: after it, mail is delivered and strangers are refused", (row) => {
      expect(after.get(row)).toEqual({ [UNKNOWN]: "550", delivered: "delivered" });
    });

    test("the mail to nobody that was accepted is kept, and bounces to nobody", () => {
      const log = backup.log();
      expect(log).not.toMatch(/status=bounced|sender non-delivery/);
      const kept = backup.queue().flatMap((mail) => mail.recipients.map((r) => r.address));
      const accepted = ROWS.filter(({ isDown }) => isDown).map(
        ({ domain }) => `${UNKNOWN}@${domain}`,
      );
      expect(kept.sort()).toEqual(accepted.sort());
    });

    test("is what docs/outage.md says", () => {
      const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
      const table = [
        [
          "The primary",
          "Known user, never asked for",
          "Known user, in the cache",
          "Unknown user",
          "After its return",
        ],
        ["---", "---", "---", "---", "---"],
        ...ROWS.map((row) => {
          const { [KNOWN]: known, [CACHED]: cached, [UNKNOWN]: unknown } = during.get(row) ?? {};
          const { [UNKNOWN]: later, delivered } = after.get(row) ?? {};
          return [
            row.fault === "none" ? "is up" : row.fault,
            known,
            cached,
            unknown,
            `${delivered}; unknown users ${later}`,
          ];
        }),
      ]
        .map(line)
        .join("");
      expect(docsPart("outage.md", "outage table", table)).toBe(table);
    });
  },
);
