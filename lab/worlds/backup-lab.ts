import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { App, TerraformStack, Testing } from "cdktf";
import { BackupMx, type BackupMxProps, MailScanner, type MailScannerProps } from "../../lib";
import { deployedUserData, QUEUE_DEVICE } from "../../test/support/synthesized";
import { DnsServer } from "../dns/dns-server";
import { DebianImage, type Suite } from "../machine/debian-image";
import { Disk } from "../machine/disk";
import { Machine, type MachineFile } from "../machine/machine";
import { Load, type Outcome } from "../mail/load";
import { Primary } from "../mail/primary";
import { type SmtpReplies, smtp } from "../mail/smtp-client";
import { DownloadServer } from "../net/download-server";
import { Network, type NetworkHost } from "../net/network";
import { PackageMirror } from "../net/package-mirror";
import { eventually } from "../process/eventually";

const PUBLIC_ADDRESS = "203.0.113.25";
const SENDER = "198.51.100.80";
/** The package of MailScanner, which Debian does not have and which is not on every machine. */
const PACKAGE_PATH = "/MailScanner/v5/releases/download/5.5.3-2/MailScanner-5.5.3-2.noarch.deb";
const PACKAGE = process.env.BACKUP_MX_MAILSCANNER_DEB;

/** Whether the backups of the lab scan mail. */
export const HAS_SCANNER = PACKAGE !== undefined;

/** The recipient of all mail. The primary and, after the first mail, the backup know him. */
export const BOB = "bob@example.com";

/** How cloud-init ends where all went well. */
export const GOOD = { exitCode: 0, status: "done", errors: [], warnings: [] };

export interface BackupOptions {
  readonly suite?: Suite;
  /** Props beside hostname and domains. */
  readonly props?: Partial<BackupMxProps>;
  /** How it scans, where a scanner is at hand. */
  readonly scanner?: MailScannerProps;
  /** The device of its queue. */
  readonly device: string;
  readonly files?: Readonly<Record<string, MachineFile>>;
}

/** A backup that runs. */
export interface Backup {
  readonly machine: Machine;
  readonly address: string;
}

interface QueuedMail {
  readonly queue_name: string;
  readonly queue_id: string;
  readonly recipients: readonly { readonly delay_reason?: string }[];
}

/** Backups as whole machines, and the world that they need: DNS, packages, a sender, a primary. */
export class BackupLab {
  static async open(): Promise<BackupLab> {
    const lab = new BackupLab();
    try {
      await lab.furnish();
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  primary!: Primary;
  dns!: DnsServer;
  private readonly network = new Network();
  private readonly ends: (() => unknown)[] = [() => this.network.remove()];
  private readonly images = new Map<Suite, DebianImage>();
  private readonly machines = new Set<Machine>();
  private readonly files: Record<string, MachineFile> = {};
  private mirror!: PackageMirror;
  private dnsHost!: NetworkHost;
  private sender!: NetworkHost;
  private hosts = 0;

  private constructor() {}

  /** Boots a backup with an address of its own; the world outside tells them apart by it. */
  async boot({ suite = "trixie", device, files, ...options }: BackupOptions): Promise<Backup> {
    const address = `198.51.100.${30 + this.hosts}`;
    const machine = await Machine.boot({
      image: this.image(suite),
      host: this.network.addHost(`mx2${this.hosts++}`, `${address}/24`),
      hostname: "ip-198-51-100-25",
      userData: userData(options),
      nameserver: this.dns.address,
      proxy: this.mirror.url,
      files: { ...this.files, ...files },
      disks: { [QUEUE_DEVICE]: device },
    });
    this.machines.add(machine);
    expect(await machine.cloudInit(480_000)).toEqual(GOOD);
    return { machine, address };
  }

  /** The machine is gone at once, as an instance that is terminated. */
  async kill({ machine }: Backup): Promise<void> {
    this.machines.delete(machine);
    await machine.remove();
  }

  /** A disk that goes with the lab. */
  disk(bytes: number): Disk {
    const disk = new Disk(bytes);
    this.atEnd(() => disk.remove());
    return disk;
  }

  /** Does this when the lab is closed, after its machines are gone. */
  atEnd(end: () => unknown): void {
    this.ends.push(end);
  }

  load(backup: Backup): Load {
    const load = new Load({ from: this.sender, to: backup.address, recipient: BOB });
    // A test that fails leaves it running.
    this.atEnd(() => load.stop());
    return load;
  }

  /** Asks a backup whether it takes mail for Bob. */
  ask({ address }: Backup): Promise<SmtpReplies> {
    const question = { helo: "sender.example", from: "alice@sender.example", to: BOB };
    return smtp(this.sender, address, { ...question, patience: 150 });
  }

  /** Waits until a backup takes mail for Bob. */
  takesMail(backup: Backup): Promise<unknown> {
    return eventually(async () => {
      const replies = await this.ask(backup).catch(() => undefined);
      return replies?.rcpt[0]?.code === 250 || sleep(500, false);
    }, 180);
  }

  /** Starts the name server, for the first time or after it was stopped. */
  async startDns(): Promise<void> {
    this.dns = await DnsServer.start(this.dnsHost, {
      "example.com": ["MX 10 mx1.example.com", "MX 20 mx2.example.com"],
      "mx1.example.com": ["A 198.51.100.10"],
      "mx2.example.com": [`A ${PUBLIC_ADDRESS}`],
      "sender.example": [`A ${SENDER}`],
      "github.com": ["A 198.51.100.44"],
    });
  }

  async queue({ machine }: Backup): Promise<QueuedMail[]> {
    const { stdout } = await machine.run("postqueue", "-j");
    const lines = stdout.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line));
  }

  /**
   * Delivers all that waits, and tells what came of a load when the queue is empty. Whatever was
   * accepted must have arrived.
   */
  async drain(load: Load, backup: Backup): Promise<Outcome> {
    await this.primary.become("up");
    await eventually(async () => {
      await backup.machine.run("postqueue", "-f");
      await sleep(500);
      return (await this.queue(backup)).length === 0;
    }, 240).catch(() => undefined);
    const outcome = load.outcome(this.primary);
    process.stdout.write(`${expect.getState().currentTestName}: ${JSON.stringify(outcome)}\n`);
    expect(await this.queue(backup)).toEqual([]);
    expect(outcome.delivered).toBe(outcome.accepted);
    this.primary.clear(BOB);
    return outcome;
  }

  async close(): Promise<void> {
    for (const machine of this.machines) {
      await machine.remove();
    }
    for (const end of this.ends.reverse()) {
      await end();
    }
  }

  private image(suite: Suite): DebianImage {
    const image = this.images.get(suite) ?? DebianImage.build(suite);
    if (!this.images.has(suite)) {
      this.images.set(suite, image);
      this.atEnd(() => image.remove());
    }
    return image;
  }

  private async furnish(): Promise<void> {
    const { network } = this;
    this.mirror = await PackageMirror.open(network.addHost("mirror", "198.51.100.99/24"));
    this.atEnd(() => this.mirror.close());
    this.dnsHost = network.addHost("dns", "198.51.100.53/24");
    // While it is stopped, it says so to each question, not to one a second.
    this.dnsHost.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit");
    await this.startDns();
    this.atEnd(() => this.dns.stop());
    this.sender = network.addHost("sender", `${SENDER}/24`);
    this.primary = await Primary.start(network.addHost("mx1", "198.51.100.10/24"), {
      hostname: "mx1.example.com",
      // Postfix writes to its postmaster of what it finds wrong.
      users: [BOB, "postmaster@example.com"],
      nameserver: this.dns.address,
    });
    this.atEnd(() => this.primary.remove());
    if (PACKAGE !== undefined) {
      const server = await DownloadServer.start(
        network.addHost("github", "198.51.100.44/24"),
        "github.com",
        { [PACKAGE_PATH]: readFileSync(PACKAGE) },
      );
      this.atEnd(() => server.stop());
      this.files[server.trustPath] = { content: server.certificate };
    }
  }
}

function userData({ props, scanner }: Pick<BackupOptions, "props" | "scanner">): string {
  const stack = new TerraformStack(new App(), "backup");
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    mailScanner: HAS_SCANNER ? MailScanner.install(scanner) : MailScanner.none(),
    // A small disk is filled, and cut off, sooner.
    messageSizeLimit: 1024 ** 2,
    watchInterval: "5s",
    // All the senders of the world have one address here.
    postfixSettings: { smtpd_client_event_limit_exceptions: SENDER },
    ...props,
  });
  return deployedUserData(JSON.parse(Testing.synth(stack)), PUBLIC_ADDRESS);
}
