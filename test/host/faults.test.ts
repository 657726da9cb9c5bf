import { setTimeout as sleep } from "node:timers/promises";
import {
  archive,
  bomb,
  EICAR,
  eventually,
  GOOD,
  HostWorld,
  type Load,
  type MailHost,
  type Mood,
  type Outcome,
  SIGNATURES,
} from "../../lab";
import { Monitoring, Scanner } from "../../lib";
import { docsPart } from "../support/generated";
import { describeWith } from "../support/requirements";

const { HAS_SCANNER, BOB } = HostWorld;
const MIB = 1024 ** 2;
/** Of the disk of the queue: the reserve of 70 MiB, and room for some 100 mails of 0.9 MB. */
const DISK_BYTES = 190 * MIB;
const BIG = 900_000;
const QUARANTINE = "/var/spool/backup-mx/quarantine";

if (!HAS_SCANNER) {
  process.stderr.write(
    "skipped: the faults of MailScanner: set BACKUP_MX_MAILSCANNER_DEB to the file MailScanner-5.5.3-2.noarch.deb\n",
  );
}

interface ScannerOnHost {
  readonly scanner: Scanner;
  /** Its services, of which a host may have several. */
  readonly services: string;
  readonly sockets: string;
  /** How the process calls itself that reads mail. */
  readonly worker: string;
  readonly user: string;
  /** Where it may write, in memory of its own. */
  readonly folders: readonly string[];
  /** Packages that are upgraded beside Postfix's. */
  readonly packages: readonly string[];
}

const SCANNERS: { readonly [name: string]: ScannerOnHost } = {
  rspamd: {
    scanner: Scanner.rspamd({ clamAv: true, timeLimit: "10s" }),
    services: "rspamd.service",
    sockets: "rspamd.socket",
    worker: "^rspamd: normal",
    user: "_rspamd",
    folders: ["/tmp", "/dev/shm", "/var/lib/rspamd"],
    packages: ["rspamd"],
  },
  MailScanner: {
    scanner: Scanner.mailScanner({
      clamAv: true,
      timeLimit: "10s",
      settings: { "Use SpamAssassin": "no" },
    }),
    services: "backup-mx-mailscanner@*.service",
    sockets: "backup-mx-mailscanner@*.socket",
    worker: "^MailScanner: ",
    user: "backup-mx-scanner",
    folders: ["/tmp", "/dev/shm", "/var/spool/MailScanner"],
    packages: [],
  },
};

interface Fault {
  /** Does it while a load runs, and returns when the host may be asked for mail again. */
  readonly inject: (load: Load) => Promise<unknown>;
  /**
   * It may end who hands a mail on after the next one has taken it, and before that is on the disk:
   * between the judge and hop 2, or between Postfix and the primary. One mail may arrive twice then.
   */
  readonly mayDouble?: boolean;
}

for (const [name, itsScanner] of Object.entries(SCANNERS)) {
  const isMissing = name === "MailScanner" && !HAS_SCANNER;
  const describeHost: typeof describeWith = isMissing
    ? (_, title, tests) => describe.skip(title, tests)
    : describeWith;
  describeHost(HostWorld.NEEDS, `a running host with ${name} loses nothing when`, () => {
    faultsOf(name, itsScanner);
  });
}

function faultsOf(
  scannerName: string,
  { scanner, services, sockets, worker, user, folders, packages }: ScannerOnHost,
): void {
  let world: HostWorld;
  let host: MailHost;
  const outcomes = new Map<string, Outcome>();

  beforeAll(async () => {
    world = await HostWorld.open();
    host = await world.boot({
      props: {
        scanner,
        monitoring: Monitoring.toTopic("arn:aws:sns:eu-central-1:123456789012:ops"),
        // A small disk is filled sooner.
        messageSizeLimit: MIB,
        watchInterval: "5s",
        // All the senders of the world have one address here.
        postfixSettings: { smtpd_client_event_limit_exceptions: HostWorld.SENDER },
      },
      device: world.disk(DISK_BYTES).attach(),
      files: { ...SIGNATURES, ...(await world.scannerHome()) },
    });
    expect(await host.cloudInit()).toEqual(GOOD);
    await world.takesMail(host);
  });

  afterAll(() => world?.close());

  const onHost = (...command: string[]) => host.succeed(...command);
  const onHostShell = (script: string) => onHost("bash", "-c", script);
  /** Inside, no process of another machine is seen. */
  const signal = (name: string, process: string) =>
    onHost("pkill", "--signal", name, "--full", process);
  /** Three times, at whatever step its mail is then; a service that is not at work has no process. */
  const killed = (process: string) => async () => {
    let kills = 0;
    for (let round = 0; round < 3; round++) {
      kills +=
        (await host.run("pkill", "--signal", "KILL", "--full", process)).exitCode === 0 ? 1 : 0;
      await sleep(700);
    }
    expect(kills).toBeGreaterThan(0);
  };
  const kill = (name: string, unit: string) =>
    onHost("systemctl", "kill", `--signal=${name}`, unit);

  const unitsOf = async (pattern: string) =>
    (await onHost("systemctl", "list-units", "--all", "--plain", "--no-legend", pattern))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(" ")[0]);
  const processOf = async (unit: string) =>
    (await onHost("systemctl", "show", "--property=MainPID", "--value", unit)).trim();
  const scannerProcesses = async () =>
    Promise.all((await unitsOf(services)).map((unit) => processOf(unit)));

  const reasons = async () =>
    (await host.queue())
      .flatMap((mail) => mail.recipients)
      .map(({ delay_reason = "" }) => delay_reason);
  /** Waits until nothing waits, without being asked to, and tells how long it took. */
  const worksOff = async (what: string) => {
    const begin = Date.now();
    await eventually(async () => (await host.queue()).length === 0);
    process.stdout.write(
      `${scannerName}: all was delivered ${((Date.now() - begin) / 1000).toFixed(0)} s after ${what}\n`,
    );
  };
  /** How many of these have arrived with a verdict, or with this word in our header. */
  const arrived = (promised: ReadonlySet<string>, header: RegExp) =>
    world.primary.messages(BOB).filter((mail) => {
      const [, subject = ""] = /^Subject: (\S+)\r?$/m.exec(mail) ?? [];
      return promised.has(subject) && header.test(mail.split(/\r?\n\r?\n/)[0]);
    }).length;
  /** The mails that a sending has added to a load. */
  const sent = async (load: Load, ...sending: Parameters<Load["send"]>) => {
    const before = load.promised();
    await load.send(...sending);
    return new Set([...load.promised()].filter((mail) => !before.has(mail)));
  };

  const becomes = (mood: Mood, says: RegExp) => ({
    inject: async (load: Load) => {
      // It begins anew for that: without mail on its way, or some would come twice.
      await kill("STOP", "backup-mx-judge.service");
      try {
        await eventually(async () => Object.keys((await host.status()).domains).length === 0);
        await world.primary.become(mood);
      } finally {
        await kill("CONT", "backup-mx-judge.service");
      }
      await load.send(10);
      await eventually(async () => {
        await onHost("backup-mx", "flush");
        await sleep(1000);
        return (await reasons()).some((reason) => says.test(reason));
      });
    },
  });

  /** What a sender hears who begins a mail. */
  const refusal = async () => {
    const { mail, rcpt } = await world.say(host);
    const last = rcpt[0] ?? mail;
    return `${last?.code} ${last?.text}`;
  };

  const freeBytes = async () => {
    const [blocks, size] = (await onHost("stat", "-f", "-c", "%a %S", "/var/spool/postfix"))
      .split(" ")
      .map(Number);
    return blocks * size;
  };

  const FAULTS: { readonly [name: string]: Fault } = {
    "the queue manager is killed": { inject: killed("^qmgr ") },
    "the SMTP servers of port 25 are killed": { inject: killed("^smtpd (-n smtp|-t pass) ") },
    "the cleanup servers behind them are killed": { inject: killed("^cleanup -z -t ") },
    "the SMTP servers of hop 2 are killed": {
      inject: killed("^smtpd -n judged "),
      mayDouble: true,
    },
    "the cleanup servers of hop 2 are killed": {
      inject: killed("^cleanup -z -n judged-cleanup "),
      mayDouble: true,
    },
    "the master of Postfix is killed": {
      inject: () => signal("KILL", "/master"),
      mayDouble: true,
    },
    "the judge is killed": { inject: killed("backup-mx-judge$"), mayDouble: true },
    "the judge hangs": {
      inject: async (load) => {
        await kill("STOP", "backup-mx-judge");
        const late = await sent(load, 10);
        await sleep(5000);
        expect((await host.queue()).length).toBeGreaterThanOrEqual(late.size);
        await kill("CONT", "backup-mx-judge");
      },
    },
    "a process of the scanner is killed": { inject: killed(worker) },
    "the whole scanner is killed": { inject: () => kill("KILL", services) },
    "the scanner hangs": {
      inject: async (load) => {
        const before = await scannerProcesses();
        await kill("STOP", services);
        const begin = Date.now();
        await load.send(10);
        // Nobody else ends it.
        await eventually(async () => {
          const now = await scannerProcesses();
          return now.every((id) => !before.includes(id) && id !== "0");
        });
        const seconds = ((Date.now() - begin) / 1000).toFixed(0);
        process.stdout.write(`${scannerName}: the judge had it restarted ${seconds} s after\n`);
      },
    },
    "the scanner is away for a while": {
      inject: async (load) => {
        const units = await unitsOf(services);
        const doors = await unitsOf(sockets);
        await onHost("systemctl", "mask", "--runtime", "--quiet", ...units);
        await onHost("systemctl", "stop", ...doors, ...units);
        await load.send(10);
        await eventually(async () =>
          (await reasons()).some((reason) => reason.includes("the scanner is not there")),
        );
        const { unjudged } = await host.status();
        expect(unjudged).toBeGreaterThan(0);
        await onHost("systemctl", "unmask", "--runtime", "--quiet", ...units);
        await onHost("systemctl", "start", ...doors, ...units);
        await worksOff("the scanner's return");
      },
    },
    "the scanner starts slowly": {
      inject: async (load) => {
        const unit = services.replace("*", "");
        const folder = `/run/systemd/system/${unit}.d`;
        const slow = "[Service]\nExecStartPre=/usr/bin/sleep 15\n";
        await onHostShell(`mkdir -p ${folder} && printf '${slow}' >${folder}/zz-slow.conf`);
        await onHost("systemctl", "daemon-reload");
        await kill("KILL", services);
        const late = await sent(load, 10);
        await worksOff("a slow start began");
        // It was waited for.
        expect(arrived(late, /^X-Spam-Status: /m)).toBeGreaterThan(0);
        await onHostShell(`rm -r ${folder}/zz-slow.conf && systemctl daemon-reload`);
      },
    },
    "clamd is killed": { inject: killed("^/usr/sbin/clamd") },
    "clamd hangs": {
      inject: async (load) => {
        await signal("STOP", "^/usr/sbin/clamd");
        const late = await sent(load, 5);
        // No mail waits for it longer than its time limit.
        await eventually(() => arrived(late, /^X-Backup-MX: not scanned /m) > 0);
        await signal("CONT", "^/usr/sbin/clamd");
      },
    },
    "the resolver is dead": {
      inject: async () => {
        await world.dns.stop();
        try {
          expect(await refusal()).toMatch(/^45/);
          await eventually(async () => (await host.figures()).PrimariesUnreachable === 1);
        } finally {
          await world.startDns();
        }
      },
    },
    "its packages are upgraded": {
      inject: () =>
        onHost("bash", "-c", UPGRADE, "upgrade", "postfix", "postfix-lmdb", ...packages),
      mayDouble: true,
    },
    "the primary says 450 to recipients": becomes("greylisting", /said: 450/),
    "the primary says 550 to recipients": becomes("forgetful", /said: 550/),
    "the primary says 554 to everybody": becomes("hostile", / 554 /),
    "its clock jumps two days ahead, and back": {
      inject: async (load) => {
        await onHostShell(FAKE_CLOCK);
        for (const shift of ["+2d", "-1d"]) {
          await onHostShell(`echo ${shift} >/etc/faketimerc`);
          const days = shift === "+2d" ? 2 : -1;
          const seen = Number(await onHost("date", "+%s")) - Date.now() / 1000;
          expect(Math.round(seen / 86_400)).toBe(days);
          await sleep(2000);
          await load.send(10);
        }
        await onHostShell(`rm /etc/ld.so.preload && ${RESTART_ALL}`);
      },
      mayDouble: true,
    },
    "the quarantine is full": {
      inject: async () => {
        const filler = `${QUARANTINE}/filler`;
        const asJudge = (...command: string[]) =>
          onHost("runuser", "-u", "backup-mx-judge", "--", ...command);
        await asJudge("fallocate", "--length=60M", filler);
        // It looks at its folder when it starts, and every minute.
        await onHost("systemctl", "restart", "backup-mx-judge");
        await eventually(async () => (await host.status()).judge?.quarantine_full === true);
        const viruses = world.load(host);
        await viruses.send(3, { archive: archive(EICAR) });
        const marked = /^X-Backup-MX: virus; .*quarantine is full/ms;
        await eventually(() => arrived(viruses.promised(), marked) === 3);
        await asJudge("rm", filler);
        await onHost("systemctl", "restart", "backup-mx-judge");
        await eventually(async () => (await host.status()).judge?.quarantine_full === false);
      },
      mayDouble: true,
    },
    "mail fills its disk": {
      inject: async (load) => {
        await world.primary.refuse();
        let least = await freeBytes();
        let heard = "250";
        for (let round = 0; round < 30 && heard.startsWith("250"); round++) {
          await load.send(20, { parallel: 20, bytes: BIG });
          least = Math.min(least, await freeBytes());
          heard = await refusal();
        }
        expect(heard).toMatch(/^452 .*Insufficient system storage/);
        await load.send(40, { parallel: 20, bytes: BIG });
        least = Math.min(least, await freeBytes());
        process.stdout.write(`at least ${Math.round(least / MIB)} MiB were free\n`);
        expect(least).toBeGreaterThan(20 * MIB);
        await world.primary.become("up");
        await onHost("backup-mx", "flush");
      },
    },
    "the scanner fills its memory": {
      inject: async (load) => {
        // As who has taken it over could.
        const running = (await scannerProcesses()).filter((process) => process !== "0");
        expect(running.length).toBeGreaterThan(0);
        for (const process of running) {
          const inside = ["nsenter", "--mount", `--target=${process}`];
          for (const folder of folders) {
            const fill = `head --bytes=1G /dev/zero >${folder}/filler`;
            const asScanner = ["setpriv", `--reuid=${user}`, "--clear-groups", "sh", "-c", fill];
            await expect(onHost(...inside, ...asScanner)).rejects.toThrow(/No space/);
          }
        }
        const late = await sent(load, 10);
        await eventually(() => arrived(late, /^X-Backup-MX: /m) === late.size);
        await kill("KILL", services);
      },
    },
    "archives in archives are sent": {
      inject: async (load) => {
        const before = await freeBytes();
        await load.send(5, { archive: bomb() });
        for (let second = 0; second < 10; second++) {
          expect(before - (await freeBytes())).toBeLessThan(20 * MIB);
          await sleep(1000);
        }
      },
    },
    "logs fill its root volume": {
      inject: async (load) => {
        await host.machine.leaveRoom(5 * MIB);
        await expect(onHostShell("yes >/var/log/flood")).rejects.toThrow(/No space/);
        await expect(onHostShell("echo more >/root/more")).rejects.toThrow(/No space/);
        await load.send(20);
        await onHost("rm", "/var/log/flood");
        await host.machine.leaveRoom(4096 * MIB);
      },
    },
    "its power is cut": {
      inject: async () => {
        await host.machine.pullThePlug();
        await host.machine.start();
      },
      mayDouble: true,
    },
    "it reboots": { inject: () => host.reboot(), mayDouble: true },
    "cloud-init runs again": {
      inject: async () => {
        await onHost("cloud-init", "clean");
        await host.reboot();
        expect(await host.cloudInit()).toEqual(GOOD);
      },
      mayDouble: true,
    },
  };

  for (const [name, { inject, mayDouble = false }] of Object.entries(FAULTS)) {
    test(name, async () => {
      const load = world.load(host);
      const sending = load.send(60, { parallel: 4 });
      await eventually(() => load.promised().size > 10);
      await inject(load);
      await sending;
      await world.takesMail(host);
      await load.send(10);
      expect(load.promised().size).toBeGreaterThanOrEqual(20);
      // Delivers all that waits: whatever was accepted must have arrived.
      const outcome = await world.drain(load, host);
      process.stdout.write(`${scannerName}: ${name}: ${JSON.stringify(outcome)}\n`);
      expect(outcome.accepted - outcome.delivered).toBe(0);
      expect(outcome.twice).toBeLessThanOrEqual(mayDouble ? 1 : 0);
      outcomes.set(name, outcome);
    });
  }

  test("but finds a virus in an archive all the same", async () => {
    const load = world.load(host);
    await load.send(1, { archive: archive(EICAR) });
    const [mail] = load.promised();
    const found = () =>
      onHost("grep", "--recursive", "--files-with-matches", `Subject: ${mail}`, QUARANTINE).catch(
        () => "",
      );
    await eventually(async () => (await found()) !== "");
    await eventually(async () => (await host.queue()).length === 0);
    expect(load.outcome(world.primary).delivered).toBe(0);
  });

  if (scannerName !== "rspamd") {
    return;
  }
  // The figures differ from run to run; that nothing is lost does not.
  test("is what docs/queue-volume.md says", () => {
    const row = (cells: readonly unknown[]) => `| ${cells.join(" | ")} |\n`;
    const heading = row(["Fault", "Answered 250", "Delivered", "Of them twice", "Lost"]);
    const table = [...outcomes].map(([name, { accepted, delivered, twice }]) =>
      row([name, accepted, delivered, twice, accepted - delivered]),
    );
    const said = docsPart(
      "queue-volume.md",
      "fault table",
      [heading, row(["---", "---", "---", "---", "---"]), ...table].join(""),
    );
    const rows = said.trim().split("\n").slice(2);
    const names = rows.map((line) => {
      const [, name, accepted, delivered] = line.split(" | ").flatMap((cell) => cell.split("| "));
      expect(delivered).toBe(accepted);
      return name;
    });
    expect(names).toEqual(Object.keys(FAULTS));
  });
}

/**
 * The mirror has one release of each package. The same under a higher version is all the same an
 * upgrade to dpkg and to the package's own programs.
 */
const UPGRADE = `set -e
  export DEBIAN_FRONTEND=noninteractive
  cd "$(mktemp -d)"
  apt-get update --quiet
  apt-get download --quiet "$@"
  for package in *.deb; do
    dpkg-deb --raw-extract "$package" content
    version=$(sed -n 's/^Version: //p' content/DEBIAN/control)
    sed -i "s/$version/$version+next/" content/DEBIAN/control
    dpkg-deb --build -Znone content "$package" >/dev/null
    rm -r content
  done
  apt-get install --quiet --yes ./*.deb
  for package in "$@"; do
    [[ $(dpkg-query --show --showformat '\${Version}' "$package") = *+next ]]
  done`;

/** What reads the clock while mail passes. */
const RESTART_ALL = "systemctl restart postfix backup-mx-judge";

/**
 * The machine shares the clock of its kernel with all others. A library of Debian's shows its
 * programs another one, which can be set while they run; what they measure time spans with stays.
 */
const FAKE_CLOCK = `set -e
  apt-get update --quiet >/dev/null
  apt-get install --quiet --yes --no-install-recommends libfaketime >/dev/null
  echo +0 >/etc/faketimerc
  mkdir -p /run/systemd/system/backup-mx-judge.service.d
  echo '[Service]
Environment=FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1' >/run/systemd/system/backup-mx-judge.service.d/clock.conf
  systemctl daemon-reload
  ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/etc/ld.so.preload
  ${RESTART_ALL}`;
