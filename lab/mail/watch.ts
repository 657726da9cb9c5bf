import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { eventually } from "../process/eventually";
import type { Postfix } from "./postfix";

const PROGRAM = resolve(__dirname, "../../lib/host/watch/backup-mx-watch");

/** The watch of the primaries as it runs on the backup, beside a Postfix of the lab. */
export class Watch {
  /** Starts it, and Postfix anew behind it: Postfix needs the table that the watch makes. */
  static async start(postfix: Postfix, interval = "5s"): Promise<Watch> {
    const watch = new Watch(postfix, interval);
    await watch.start();
    await postfix.stop();
    await postfix.start();
    return watch;
  }

  /** What stands for `/run/backup-mx-watch`. */
  readonly folder = mkdtempSync(join(tmpdir(), "watch-"));
  private program?: ChildProcess;

  private constructor(
    private readonly postfix: Postfix,
    private readonly interval: string,
  ) {}

  async start(): Promise<void> {
    const log = openSync(join(this.folder, "log"), "a");
    const [command, ...args] = this.postfix.command("python3", PROGRAM);
    const program = spawn(command, args, { env: this.environment(), stdio: ["ignore", log, log] });
    closeSync(log);
    this.program = program;
    await eventually(() => {
      if (program.exitCode !== null) {
        throw new Error(`the watch ended: ${this.log()}`);
      }
      return existsSync(join(this.folder, "primaries"));
    }, 45);
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
    const command = ["env", `SERVICE_RESULT=${result}`, `RUNTIME_DIRECTORY=${this.folder}`];
    return this.postfix.run(...command, "python3", PROGRAM, "stopped");
  }

  /** The state of each primary: up, down, refuses or unknown. */
  states(): ReadonlyMap<string, string> {
    const lines = readFileSync(join(this.folder, "primaries"), "utf8").trim().split("\n");
    return new Map(lines.map((line) => line.split(" ") as [string, string]));
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
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true });
  }

  private environment(): NodeJS.ProcessEnv {
    return { ...process.env, WATCH_INTERVAL: this.interval, RUNTIME_DIRECTORY: this.folder };
  }
}
