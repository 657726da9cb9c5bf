import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type BackupMxProps, Scanner } from "../../lib";
import { Aws, type AwsService } from "../aws/aws";
import type { Bucket } from "../aws/bucket";
import {
  type DeployedHost,
  deployedHost,
  QUEUE_DEVICE,
  type SynthesizedStack,
  synthesized,
} from "../aws/deployed-stack";
import { type DnsRecords, DnsServer } from "../dns/dns-server";
import { DebianImage, type Suite } from "../machine/debian-image";
import { Disk } from "../machine/disk";
import { Machine, type MachineFile } from "../machine/machine";
import { Load, type Outcome } from "../mail/load";
import { Primary } from "../mail/primary";
import { type SmtpDialogue, type SmtpReplies, smtp } from "../mail/smtp-client";
import { DownloadServer } from "../net/download-server";
import type { NetworkHost } from "../net/network";
import { PackageMirror } from "../net/package-mirror";
import { eventually } from "../process/eventually";
import { program, type Requirement, root } from "../requirements";
import { MailHost } from "./mail-host";
import { World } from "./world";

/** The package of MailScanner, which Debian does not have and which is not on every machine. */
const PACKAGE_PATH = "/MailScanner/v5/releases/download/5.5.3-2/MailScanner-5.5.3-2.noarch.deb";
const PACKAGE = process.env.BACKUP_MX_MAILSCANNER_DEB;
const GIB = 1024 ** 3;
/** Where AWS is. */
const AWS = "198.51.100.43";
const MOST_BUCKETS = 40;
const bucketName = (number: number) => `backup-mx-${number}.s3.eu-central-1.amazonaws.com`;

/** What is special to a host. */
export interface HostOptions {
  /** Props beside hostname and domain; without a scanner unless told. */
  readonly props?: Partial<BackupMxProps>;
  /** The stack whose user data it gets. @default - one with these props */
  readonly stack?: SynthesizedStack;
  /** @default trixie */
  readonly suite?: Suite;
  /**
   * Whether it has the packages of Debian that it needs before it boots, which saves a minute.
   *
   * @default true on trixie
   */
  readonly isFurnished?: boolean;
  /** What cloud-init is told. @default - what the stack says */
  readonly userData?: string;
  /** The device of its queue. null: none yet. @default - a blank disk of its own */
  readonly device?: string | null;
  /** Files that lie there before it boots. @default - none */
  readonly files?: Readonly<Record<string, MachineFile>>;
  /** Certificates that it trusts beside that of AWS. @default - none */
  readonly trusted?: readonly (string | Buffer)[];
  /** Its place in the network. @default - a new one */
  readonly place?: NetworkHost;
  /** Its addresses beside its own, in a new place. @default - none */
  readonly addresses?: readonly string[];
  /** The address of the DNS server that it is told of. @default - that of the world */
  readonly nameserver?: string;
  /** Its bucket, where one was filled before. @default - a new one with what the stack puts there */
  readonly bucket?: HostBucket;
}

/** The bucket of a host, and its name. */
export interface HostBucket {
  readonly name: string;
  readonly bucket: Bucket;
}

/**
 * Backups as whole machines, booted from the synthesized JSON, and the world that they need: DNS,
 * packages, a sender, a primary.
 */
export class HostWorld extends World {
  static readonly HOSTNAME = "mx2.example.com";
  /** The address under which the internet reaches a backup; its machine does not wear it. */
  static readonly PUBLIC_ADDRESS = "203.0.113.25";
  static readonly SENDER = "198.51.100.80";
  static readonly PRIMARY = "198.51.100.10";
  /** The one user of the primary. */
  static readonly BOB = "bob@example.com";

  /** What makes the set-up of a host give up after half a minute of waiting, in place of an hour. */
  static readonly IMPATIENT: Readonly<Record<string, MachineFile>> = {
    "/etc/systemd/system/backup-mx-setup.service.d/impatient.conf": {
      content: "[Service]\nEnvironment=BACKUP_MX_PATIENCE=30\n",
    },
  };

  /** Whether this machine has the package of the scanner. */
  static readonly HAS_SCANNER = PACKAGE !== undefined;

  /** What this machine must have for such a world. */
  static readonly NEEDS: readonly Requirement[] = [
    root,
    program("flock", "util-linux"),
    program("ip", "iproute2"),
    program("losetup", "mount"),
    program("mmdebstrap", "mmdebstrap"),
    program("openssl", "openssl"),
    program("postfix", "postfix"),
    program("socat", "socat"),
    program("systemd-nspawn", "systemd-container"),
    program("unbound", "unbound"),
  ];

  /**
   * @param records what DNS says beside the usual
   * @param services of AWS, beside the metadata of instances and the buckets of the hosts
   */
  static open(
    records: DnsRecords = {},
    services: Readonly<Record<string, AwsService>> = {},
  ): Promise<HostWorld> {
    const world = new HostWorld(records, services);
    return world.furnished(() => world.furnish());
  }

  readonly sender = this.addHost("sender", HostWorld.SENDER);
  /** What DNS says while nothing is wrong. */
  readonly records: DnsRecords;
  dns!: DnsServer;
  primary!: Primary;
  aws!: Aws;
  private readonly dnsHost = this.addHost("dns", "198.51.100.53");
  private readonly images = new Map<string, Promise<DebianImage>>();
  private mirror!: PackageMirror;
  private hosts = 0;

  private buckets = 0;

  private constructor(
    records: DnsRecords,
    private readonly services: Readonly<Record<string, AwsService>>,
  ) {
    super();
    this.records = {
      "example.com": ["MX 10 mx1.example.com", `MX 20 ${HostWorld.HOSTNAME}`],
      "mx1.example.com": [`A ${HostWorld.PRIMARY}`],
      [HostWorld.HOSTNAME]: [`A ${HostWorld.PUBLIC_ADDRESS}`],
      "sender.example": [`A ${HostWorld.SENDER}`],
      "github.com": ["A 198.51.100.44"],
      ...Object.fromEntries(
        Array.from({ length: MOST_BUCKETS }, (_, number) => [bucketName(number), [`A ${AWS}`]]),
      ),
      ...Object.fromEntries(
        Object.keys(services).map((name) => [`${name}.amazonaws.com`, [`A ${AWS}`]]),
      ),
      ...records,
    };
  }

  /** The stack of a backup with these props beside hostname and domain. */
  static stack(props: Partial<BackupMxProps> = {}): SynthesizedStack {
    return synthesized({
      hostname: HostWorld.HOSTNAME,
      domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
      scanner: Scanner.none(),
      ...props,
    });
  }

  /** Switches a host on. Its cloud-init has begun when this returns. */
  async boot(options: HostOptions = {}): Promise<MailHost> {
    const { suite = "trixie", stack = HostWorld.stack(options.props), device, files } = options;
    const { isFurnished = suite === "trixie" } = options;
    const place = options.place ?? this.place(options.addresses);
    const { name, bucket } = options.bucket ?? this.bucket();
    const { userData, objects } = this.deployed(stack, name);
    if (options.bucket === undefined) {
      bucket.fill(objects);
    }
    const disks: Record<string, string> = {};
    if (device !== null) {
      disks[QUEUE_DEVICE] = device ?? this.disk(20 * GIB).attach();
    }
    const machine = await Machine.boot({
      image: await this.image(suite, isFurnished),
      host: place,
      hostname: `ip-${place.address.replaceAll(".", "-")}`,
      userData: options.userData ?? userData,
      nameserver: options.nameserver ?? this.dns.address,
      proxy: this.mirror.url,
      trusted: [this.aws.certificate, ...(options.trusted ?? [])],
      files,
      disks,
    });
    const host = new MailHost(machine, place, bucket, name);
    this.atEnd(() => host.remove());
    return host;
  }

  /** A disk that goes with the world. */
  disk(bytes: number): Disk {
    const disk = new Disk(bytes);
    this.atEnd(() => disk.remove());
    return disk;
  }

  /** A place in the network for a host, at an address of its own, in reach of the metadata. */
  place(addresses: readonly string[] = []): NetworkHost {
    const number = 25 + this.hosts++;
    const own = [`198.51.100.${number}`, `169.254.0.${number}/16`];
    return this.addHost(`mx2${number - 25}`, ...own, ...addresses);
  }

  /** A new bucket. */
  bucket(): HostBucket {
    const name = bucketName(this.buckets++);
    return { name, bucket: this.aws.bucket(name) };
  }

  /** A host of a stack as AWS has it in this world. */
  deployed(stack: SynthesizedStack, bucket: string): DeployedHost {
    return deployedHost(stack, { publicAddress: HostWorld.PUBLIC_ADDRESS, bucket });
  }

  /** Deploys other props for a host that runs: what is in its bucket changes. */
  deploy(host: MailHost, props: Partial<BackupMxProps>): void {
    host.bucket.fill(this.deployed(HostWorld.stack(props), host.bucketName).objects);
  }

  /** Starts the name server, for the first time or after it was stopped. */
  async startDns(): Promise<void> {
    this.dns = await DnsServer.start(this.dnsHost, this.records);
  }

  /** The files by which a host finds MailScanner at its home, if this machine has its package. */
  async scannerHome(): Promise<Readonly<Record<string, MachineFile>>> {
    if (PACKAGE === undefined) {
      return {};
    }
    const server = await DownloadServer.start(
      this.addHost("github", "198.51.100.44"),
      "github.com",
      { [PACKAGE_PATH]: readFileSync(PACKAGE) },
    );
    this.atEnd(() => server.stop());
    return { [server.trustPath]: { content: server.certificate } };
  }

  /** Speaks to a host as the sender, from Alice to Bob unless told. */
  say(to: MailHost, dialogue: SmtpDialogue = {}, from = this.sender): Promise<SmtpReplies> {
    return smtp(from, to.address, {
      helo: "sender.example",
      from: "alice@sender.example",
      to: HostWorld.BOB,
      ...dialogue,
    });
  }

  /** Waits until a host takes mail for Bob. */
  takesMail(host: MailHost): Promise<unknown> {
    return eventually(async () => {
      const replies = await this.say(host).catch(() => undefined);
      // One client may connect 120 times a minute.
      return replies?.rcpt[0]?.code === 250 || sleep(500, false);
    });
  }

  /** Waits until a host answers at port 25. */
  answers(host: MailHost): Promise<unknown> {
    return eventually(() => smtp(this.sender, host.address).catch(() => sleep(500, false)));
  }

  load(host: MailHost): Load {
    const load = new Load({ from: this.sender, to: host.address, recipient: HostWorld.BOB });
    // A test that fails leaves it running.
    this.atEnd(() => load.stop());
    return load;
  }

  /** Delivers all that waits on a host, and tells what came of a load when nothing waits. */
  async drain(load: Load, host: MailHost): Promise<Outcome> {
    await this.primary.become("up");
    await eventually(async () => {
      await host.run("postqueue", "-f");
      await sleep(500);
      return (await host.queue()).length === 0;
    }, 300);
    const outcome = load.outcome(this.primary);
    this.primary.clear(HostWorld.BOB);
    return outcome;
  }

  private image(suite: Suite, isFurnished: boolean): Promise<DebianImage> {
    const key = `${suite} ${isFurnished}`;
    const image = this.images.get(key) ?? DebianImage.build(suite, isFurnished);
    this.images.set(key, image);
    return image;
  }

  private async furnish(): Promise<void> {
    // What was unpacked goes after all machines that use it.
    this.atEnd(async () => {
      for (const image of this.images.values()) {
        await (await image).remove();
      }
    });
    this.mirror = await PackageMirror.open(this.addHost("mirror", "198.51.100.99"));
    this.atEnd(() => this.mirror.close());
    // While it is stopped, it says so to each question, not to one a second.
    this.dnsHost.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit");
    await this.startDns();
    this.atEnd(() => this.dns.stop());
    this.aws = await Aws.start(this.addHost("aws", AWS, `${Aws.METADATA}/16`), this.services);
    this.atEnd(() => this.aws.stop());
    this.primary = await Primary.start(this.addHost("mx1", HostWorld.PRIMARY), {
      hostname: "mx1.example.com",
      // Postfix writes to its postmaster of what it finds wrong.
      users: [HostWorld.BOB, "postmaster@example.com"],
      nameserver: this.dns.address,
    });
    this.atEnd(() => this.primary.remove());
  }
}
