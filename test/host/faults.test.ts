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
import { MailScanner, Monitoring } from "../../lib";
import { docsPart } from "../support/generated";
import { describeWith } from "../support/requirements";

const { HAS_SCANNER } = HostWorld;
const MIB = 1024 ** 2;
/** Of the disk of the queue: the reserve of 70 MiB, and room for some 150 mails of 0.9 MB. */
const DISK_BYTES = 330 * MIB;
const BIG = 900_000;
const QUARANTINE = "/var/spool/MailScanner/quarantine";

if (!HAS_SCANNER) {
  process.stderr.write(
    "skipped: the faults of the scanner: set BACKUP_MX_MAILSCANNER_DEB to the file MailScanner-5.5.3-2.noarch.deb\n",
  );
}

interface Fault {
  /** Does it while a load runs, and returns when the host may be asked for mail again. */
  readonly inject: (load: Load) => Promise<unknown>;
  readonly needsScanner?: boolean;
}

describeWith(HostWorld.NEEDS, "a running host loses nothing when", () => {
  let world: HostWorld;
  let host: MailHost;
  const outcomes = new Map<string, Outcome>();

  beforeAll(async () => {
    world = await HostWorld.open();
    const scanner = {
      clamAv: true,
      settings: { "Use SpamAssassin": "no", "Virus Scanner Timeout": "10" },
    };
    host = await world.boot({
      props: {
        mailScanner: HAS_SCANNER ? MailScanner.install(scanner) : MailScanner.none(),
        monitoring: Monitoring.toTopic("arn:aws:sns:eu-central-1:123456789012:ops"),
        // A small disk is filled sooner.
        messageSizeLimit: MIB,
        watchInterval: "5s",
        // All the senders of the world have one address here.
        postfixSettings: { smtpd_client_event_limit_exceptions: HostWorld.SENDER },
      },
      device: world.disk(DISK_BYTES).attach(),
      files: HAS_SCANNER ? { ...SIGNATURES, ...(await world.scannerHome()) } : {},
    });
    expect(await host.cloudInit()).toEqual(GOOD);
    await world.takesMail(host);
  });

  afterAll(() => world?.close());

  const onHost = (...command: string[]) => host.succeed(...command);
  /** Inside, no process of another machine is seen. */
  const signal = (name: string, process: string) =>
    onHost("pkill", "--signal", name, "--full", process);
  const killed = (process: string) => () => signal("KILL", process);

  const becomes = (mood: Mood, says: RegExp) => ({
    inject: async (load: Load) => {
      await world.primary.become(mood);
      await load.send(10);
      await eventually(async () => {
        await onHost("backup-mx", "flush");
        await sleep(1000);
        const reasons = (await host.queue()).flatMap((mail) => mail.recipients);
        return reasons.some(({ delay_reason = "" }) => says.test(delay_reason));
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
    "the SMTP servers are killed": { inject: killed("^smtpd ") },
    "the cleanup servers are killed": { inject: killed("^cleanup ") },
    "the master of Postfix is killed": { inject: killed("/master") },
    "the scanner's child is killed": { inject: killed("^MailScanner: "), needsScanner: true },
    "the whole scanner is killed": {
      inject: () => onHost("systemctl", "kill", "--signal=KILL", "mailscanner"),
      needsScanner: true,
    },
    "the scanner hangs": {
      inject: async (load) => {
        await signal("STOP", "^MailScanner");
        await load.send(5);
        await sleep(3000);
        const { ScannerAlive, Held, OldestHeld } = await host.figures();
        expect(ScannerAlive).toBe(1);
        expect(Held).toBeGreaterThanOrEqual(5);
        expect(OldestHeld).toBeGreaterThanOrEqual(2);
        await signal("CONT", "^MailScanner");
      },
      needsScanner: true,
    },
    "clamd is killed": { inject: killed("^/usr/sbin/clamd"), needsScanner: true },
    "clamd hangs": {
      inject: async (load) => {
        await signal("STOP", "^/usr/sbin/clamd");
        await load.send(5);
        await sleep(15_000);
        await signal("CONT", "^/usr/sbin/clamd");
      },
      needsScanner: true,
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
    "its packages are upgraded": { inject: () => onHost("bash", "-c", UPGRADE) },
    "the primary says 450 to recipients": becomes("greylisting", /said: 450/),
    "the primary says 550 to recipients": becomes("forgetful", /said: 550/),
    "the primary says 554 to everybody": becomes("hostile", / 554 /),
    "its clock jumps two days ahead, and back": {
      inject: async (load) => {
        await onHost("bash", "-c", FAKE_CLOCK);
        for (const shift of ["+2d", "-1d"]) {
          await onHost("bash", "-c", `echo ${shift} >/etc/faketimerc`);
          const days = shift === "+2d" ? 2 : -1;
          const seen = Number(await onHost("date", "+%s")) - Date.now() / 1000;
          expect(Math.round(seen / 86_400)).toBe(days);
          await sleep(2000);
          await load.send(10);
        }
        await onHost("bash", "-c", "rm /etc/ld.so.preload && systemctl restart postfix");
      },
    },
    "the quarantine fills its disk": {
      inject: async () => {
        const folder = `${QUARANTINE}/20261101`;
        await onHost("install", "-d", folder);
        for (let n = 0; (await freeBytes()) > 60 * MIB; n++) {
          await onHost("fallocate", "--length=20M", `${folder}/${n}`);
        }
        expect(await refusal()).toMatch(/^452 .*Insufficient system storage/);
        // As every minute.
        await onHost("systemctl", "start", "backup-mx-tidy");
        expect(await refusal()).toMatch(/^250/);
        await onHost("rm", "-r", folder);
      },
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
    "archives in archives are sent": {
      inject: async (load) => {
        const before = await freeBytes();
        await load.send(5, { archive: bomb() });
        for (let second = 0; second < 15; second++) {
          expect(before - (await freeBytes())).toBeLessThan(20 * MIB);
          await sleep(1000);
        }
      },
      needsScanner: true,
    },
    "logs fill its root volume": {
      inject: async (load) => {
        await host.machine.leaveRoom(5 * MIB);
        await expect(onHost("bash", "-c", "yes >/var/log/flood")).rejects.toThrow(/No space/);
        await expect(onHost("bash", "-c", "echo more >/root/more")).rejects.toThrow(/No space/);
        await load.send(20);
        await onHost("backup-mx", "tidy");
        await onHost("rm", "/var/log/flood");
        await host.machine.leaveRoom(4096 * MIB);
      },
    },
    "it reboots": { inject: () => host.reboot() },
    "cloud-init runs again": {
      inject: async () => {
        await onHost("cloud-init", "clean");
        await host.reboot();
        expect(await host.cloudInit()).toEqual(GOOD);
      },
    },
  };

  /** Delivers all that waits: whatever was accepted must have arrived. */
  const drain = async (load: Load) => {
    const outcome = await world.drain(load, host);
    process.stdout.write(`${expect.getState().currentTestName}: ${JSON.stringify(outcome)}\n`);
    expect(outcome.delivered).toBe(outcome.accepted);
    return outcome;
  };

  for (const [name, { inject, needsScanner }] of Object.entries(FAULTS)) {
    (needsScanner && !HAS_SCANNER ? test.skip : test)(name, async () => {
      const load = world.load(host);
      const sending = load.send(60, { parallel: 4 });
      await eventually(() => load.promised().size > 10);
      await inject(load);
      await sending;
      await world.takesMail(host);
      await load.send(10);
      expect(load.promised().size).toBeGreaterThanOrEqual(20);
      outcomes.set(name, await drain(load));
    });
  }

  (HAS_SCANNER ? test : test.skip)("but finds a virus in an archive all the same", async () => {
    const load = world.load(host);
    await load.send(1, { archive: archive(EICAR) });
    expect(load.promised().size).toBe(1);
    const found = () =>
      onHost("grep", "-rl", `Subject: ${[...load.promised()]}`, QUARANTINE).catch(() => "");
    await eventually(async () => (await found()) !== "");
    expect(await host.queue()).toEqual([]);
    expect(load.outcome(world.primary).delivered).toBe(0);
  });

  // The figures differ from run to run; that nothing is lost does not.
  test("is what docs/queue-volume.md says", () => {
    const row = (cells: readonly unknown[]) => `| ${cells.join(" | ")} |\n`;
    const heading = row(["Fault", "Answered 250", "Delivered", "Of them twice"]);
    const table = [...outcomes].map(([name, { accepted, delivered, twice }]) =>
      row([name, accepted, delivered, twice]),
    );
    const said = docsPart(
      "queue-volume.md",
      "fault table",
      [heading, row(["---", "---", "---", "---"]), ...table].join(""),
    );
    const rows = said.trim().split("\n").slice(2);
    const names = rows.map((line) => {
      const [, name, accepted, delivered] = line.split(" | ").flatMap((cell) => cell.split("| "));
      expect(delivered).toBe(accepted);
      return name;
    });
    expect(names).toEqual(Object.keys(FAULTS));
  });
});

/**
 * The mirror has one release of Postfix. The same under a higher version is all the same an
 * upgrade to dpkg and to the package's own programs.
 */
const UPGRADE = `set -e
  export DEBIAN_FRONTEND=noninteractive
  cd "$(mktemp -d)"
  version=$(dpkg-query --show --showformat '\${Version}' postfix)
  apt-get download --quiet postfix postfix-lmdb
  for package in *.deb; do
    dpkg-deb --raw-extract "$package" content
    sed -i "s/$version/$version+next/" content/DEBIAN/control
    dpkg-deb --build -Znone content "$package" >/dev/null
    rm -r content
  done
  apt-get install --quiet --yes ./*.deb
  [ "$(dpkg-query --show --showformat '\${Version}' postfix)" = "$version+next" ]`;

/**
 * The machine shares the clock of its kernel with all others. A library of Debian's shows its
 * programs another one, which can be set while they run.
 */
const FAKE_CLOCK = `set -e
  apt-get install --quiet --yes --no-install-recommends libfaketime >/dev/null
  echo +0 >/etc/faketimerc
  ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/etc/ld.so.preload
  systemctl restart postfix`;
