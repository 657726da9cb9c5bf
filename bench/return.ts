import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, PolicyWorld, succeed } from "../lab";

// How long after a primary's return the mail that waited for it is delivered: as this project does
// it, and with the queue settings of stock Postfix and no watch. As root:
//   npx tsx bench/return.ts watched 1000; npx tsx bench/return.ts stock 1000
const [mode, count] = [process.argv[2], Number(process.argv[3])];
const OUTAGE_SECONDS = 60;
const PATIENCE_SECONDS = 1200;
const USER = "anna@example.com";
/** What Postfix does unless told. */
const STOCK = {
  queue_run_delay: "300s",
  minimal_backoff_time: "300s",
  maximal_backoff_time: "4000s",
};

async function measure(): Promise<void> {
  const world = await PolicyWorld.open({
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    props: { watchInterval: "30s", ...(mode === "stock" ? { postfixSettings: STOCK } : {}) },
  });
  try {
    const { backup, watch } = world;
    const primary = world.primary();
    const flood = (messages: number) =>
      succeed(
        world.sender.command(
          ...["/usr/sbin/smtp-source", "-d", "-s", "10", "-m", String(messages), "-l", "2000"],
          ...["-M", "sender.example", "-f", "someone@sender.example", "-t", USER],
          `${PolicyWorld.BACKUP}:25`,
        ),
      );
    await flood(1);
    await eventually(() => primary.messages(USER).length === 1);
    if (mode === "stock") {
      await watch.kill();
    }
    await primary.refuse();
    const down = Date.now();
    await flood(count);
    const waiting = () =>
      backup.run("find", "/var/spool/postfix/deferred", "-type", "f", "-printf", ".").length;
    await eventually(() => waiting() === count, PATIENCE_SECONDS);
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
    await world.close();
  }
}

void measure();
