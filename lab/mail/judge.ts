import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { readConfiguration } from "../aws/deployed-stack";
import { eventually } from "../process/eventually";
import { layOutJournal } from "./journal";
import type { Postfix } from "./postfix";

const PROGRAM = "/usr/local/sbin/backup-mx-judge";
const RUN = "/run/backup-mx-judge";
const SPOOL = "/var/spool/backup-mx";
/** Postfix's user stands for the judge's own, which only a host has. */
const AS_USER = ["setpriv", "--reuid=postfix", "--regid=postfix", "--groups=postdrop"];

/** The user of the judge, for which Postfix's own stands. */
function addUser(postfix: Postfix): void {
  for (const [path, name] of [
    ["/etc/passwd", "/usr/sbin/nologin"],
    ["/etc/group", ""],
  ]) {
    const text = readFileSync(postfix.path(path), "utf8");
    if (!text.includes("backup-mx-judge:")) {
      const [, uid, gid] = /^postfix:x:(\d+):(\d*)/m.exec(text) ?? [];
      const line = path === "/etc/group" ? `${uid}:` : `${uid}:${gid}::/nonexistent:${name}`;
      postfix.write({ [path]: `${text}backup-mx-judge:x:${line}\n` });
    }
  }
}

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
    const judge = Judge.layOut(postfix, differing);
    await judge.start(env);
    return judge;
  }

  /** Gives a host all that it has beside the judge, which does not run. */
  static layOut(postfix: Postfix, differing: JudgeSection = {}): Judge {
    const judge = new Judge(postfix);
    judge.tell(differing);
    addUser(postfix);
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
    layOutJournal(postfix);
    // The judge may read the log as it may read the journal of a host.
    chmodSync(dirname(postfix.logFile), 0o711);
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
