import { DnsServer } from "../../lab/dns/dns-server";
import { Postfix } from "../../lab/mail/postfix";
import { Primary } from "../../lab/mail/primary";
import { smtp } from "../../lab/mail/smtp-client";
import { Watch } from "../../lab/mail/watch";
import { Network } from "../../lab/net/network";
import { watchedPrimaries } from "../../lib/host/watch/watched-primaries";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { postfixFiles } from "../../lib/mail/postfix/postfix";
import { MailScanner } from "../../lib/mail/scanner/mailscanner";
import { describeWith, program, root } from "../support/requirements";

const [DNS, SENDER, ATTACKER, BACKUP, PRIMARY] = ["53", "100", "66", "25", "10"].map(
  (n) => `192.0.2.${n}`,
);
const HOSTNAME = "mx2.example.net";
const CONNECTIONS = 60;
const GUESSES = 30;

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("postfix", "postfix postfix-lmdb"),
    program("python3", "python3"),
    program("socat", "socat"),
    program("unbound", "unbound"),
  ],
  "somebody who tries out recipients",
  () => {
    const network = new Network();
    const addHost = (name: string, address: string) => network.addHost(name, `${address}/24`);
    const sender = addHost("sender", SENDER);
    const attacker = addHost("attacker", ATTACKER);
    const ends: (() => unknown)[] = [() => network.remove()];
    let primary: Primary;
    let backup: Postfix;

    const ask = (to: string) =>
      smtp(sender, BACKUP, { helo: "sender.example", from: "someone@sender.example", to });

    beforeAll(async () => {
      const dns = await DnsServer.start(addHost("dns", DNS), {
        "example.com": ["MX 10 mx1.example.com", `MX 20 ${HOSTNAME}`],
        "mx1.example.com": [`A ${PRIMARY}`],
        [HOSTNAME]: [`A ${BACKUP}`],
        "sender.example": [`A ${SENDER}`],
        "attacker.example": [`A ${ATTACKER}`],
      });
      ends.push(() => dns.stop());
      primary = await Primary.start(addHost("mx1", PRIMARY), {
        hostname: "mx1.example.com",
        users: ["anna@example.com", "bert@example.com"],
        nameserver: DNS,
      });
      ends.push(() => primary.remove());
      const domains = [
        mailDomain(
          "domain",
          { name: "example.com", primaries: [{ hostname: "mx1.example.com" }] },
          HOSTNAME,
        ),
      ];
      const policy = mailPolicy(HOSTNAME, { mailScanner: MailScanner.none() });
      const files = {
        ...Object.fromEntries(postfixFiles(policy, domains, "203.0.113.25")),
        "/etc/backup-mx/primaries": watchedPrimaries(domains),
      };
      backup = await Postfix.start(addHost("mx2", BACKUP), files, { nameserver: DNS });
      ends.push(() => backup.remove());
      const watch = await Watch.start(backup);
      ends.push(() => watch.remove());
      expect((await ask("anna@example.com")).rcpt[0].code).toBe(250);
      // The worst case: each question keeps the primary busy for eight seconds.
      await primary.become("slow");
    }, 90_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 60_000);

    test("neither hammers the primary nor shuts honest senders out", async () => {
      const storm = Array.from({ length: CONNECTIONS }, (_, n) =>
        smtp(attacker, BACKUP, {
          helo: "attacker.example",
          from: "someone@attacker.example",
          to: Array.from({ length: GUESSES }, (_, guess) => `guess-${n}-${guess}@example.com`),
          patience: 45,
        }).catch((error: Error) => error),
      );
      const honest: number[] = [];
      for (let question = 0; question < 20; question++) {
        const begin = Date.now();
        expect((await ask("anna@example.com")).rcpt[0].code).toBe(250);
        honest.push((Date.now() - begin) / 1000);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      const outcomes = await Promise.all(storm);
      const refused = outcomes.filter(
        (outcome) => !(outcome instanceof Error) && outcome.greeting.code === 421,
      );
      const guesses = outcomes.flatMap((outcome) => (outcome instanceof Error ? [] : outcome.rcpt));
      const busiest = mostAtOnce(primary.postfix.log());
      process.stdout.write(
        `${CONNECTIONS} connections at once: ${refused.length} refused; honest senders waited at most ${Math.max(...honest).toFixed(1)} s; the primary was asked ${primary.probes().length} times, at most ${busiest} at once\n`,
      );
      expect(Math.max(...honest)).toBeLessThan(3);
      expect(refused.length).toBeGreaterThanOrEqual(CONNECTIONS - 20);
      expect(guesses.filter(({ code }) => code === 250)).toEqual([]);
      // Five questions, and the watch.
      expect(busiest).toBeGreaterThan(1);
      expect(busiest).toBeLessThanOrEqual(6);
    }, 120_000);
  },
);

/** How many connections of the backup a primary had at the same time. */
function mostAtOnce(log: string): number {
  let now = 0;
  let most = 0;
  for (const [, word] of log.matchAll(/ (connect|disconnect) from mx2\.example\.net\[/g)) {
    now += word === "connect" ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}
