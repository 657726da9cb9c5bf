import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import {
  DnsServer,
  type Execution,
  eventually,
  execute,
  message,
  type NetworkHost,
  PolicyWorld,
  Postfix,
  Primary,
  type SmtpReplies,
  smtp,
} from "../../../lab";
import { World } from "../../../lab/worlds/world";
import { type Configuration, configurationOf, HOSTNAME, VERSION } from "./configuration";
import { layOutPrograms } from "./programs";

const PROGRAM = "/usr/local/sbin/backup-mx-configuration";
const STATE = "/run/backup-mx/configuration.json";

/** What the host tells of its configuration. */
export interface ConfigurationState {
  readonly live: string | null;
  readonly since: number | null;
  readonly wanted: string | null;
  readonly refused: string | null;
  readonly looked: number | null;
}

/**
 * A host whose programs take a configuration into use, with a real Postfix and without systemd, in
 * a network with a DNS server, a primary of the domains `example.com` and `example.org`, and a sender.
 */
export class ConfiguredHost extends World {
  static readonly NEEDS = PolicyWorld.NEEDS;
  static readonly ADDRESS = "192.0.2.25";

  static open(): Promise<ConfiguredHost> {
    const world = new ConfiguredHost();
    return world.furnished(() => world.furnish());
  }

  readonly sender = this.addHost("sender", "192.0.2.100");
  readonly host = this.addHost("mx2", ConfiguredHost.ADDRESS);
  postfix!: Postfix;
  primary!: Primary;
  private service?: ChildProcess;

  private async furnish(): Promise<void> {
    const records = {
      "example.com": ["MX 10 mx1.example.com", `MX 20 ${HOSTNAME}`],
      "example.org": ["MX 10 mx1.example.com", `MX 20 ${HOSTNAME}`],
      "example.net": ["MX 10 mx1.example.com"],
      "mx1.example.com": ["A 192.0.2.110"],
      [HOSTNAME]: [`A ${ConfiguredHost.ADDRESS}`],
      "sender.example": ["A 192.0.2.100"],
    };
    const dns = await DnsServer.start(this.addHost("dns", "192.0.2.53"), records);
    this.atEnd(() => dns.stop());
    this.primary = await Primary.start(this.addHost("primary", "192.0.2.110"), {
      hostname: "mx1.example.com",
      users: ["anna@example.com", "anna@example.org", "anna@example.net"],
      nameserver: dns.address,
    });
    this.atEnd(() => this.primary.remove());
    this.postfix = await Postfix.layOut(this.host, {}, { nameserver: dns.address });
    this.atEnd(() => this.postfix.remove());
    this.atEnd(async () => {
      await this.kill();
      await this.run("postfix", "stop");
    });
    this.mount("/usr/local/lib");
    this.mountBeside("/var/lib", "/var/lib/postfix");
    this.mountBeside("/var/spool", "/var/spool/postfix");
    layOutPrograms((path) => this.path(path));
    for (const folder of ["/etc/backup-mx", "/var/lib/backup-mx", "/run/store", "/run/upkeep"]) {
      mkdirSync(this.path(folder), { recursive: true });
    }
    mkdirSync(this.path("/var/spool/backup-mx"), { mode: 0o755 });
    this.write(
      "/etc/backup-mx/host.json",
      JSON.stringify({ hostname: HOSTNAME, version: VERSION }),
    );
    this.write("/etc/postfix/dynamicmaps.cf", readFileSync("/etc/postfix/dynamicmaps.cf"));
  }

  path(file: string): string {
    return this.postfix.path(file);
  }

  write(file: string, content: string | Buffer): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), content);
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  has(file: string): boolean {
    return existsSync(this.path(file));
  }

  remove(file: string): void {
    rmSync(this.path(file), { force: true });
  }

  /** Runs a program on the host to its end, whatever this is. */
  run(...command: string[]): Promise<Execution> {
    return execute(this.postfix.command(...command));
  }

  /** Puts a configuration into the bucket, and returns its sum. */
  want(wanted: Configuration | string | Buffer): string {
    const bytes =
      typeof wanted === "string" || Buffer.isBuffer(wanted) ? wanted : JSON.stringify(wanted);
    this.write("/run/store/configuration", bytes);
    return sumOf(bytes);
  }

  /** What the set-up does: takes the first one. */
  async first(wanted: Configuration = configurationOf()): Promise<Execution> {
    this.want(wanted);
    return this.configure("first");
  }

  configure(verb: string): Promise<Execution> {
    const patience = ["env", "BACKUP_MX_PATIENCE=1"];
    return execute(this.postfix.command(...patience, PROGRAM, verb));
  }

  /** Starts the service. */
  watch(): void {
    const log = openSync(this.path("/run/configuration.log"), "a");
    const [file, ...args] = this.postfix.command(
      "env", "BACKUP_MX_INTERVAL=0.2", PROGRAM, "watch",
    ); // biome-ignore format: reads as the command line
    this.service = spawn(file, args, { stdio: ["ignore", log, log] });
    closeSync(log);
  }

  /** Ends the service, as a power cut ends it. */
  async kill(): Promise<void> {
    const { service } = this;
    this.service = undefined;
    if (service?.exitCode === null) {
      const ended = once(service, "exit");
      service.kill("SIGKILL");
      await ended;
    }
  }

  /** What the service has said. */
  log(): string {
    return this.read("/run/configuration.log");
  }

  get state(): ConfigurationState {
    return JSON.parse(this.read(STATE));
  }

  /** Waits until a configuration is live. */
  async isLive(sum: string): Promise<void> {
    await eventually(() => this.state.live === sum && this.state.refused === null);
  }

  /** Waits until a configuration is refused, and tells why. */
  async isRefused(sum: string): Promise<string> {
    return eventually(() => (this.state.wanted === sum ? this.state.refused : null));
  }

  /** Asks whether it takes mail. */
  ask(to: string, from: NetworkHost = this.sender): Promise<SmtpReplies> {
    return this.say(to, undefined, from);
  }

  send(to: string, subject = "hello"): Promise<SmtpReplies> {
    return this.say(to, message(subject), this.sender);
  }

  private say(to: string, data: string | undefined, from: NetworkHost): Promise<SmtpReplies> {
    const dialogue = { helo: "sender.example", from: "someone@sender.example", to, data };
    return smtp(from, ConfiguredHost.ADDRESS, dialogue);
  }

  private mount(folder: string): void {
    this.postfix.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder);
  }

  /** Gives the host a folder of its own in which one mount stays where it is. */
  private mountBeside(folder: string, stays: string): void {
    this.postfix.run("mkdir", "-p", "/run/aside");
    this.postfix.run("mount", "--bind", stays, "/run/aside");
    this.mount(folder);
    this.postfix.run("mkdir", stays);
    this.postfix.run("mount", "--bind", "/run/aside", stays);
    this.postfix.run("umount", "/run/aside");
  }
}

export function sumOf(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
