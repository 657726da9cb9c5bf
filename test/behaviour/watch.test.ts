import { DnsServer } from "../../lab/dns/dns-server";
import { Postfix } from "../../lab/mail/postfix";
import { Primary } from "../../lab/mail/primary";
import { smtp } from "../../lab/mail/smtp-client";
import { Watch } from "../../lab/mail/watch";
import { Network } from "../../lab/net/network";
import { eventually } from "../../lab/process/eventually";
import { watchedPrimaries } from "../../lib/host/watch/watched-primaries";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { postfixFiles } from "../../lib/mail/postfix/postfix";
import {
  RecipientVerification,
  WhenUnreachable,
} from "../../lib/mail/recipients/recipient-verification";
import { MailScanner } from "../../lib/mail/scanner/mailscanner";
import { describeWith, program, root } from "../support/requirements";

const DNS = "192.0.2.53";
const SENDER = "192.0.2.100";
const BACKUP = "192.0.2.25";
const PRIMARY = "192.0.2.10";
const HOSTNAME = "mx2.example.net";
/** One primary serves two domains, of which one wants strangers deferred whatever happens. */
const DOMAINS = ["open.example", "strict.example"];

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("postfix", "postfix postfix-lmdb"),
    program("python3", "python3"),
    program("socat", "socat"),
    program("unbound", "unbound"),
  ],
  "the watch of the primaries",
  () => {
    const network = new Network();
    const addHost = (name: string, address: string) => network.addHost(name, `${address}/24`);
    const sender = addHost("sender", SENDER);
    const ends: (() => unknown)[] = [() => network.remove()];
    let primary: Primary;
    let backup: Postfix;
    let watch: Watch;
    /** When the primary went down. */
    let down: number;

    const send = async (to: string, data?: string) => {
      const replies = await smtp(sender, BACKUP, {
        helo: "sender.example",
        from: "someone@sender.example",
        to,
        data,
      });
      return replies.rcpt[0].code;
    };

    beforeAll(async () => {
      const dns = await DnsServer.start(addHost("dns", DNS), {
        ...Object.fromEntries(
          DOMAINS.map((domain) => [domain, ["MX 10 mx1.example.net", `MX 20 ${HOSTNAME}`]]),
        ),
        "mx1.example.net": [`A ${PRIMARY}`],
        [HOSTNAME]: [`A ${BACKUP}`],
        "sender.example": [`A ${SENDER}`],
      });
      ends.push(() => dns.stop());
      primary = await Primary.start(addHost("mx1", PRIMARY), {
        hostname: "mx1.example.net",
        users: DOMAINS.map((domain) => `anna@${domain}`),
        nameserver: DNS,
      });
      ends.push(() => primary.remove());
      const domains = DOMAINS.map((name, index) =>
        mailDomain(
          `domains[${index}]`,
          {
            name,
            primaries: [{ hostname: "mx1.example.net" }],
            recipients: RecipientVerification.callOut({
              whenUnreachable:
                name === "strict.example" ? WhenUnreachable.DEFER : WhenUnreachable.ACCEPT,
            }),
          },
          HOSTNAME,
        ),
      );
      const policy = mailPolicy(HOSTNAME, {
        greetTest: false,
        mailScanner: MailScanner.none(),
        // Nothing but the watch can deliver within the time of this test.
        postfixSettings: {
          queue_run_delay: "1h",
          minimal_backoff_time: "1h",
          maximal_backoff_time: "2h",
        },
      });
      const files = {
        ...Object.fromEntries(postfixFiles(policy, domains, "203.0.113.25")),
        "/etc/backup-mx/primaries": watchedPrimaries(domains),
      };
      backup = await Postfix.start(addHost("mx2", BACKUP), files, { nameserver: DNS });
      ends.push(() => backup.remove());
      watch = await Watch.start(backup);
      ends.push(() => watch.remove());
    }, 90_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 60_000);

    test("asks politely", async () => {
      expect(watch.states().get("[mx1.example.net]:25")).toBe("up");
      await eventually(() => / quit=1 commands=1$/m.test(primary.postfix.log()), 15);
      expect(primary.postfix.log()).not.toMatch(/improper command|lost connection/);
    }, 20_000);

    test("does not take one failure for an outage", async () => {
      expect(await send("nobody@open.example")).toBe(550);
      await primary.refuse();
      down = Date.now();
      expect(await send("early@open.example")).toBe(450);
    }, 40_000);

    test("lets Postfix accept strangers while the primary is down, where that is wanted", async () => {
      await eventually(() => watch.outages().length > 0, 20);
      // The first failure comes within five seconds, the second five seconds after it.
      expect(Date.now() - down).toBeGreaterThan(4900);
      expect(watch.outages()).toEqual(["open.example"]);
      const before = Date.now();
      expect(await send("anna@open.example", "Subject: hello\r\n\r\nHello\r\n")).toBe(250);
      expect(await send("nobody@open.example")).toBe(250);
      expect(Date.now() - before).toBeLessThan(2000);
      expect(await send("anna@strict.example")).toBe(450);
    }, 60_000);

    test("killed, leaves nobody accepted unverified, and says so to the operator", async () => {
      await eventually(() => backup.queue().length === 1);
      await watch.kill();
      watch.hasEnded("signal");
      expect(watch.outages()).toEqual([]);
      // Processes of Postfix that had the table open before must see that, too.
      expect(await send("other@open.example")).toBe(450);
      const alarm =
        /the watch of the primaries failed \(signal\); recipients are verified strictly/;
      await eventually(() => alarm.test(backup.log()));
      // One letter an hour is enough.
      const letters = () => backup.queue().filter(({ sender }) => sender === `root@${HOSTNAME}`);
      await eventually(() => letters().length === 1);
      watch.hasEnded("watchdog");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(letters()).toHaveLength(1);
    }, 60_000);

    test("started again, finds the outage again", async () => {
      await watch.start();
      await eventually(() => watch.outages().includes("open.example"), 30);
      expect(await send("nobody@open.example")).toBe(250);
    }, 60_000);

    test("has the mail delivered within seconds of the return", async () => {
      expect(backup.queue().map(({ sender }) => sender)).toContain("someone@sender.example");
      await primary.become("up");
      await eventually(() => primary.messages("anna@open.example").length === 1, 12);
      expect(watch.outages()).toEqual([]);
      expect(await send("nobody@open.example")).toBe(550);
    }, 60_000);
  },
);
