import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DnsServer } from "../lab/dns/dns-server";
import { Postfix } from "../lab/mail/postfix";
import { Primary } from "../lab/mail/primary";
import { Watch } from "../lab/mail/watch";
import { Network } from "../lab/net/network";
import { eventually } from "../lab/process/eventually";
import { succeed } from "../lab/process/execution";
import { watchedPrimaries } from "../lib/host/watch/watched-primaries";
import { mailDomain } from "../lib/mail/mail-domain";
import { mailPolicy } from "../lib/mail/mail-policy";
import { postfixFiles } from "../lib/mail/postfix/postfix";
import { MailScanner } from "../lib/mail/scanner/mailscanner";

// How long after a primary's return the mail that waited for it is delivered: as this project does
// it, and with the queue settings of stock Postfix and no watch. As root:
//   npx tsx bench/return.ts watched 1000; npx tsx bench/return.ts stock 1000
const [mode, count] = [process.argv[2], Number(process.argv[3])];
const OUTAGE_SECONDS = 60;
const PATIENCE_SECONDS = 1200;
const [DNS, SENDER, BACKUP, PRIMARY] = ["53", "100", "25", "10"].map((n) => `192.0.2.${n}`);
const HOSTNAME = "mx2.example.net";
const USER = "anna@example.com";

async function measure(): Promise<void> {
  const network = new Network();
  const ends: (() => unknown)[] = [() => network.remove()];
  const addHost = (name: string, address: string) => network.addHost(name, `${address}/24`);
  try {
    const sender = addHost("sender", SENDER);
    const dns = await DnsServer.start(addHost("dns", DNS), {
      "example.com": ["MX 10 mx1.example.com", `MX 20 ${HOSTNAME}`],
      "mx1.example.com": [`A ${PRIMARY}`],
      [HOSTNAME]: [`A ${BACKUP}`],
      "sender.example": [`A ${SENDER}`],
    });
    ends.push(() => dns.stop());
    const primary = await Primary.start(addHost("mx1", PRIMARY), {
      hostname: "mx1.example.com",
      users: [USER],
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
    const files: Record<string, string> = {
      ...Object.fromEntries(
        postfixFiles(
          mailPolicy(HOSTNAME, { greetTest: false, mailScanner: MailScanner.none() }),
          domains,
          "203.0.113.25",
        ),
      ),
      "/etc/backup-mx/primaries": watchedPrimaries(domains),
    };
    if (mode === "stock") {
      files["/etc/postfix/main.cf"] = files["/etc/postfix/main.cf"].replace(
        /^(queue_run_delay|minimal_backoff_time|maximal_backoff_time) = .*\n/gm,
        "",
      );
    }
    const backup = await Postfix.start(addHost("mx2", BACKUP), files, { nameserver: DNS });
    ends.push(() => backup.remove());
    const watch = await Watch.start(backup, "30s");
    ends.push(() => watch.remove());
    const flood = (messages: number) =>
      succeed(
        sender.command(
          ...["/usr/sbin/smtp-source", "-d", "-s", "10", "-m", String(messages), "-l", "2000"],
          ...["-M", "sender.example", "-f", "someone@sender.example", "-t", USER, `${BACKUP}:25`],
        ),
        { timeoutMs: 600_000 },
      );
    await flood(1);
    await eventually(() => primary.messages(USER).length === 1, 30);
    if (mode === "stock") {
      await watch.kill();
    }
    await primary.refuse();
    const down = Date.now();
    await flood(count);
    const waiting = () =>
      backup.run("find", "/var/spool/postfix/deferred", "-type", "f", "-printf", ".").length;
    await eventually(() => waiting() === count, 300);
    await sleep(Math.max(0, down + OUTAGE_SECONDS * 1000 - Date.now()));

    await primary.become("up");
    const back = Date.now();
    let first = 0;
    const folder = primary.postfix.path(`/var/spool/postfix/mailboxes/${USER}/new`);
    await eventually(() => {
      const delivered = readdirSync(folder).length - 1;
      first ||= delivered > 0 ? Date.now() - back : 0;
      return delivered >= count;
    }, PATIENCE_SECONDS);
    const all = Date.now() - back;
    console.log(
      `${mode}, ${count} mails: the first after ${(first / 1000).toFixed(1)} s, all after ${(all / 1000).toFixed(1)} s`,
    );
  } finally {
    for (const end of ends.reverse()) {
      await end();
    }
  }
}

void measure();
