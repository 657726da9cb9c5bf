import type { BackupMxDomain, BackupMxProps } from "../../lib";
import { Scanner } from "../../lib";
import { type DnsRecords, DnsServer } from "../dns/dns-server";
import { message } from "../mail/message";
import { Postfix } from "../mail/postfix";
import { type Mood, Primary } from "../mail/primary";
import {
  configure,
  type RenderedPolicy,
  renderedPolicy,
  resolverSettings,
} from "../mail/rendered-policy";
import { type SmtpDialogue, type SmtpReplies, smtp } from "../mail/smtp-client";
import { Watch } from "../mail/watch";
import type { NetworkHost } from "../net/network";
import { program, type Requirement, root } from "../requirements";
import { World } from "./world";

/** What is special to a world. */
export interface PolicyWorldOptions {
  readonly domains: readonly BackupMxDomain[];
  /** The users of each domain, known to all of its primaries. @default ["anna"] */
  readonly users?: readonly string[];
  /** Props beside hostname and domains. */
  readonly props?: Partial<BackupMxProps>;
  /** Domains that DNS does not know, and that have no primaries. @default - none */
  readonly gone?: readonly string[];
  /** DNS records beside those of the domains, the backup and the sender, or in place of them. */
  readonly records?: DnsRecords;
  /** Further files on the backup, below /etc. @default - none */
  readonly files?: Readonly<Record<string, string>>;
  /** The address under which the world finds the backup. @default - its own */
  readonly publicAddress?: string;
  /**
   * Gives the backup a resolver of its own, and returns its address.
   *
   * @default - it asks the DNS server of the world
   */
  readonly resolver?: (world: PolicyWorld) => Promise<string>;
  /** Whether the watch of the primaries runs. @default true */
  readonly isWatched?: boolean;
}

/**
 * Postfix with the policy that the library renders from props, in a network with a DNS server, a
 * primary for each hostname, and a sender. Nothing is scanned, and nobody is kept waiting before
 * the greeting, unless the props say so.
 */
export class PolicyWorld extends World {
  static readonly HOSTNAME = "mx2.example.net";
  static readonly BACKUP = "192.0.2.25";
  static readonly SENDER = "192.0.2.100";

  /** What this machine must have for such a world. */
  static readonly NEEDS: readonly Requirement[] = [
    root,
    program("ip", "iproute2"),
    program("openssl", "openssl"),
    program("postfix", "postfix postfix-lmdb"),
    program("python3", "python3"),
    program("socat", "socat"),
    program("unbound", "unbound"),
  ];

  static open(options: PolicyWorldOptions): Promise<PolicyWorld> {
    const world = new PolicyWorld(options);
    return world.furnished(() => world.furnish());
  }

  readonly sender = this.addHost("sender", PolicyWorld.SENDER);
  /** The host on which Postfix runs. */
  readonly host = this.addHost("mx2", PolicyWorld.BACKUP);
  /** What DNS says while nothing is wrong. */
  readonly records: DnsRecords;
  /** What the backup has from the library. */
  readonly policy: RenderedPolicy;
  dns!: DnsServer;
  backup!: Postfix;
  private runningWatch?: Watch;
  private readonly primaries = new Map<string, Primary>();
  /** The domains of each primary. */
  private readonly served = new Map<string, string[]>();

  private constructor(private readonly options: PolicyWorldOptions) {
    super();
    const { domains, gone = [], props, publicAddress = PolicyWorld.BACKUP } = options;
    for (const { name, primaries } of domains) {
      for (const { hostname } of gone.includes(name) ? [] : primaries) {
        this.served.set(hostname, [...(this.served.get(hostname) ?? []), name]);
      }
    }
    this.records = {
      ...Object.fromEntries(
        domains
          .filter(({ name }) => !gone.includes(name))
          .map(({ name, primaries }) => [
            name,
            [...primaries.map((p) => `MX 10 ${p.hostname}`), `MX 20 ${PolicyWorld.HOSTNAME}`],
          ]),
      ),
      ...Object.fromEntries(
        [...this.served.keys()].map((name) => [name, [`A ${this.addressOf(name)}`]]),
      ),
      [PolicyWorld.HOSTNAME]: [`A ${publicAddress}`],
      "sender.example": [`A ${PolicyWorld.SENDER}`],
      ...options.records,
    };
    this.policy = renderedPolicy(
      {
        hostname: PolicyWorld.HOSTNAME,
        domains: [...domains],
        greetTest: false,
        scanner: Scanner.none(),
        watchInterval: Watch.INTERVAL,
        ...props,
      },
      publicAddress,
    );
  }

  get watch(): Watch {
    if (this.runningWatch === undefined) {
      throw new Error("nobody watches the primaries of this world");
    }
    return this.runningWatch;
  }

  /** The address of a primary. */
  addressOf(hostname: string): string {
    return `192.0.2.${110 + [...this.served.keys()].indexOf(hostname)}`;
  }

  /** The primary of this name; without one the only one there is. */
  primary(hostname = [...this.primaries.keys()].join()): Primary {
    const primary = this.primaries.get(hostname);
    if (primary === undefined) {
      throw new Error(`no primary ${hostname} among ${[...this.primaries.keys()]}`);
    }
    return primary;
  }

  /** What the host tells a resolver of its own. */
  resolverSettings(): string {
    return resolverSettings(this.backup);
  }

  /** Lets primaries behave like this from now on, all at once. */
  async become(moods: Readonly<Record<string, Mood>>): Promise<void> {
    await Promise.all(
      Object.entries(moods).map(([hostname, mood]) => this.primary(hostname).become(mood)),
    );
  }

  /** Asks the backup whether it takes mail, as the sender unless told. */
  ask(to: string, from = this.sender): Promise<SmtpReplies> {
    return this.say({ to }, from);
  }

  /** Sends a mail to the backup. */
  send(to: string, subject = "hello"): Promise<SmtpReplies> {
    return this.say({ to, data: message(subject) });
  }

  /** Speaks to the backup, as the sender unless told. */
  say(dialogue: SmtpDialogue, from: NetworkHost = this.sender): Promise<SmtpReplies> {
    return smtp(from, PolicyWorld.BACKUP, {
      helo: "sender.example",
      from: "someone@sender.example",
      ...dialogue,
    });
  }

  private async furnish(): Promise<void> {
    const { files, isWatched = true, resolver } = this.options;
    this.dns = await DnsServer.start(this.addHost("dns", "192.0.2.53"), this.records);
    this.atEnd(() => this.dns.stop());
    await Promise.all([...this.served.keys()].map((hostname) => this.startPrimary(hostname)));
    this.backup = await Postfix.layOut(this.host, {}, { nameserver: this.dns.address });
    this.atEnd(() => this.backup.remove());
    configure(this.backup, this.policy);
    this.backup.write(files ?? {});
    const own = await resolver?.(this);
    if (own !== undefined) {
      this.backup.write({ "/etc/resolv.conf": `nameserver ${own}\n` });
    }
    if (isWatched) {
      // First, as on a host: Postfix needs the table that it makes.
      this.runningWatch = await Watch.start(this.backup);
      this.atEnd(() => this.runningWatch?.kill());
    } else {
      // The watch would make it. Nothing is withheld from senders.
      const table = "/var/lib/postfix/withheld";
      this.backup.run(
        "sh",
        "-c",
        `: >${table} && chown postfix: ${table} && postmap lmdb:${table}`,
      );
    }
    await this.backup.start();
  }

  private async startPrimary(hostname: string): Promise<void> {
    const { users = ["anna"] } = this.options;
    const domains = this.served.get(hostname) ?? [];
    const number = [...this.served.keys()].indexOf(hostname);
    const primary = await Primary.start(
      this.addHost(`mx${10 + number}`, this.addressOf(hostname)),
      {
        hostname,
        users: domains.flatMap((domain) => users.map((user) => `${user}@${domain}`)),
        nameserver: this.dns.address,
      },
    );
    this.primaries.set(hostname, primary);
    this.atEnd(() => primary.remove());
  }
}
