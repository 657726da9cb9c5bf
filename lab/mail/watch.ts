import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, utimesSync } from "node:fs";
import { eventually } from "../process/eventually";
import type { Postfix } from "./postfix";

const PROGRAM = "/usr/local/sbin/backup-mx-watch";
const FOLDER = "/run/backup-mx-watch";

/** The watch of the primaries as it runs on the backup, beside a Postfix of the lab. */
export class Watch {
  /** How often it asks. */
  static readonly INTERVAL = "5s";

  /** Starts it. Postfix, which needs the table that it makes, is started behind it. */
  static async start(postfix: Postfix, interval = Watch.INTERVAL): Promise<Watch> {
    const watch = new Watch(postfix, interval);
    mkdirSync(postfix.path(FOLDER));
    await watch.start();
    return watch;
  }

  private program?: ChildProcess;

  private constructor(
    private readonly postfix: Postfix,
    private readonly interval: string,
  ) {}

  /** Starts it, and waits until it has found out something. */
  async start(): Promise<void> {
    const log = openSync(this.postfix.path(`${FOLDER}/log`), "a");
    const [command, ...args] = this.postfix.command(PROGRAM);
    const env = { ...process.env, WATCH_INTERVAL: this.interval, RUNTIME_DIRECTORY: FOLDER };
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

  /** The state of each primary: up, down, refuses or unknown. */
  states(): ReadonlyMap<string, string> {
    const lines = readFileSync(this.report, "utf8").trim().split("\n");
    return new Map(lines.map((line) => line.split(" ") as [string, string]));
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

  private get report(): string {
    return this.postfix.path(`${FOLDER}/primaries`);
  }
}
