import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, GOOD, HostWorld, type MailHost, type NetworkHost, succeed } from "../lab";
import { Scanner } from "../lib";

// How fast a booted host judges: latency of one mail, mails a second, memory; and how long an honest
// mail takes beside a flood, from one network and from many. As root, with a scanner and a count:
//   npx tsx bench/scanner.ts rspamd 1000; npx tsx bench/scanner.ts mailscanner 1000
// MailScanner needs BACKUP_MX_MAILSCANNER_DEB.
const [kind, count] = [process.argv[2], Number(process.argv[3] ?? 1000)];
const SCANNERS: Readonly<Record<string, () => Scanner>> = {
  // The overload is measured with the shortest patience.
  mailscanner: () => Scanner.mailScanner({ deliverUnscannedAfter: "1m" }),
  none: () => Scanner.none(),
  rspamd: () => Scanner.rspamd({ deliverUnscannedAfter: "1m" }),
};
const PATIENCE_SECONDS = 3600;
const FLOOD_SECONDS = 90;
const FLOOD_RATE = 20;

async function measure(): Promise<void> {
  const world = await HostWorld.open();
  try {
    const host = await world.boot({
      props: {
        scanner: SCANNERS[kind](),
        // All the senders of the bench come from few addresses.
        postfixSettings: { smtpd_client_event_limit_exceptions: "198.51.100.0/24, 203.0.113.0/24" },
      },
      files: kind === "mailscanner" ? await world.scannerHome() : {},
    });
    const verdict = await host.cloudInit();
    if (verdict.exitCode !== GOOD.exitCode) {
      throw new Error(await host.setUpLog());
    }
    await world.takesMail(host);
    await latency(world, host);
    await rate(world, host);
    await memory(host);
    const network = Array.from({ length: 100 }, (_, n) => `203.0.113.${100 + n}`);
    await beside(world, host, "one network", network);
    const many = Array.from({ length: 200 }, (_, n) => `10.${n}.${n}.7`);
    await beside(world, host, "200 networks", many);
  } finally {
    await world.close();
  }
}

/** When each mail has arrived at the primary, in seconds since 1970. */
function arrivals(world: HostWorld): number[] {
  return world.primary.arrived(HostWorld.BOB).map(({ at }) => at);
}

/** How many mails went on without a verdict, because others were before them. */
function unscanned(world: HostWorld): number {
  const texts = world.primary.messages(HostWorld.BOB);
  return texts.filter((text) => text.includes("X-Backup-MX: not scanned")).length;
}

async function flood(
  from: NetworkHost,
  host: MailHost,
  mails: number,
  rate: number,
  name: string,
  addresses: readonly string[],
): Promise<number> {
  const command = ["python3", join(__dirname, "flood.py"), host.address, HostWorld.BOB];
  const taken = await succeed(
    from.command(...command, String(mails), String(rate), name, ...addresses),
  );
  return Number(taken);
}

const seconds = (value: number) => `${value.toFixed(2)} s`;

async function latency(world: HostWorld, host: MailHost): Promise<void> {
  const found: number[] = [];
  for (let round = 0; round < 5; round++) {
    world.primary.clear(HostWorld.BOB);
    const begin = Date.now() / 1000;
    await flood(world.sender, host, 1, 1, "one", [HostWorld.SENDER]);
    await eventually(() => arrivals(world).length === 1, 120);
    found.push(arrivals(world)[0] - begin);
    await sleep(3000);
  }
  console.log(`${kind}: one mail alone: ${found.map(seconds).join(", ")}`);
}

async function rate(world: HostWorld, host: MailHost): Promise<void> {
  world.primary.clear(HostWorld.BOB);
  const begin = Date.now() / 1000;
  const taken = await flood(world.sender, host, count, 1e6, "many", [HostWorld.SENDER]);
  const accepted = Date.now() / 1000 - begin;
  await eventually(() => sleep(1000, arrivals(world).length >= taken), PATIENCE_SECONDS);
  const last = Math.max(...arrivals(world)) - begin;
  console.log(
    `${kind}: ${taken} mails taken in ${seconds(accepted)}, the last arrived after ${seconds(last)}: ${(taken / last).toFixed(1)} a second; not scanned: ${unscanned(world)}`,
  );
}

/** What the processes of each user have in memory, shared pages counted once. */
const MEMORY = `
import collections, os, pwd
found = collections.Counter()
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{number}/smaps_rollup") as file:
            size = sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        found[pwd.getpwuid(os.stat(f"/proc/{number}").st_uid).pw_name] += size
    except (OSError, KeyError):
        pass
print(", ".join(f"{name} {size // 1024} MiB" for name, size in sorted(found.items())))
`;

async function memory(host: MailHost): Promise<void> {
  console.log(`${kind}: memory by user: ${(await host.succeed("python3", "-c", MEMORY)).trim()}`);
}

/** An honest mail every five seconds while others send more than the scanner can judge. */
async function beside(
  world: HostWorld,
  host: MailHost,
  what: string,
  addresses: readonly string[],
): Promise<void> {
  world.primary.clear(HostWorld.BOB);
  const place = world.addHost(
    `f${addresses.length}`,
    ...addresses.map((address) => `${address}/${address.startsWith("10.") ? 32 : 24}`),
  );
  for (const address of addresses) {
    if (address.startsWith("10.")) {
      await host.run("ip", "route", "add", address, "dev", "eth0");
    }
  }
  place.run("ip", "route", "add", "default", "dev", "eth0");
  if (!addresses[0].startsWith("10.")) {
    await host.run("ip", "route", "add", "203.0.113.0/24", "dev", "eth0");
  }
  const mails = FLOOD_SECONDS * FLOOD_RATE;
  const flooding = flood(place, host, mails, FLOOD_RATE, "flood", addresses);
  const sent: number[] = [];
  for (let round = 0; round < FLOOD_SECONDS / 5; round++) {
    sent.push(Date.now() / 1000);
    await flood(world.sender, host, 1, 1, `honest${round}`, [HostWorld.SENDER]);
    await sleep(Math.max(0, (sent[0] + (round + 1) * 5) * 1000 - Date.now()));
  }
  const taken = await flooding;
  const honest = () =>
    sent.map((begin, round) => {
      const came = world.primary
        .arrived(HostWorld.BOB)
        .find(({ text }) => text.includes(`Subject: honest${round}-0 `));
      return came && came.at - begin;
    });
  await eventually(() => sleep(2000, honest().every(Boolean)), PATIENCE_SECONDS);
  const waits = honest().filter((wait) => wait !== undefined);
  console.log(
    `${kind}: beside ${FLOOD_RATE} a second from ${what} (${taken} taken): an honest mail takes ${seconds(Math.max(...waits))} at most; not scanned: ${unscanned(world)}`,
  );
  await eventually(
    () => sleep(2000, arrivals(world).length >= taken + sent.length),
    PATIENCE_SECONDS,
  );
}

void measure();
