import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
} from "node:fs";
import { readConfiguration } from "../aws/deployed-stack";
import { eventually } from "../process/eventually";
import type { Postfix } from "./postfix";

const PROGRAM = "/usr/local/sbin/backup-mx-watch";
const FOLDER = "/run/backup-mx-watch";
const SECTION = "/etc/backup-mx/watch.json";
/** Its section of the configuration. */
export interface WatchSection {
  readonly interval: string;
  /** A line for each domain, as `example.com accept [mx1.example.com]:25`. */
  readonly domains: readonly string[];
}

/** The watch of the primaries as it runs on the backup, beside a Postfix of the lab. */
export class Watch {
  /** How often it asks in the lab. */
  static readonly INTERVAL = "5s";

  /** Starts it. Postfix, which needs the table that it makes, is started behind it. */
  static async start(postfix: Postfix): Promise<Watch> {
    const watch = new Watch(postfix);
    const live = readFileSync(postfix.path("/etc/backup-mx/configuration.json"), "utf8");
    watch.write(JSON.stringify(readConfiguration(live).watch));
    mkdirSync(postfix.path(FOLDER));
    await watch.start();
    return watch;
  }

  private program?: ChildProcess;

  private constructor(private readonly postfix: Postfix) {}

  /** Starts it, and waits until it has found out something. */
  async start(): Promise<void> {
    const log = openSync(this.postfix.path(`${FOLDER}/log`), "a");
    const [command, ...args] = this.postfix.command(PROGRAM);
    const env = { ...process.env, RUNTIME_DIRECTORY: FOLDER };
    const program = spawn(command, args, { env, stdio: ["ignore", log, log] });
    closeSync(log);
    this.program = program;
    await eventually(() => {
      if (program.exitCode !== null) {
        throw new Error(`the watch ended: ${this.log()}`);
      }
      return existsSync(this.report);
    });
  }

  /** Gives it another section while it runs, and waits until it has taken it. */
  async reload(section: WatchSection): Promise<void> {
    const before = this.taken();
    this.write(JSON.stringify(section));
    this.signal();
    await eventually(() => this.taken() !== before);
  }

  /** Gives it something that is no section. */
  confuse(text: string): void {
    this.write(text);
    this.signal();
  }

  /** Ends it by force. */
  async kill(): Promise<void> {
    const { program } = this;
    this.program = undefined;
    if (program?.exitCode === null) {
      const ended = once(program, "exit");
      program.kill("SIGKILL");
      await ended;
    }
  }

  /** Does what systemd does after it has ended. */
  hasEnded(result: string): string {
    const command = ["env", `SERVICE_RESULT=${result}`, `RUNTIME_DIRECTORY=${FOLDER}`];
    return this.postfix.run(...command, PROGRAM, "stopped");
  }

  /** The state of each primary: up, busy, refuses, itself, down or unknown. */
  states(): ReadonlyMap<string, string> {
    const lines = readFileSync(this.report, "utf8").trim().split("\n");
    return new Map(lines.map((line) => line.split(" ") as [string, string]));
  }

  /** How many seconds ago the primary answered, or failed to, that was not asked for longest. */
  oldestAnswer(): number {
    return Date.now() / 1000 - statSync(this.postfix.path(`${FOLDER}/oldest`)).mtimeMs / 1000;
  }

  /** The processor time that it has used, in seconds, and its memory in MiB. */
  cost(): { readonly seconds: number; readonly mebibytes: number; readonly files: number } {
    const pid = this.pid;
    const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .split(") ")[1]
      .split(" ")
      .slice(11);
    const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return {
      seconds: (Number(user) + Number(system)) / 100,
      mebibytes: Math.round(Number(kibibytes) / 1024),
      files: readdirSync(`/proc/${pid}/fd`).length,
    };
  }

  /** Makes it look as if it had said nothing for a long time. */
  growOld(): void {
    utimesSync(this.report, 0, 0);
  }

  /** The domains whose recipients Postfix accepts unverified now. */
  outages(): string[] {
    const entries = this.postfix.run("postmap", "-s", "lmdb:/var/lib/postfix/outages");
    return entries
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(/\s/)[0])
      .sort();
  }

  log(): string {
    return readFileSync(this.postfix.path(`${FOLDER}/log`), "utf8");
  }

  private write(section: string): void {
    this.postfix.write({ [SECTION]: section });
  }

  /** As systemd does for its ExecReload. */
  private signal(): void {
    process.kill(this.pid, "SIGHUP");
  }

  /** `nsenter` becomes the program that it starts. */
  private get pid(): number {
    if (this.program?.pid === undefined) {
      throw new Error("the watch does not run");
    }
    return this.program.pid;
  }

  private taken(): string {
    return readFileSync(this.postfix.path(`${FOLDER}/taken`), "utf8");
  }

  private get report(): string {
    return this.postfix.path(`${FOLDER}/primaries`);
  }
}
