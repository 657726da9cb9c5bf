import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { readConfiguration } from "../aws/deployed-stack";
import { eventually } from "../process/eventually";
import type { Postfix } from "./postfix";

const PROGRAM = "/usr/local/sbin/backup-mx-judge";
const RUN = "/run/backup-mx-judge";
const SPOOL = "/var/spool/backup-mx";
/** Postfix's user stands for the judge's own, which only a host has. */
const AS_USER = ["setpriv", "--reuid=postfix", "--regid=postfix", "--groups=postdrop"];

/** What the lab has in place of the journal. */
const JOURNALCTL = (log: string) => `#!/usr/bin/python3
import re
with open(${JSON.stringify(log)}, encoding="utf-8", errors="replace") as file:
    print(re.sub(r"<\\d+>(?=[A-Z][a-z]{2} [ \\d]\\d \\d\\d:)", "\\n", file.read()))
`;

/** Settings of the judge, as its section of the configuration has them. */
export type JudgeSection = Readonly<Record<string, string | boolean>>;

/** The judge as it runs on the backup, beside a Postfix of the lab. */
export class Judge {
  /** Starts it with the section of the live configuration, and what differs from that. */
  static async start(
    postfix: Postfix,
    differing: JudgeSection = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<Judge> {
    const judge = new Judge(postfix);
    judge.tell(differing);
    for (const folder of [
      RUN,
      `${RUN}/own`,
      ...["judge", "judge/spool", "quarantine"].map((n) => `${SPOOL}/${n}`),
    ]) {
      postfix.run("install", "-d", "-o", "postfix", "-m", "0711", folder);
    }
    for (const digit of "0123456789abcdef") {
      postfix.run("ln", "-sf", `${RUN}/lmtp`, `${RUN}/lmtp-${digit}`);
    }
    postfix.write({ "/usr/local/sbin/journalctl": JOURNALCTL(postfix.logFile) });
    // The judge may read the log as it may read the journal of a host.
    chmodSync(dirname(postfix.logFile), 0o711);
    await judge.start(env);
    return judge;
  }

  private program?: ChildProcess;

  private constructor(private readonly postfix: Postfix) {}

  /** Gives it other settings, which count from its next start on. */
  tell(differing: JudgeSection): void {
    const live = readFileSync(this.postfix.path("/etc/backup-mx/configuration.json"), "utf8");
    const section = { ...readConfiguration(live).judge, ...differing };
    this.postfix.write({ "/etc/backup-mx/judge.json": JSON.stringify(section) });
  }

  /** Starts it, and waits until Postfix can reach it. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const log = openSync(this.postfix.path(`${RUN}/log`), "a");
    this.postfix.run("rm", "-f", `${RUN}/own/state.json`);
    const [command, ...args] = this.postfix.command(...AS_USER, PROGRAM);
    const program = spawn(command, args, {
      env: { ...process.env, PATH: `/usr/local/sbin:${process.env.PATH}`, ...env },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.program = program;
    await eventually(() => {
      if (program.exitCode !== null || program.signalCode !== null) {
        throw new Error(`the judge ended: ${this.log()}`);
      }
      return existsSync(this.postfix.path(`${RUN}/own/state.json`));
    });
  }

  /** Whether it runs. */
  get isRunning(): boolean {
    return this.program?.exitCode === null && this.program.signalCode === null;
  }

  /** Ends it by force. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { program } = this;
    if (program !== undefined && this.isRunning) {
      const ended = once(program, "exit");
      program.kill(signal);
      await ended;
    }
  }

  /** What it tells the host's command of itself. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON has no types
  state(): any {
    return JSON.parse(readFileSync(this.postfix.path(`${RUN}/own/state.json`), "utf8"));
  }

  /** What it has logged since its first start. */
  log(): string {
    return readFileSync(this.postfix.path(`${RUN}/log`), "utf8");
  }

  /** The highest resident memory of this run, in MiB. */
  memory(): number {
    const status = readFileSync(`/proc/${this.program?.pid}/status`, "utf8");
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }
}
