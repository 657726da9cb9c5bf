import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type NetworkHost, run } from "../net/network";
import { eventually } from "../process/eventually";
import { smtp } from "./smtp-client";

export interface PostfixOptions {
  /** The address of the name server. */
  readonly nameserver: string;
}

/** A mail in a queue, as `postqueue -j` prints it. */
export interface QueuedMail {
  readonly queue_name: string;
  readonly queue_id: string;
  /** In seconds since 1970. */
  readonly arrival_time: number;
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly delay_reason?: string }[];
}

/** The folders that a Postfix does not share with the machine. */
const PRIVATE = /^\/(etc|run|usr\/local\/(lib|sbin))\//;

/**
 * A real Postfix on a host of the lab, with its files at their true paths, byte for byte. It runs
 * among mounts of its own: overlays on /etc and /var/lib, empty folders for its queue, its data, and the
 * programs beside it, and a /dev with nothing but a log socket, so that neither the machine nor
 * another Postfix is touched.
 */
export class Postfix {
  /** Lays out the files and starts it. */
  static async start(
    host: NetworkHost,
    files: Readonly<Record<string, string>>,
    options: PostfixOptions,
  ): Promise<Postfix> {
    const postfix = await Postfix.layOut(host, files, options);
    try {
      await postfix.start();
    } catch (error) {
      await postfix.remove();
      throw error;
    }
    return postfix;
  }

  /**
   * Lays out the files, for programs that have to run before it starts.
   *
   * @param files by absolute path, below /etc, /run, /usr/local/lib or /usr/local/sbin
   */
  static async layOut(
    host: NetworkHost,
    files: Readonly<Record<string, string>>,
    options: PostfixOptions,
  ): Promise<Postfix> {
    const folder = mkdtempSync(join(tmpdir(), "postfix-"));
    mkdirSync(join(folder, "dev"));
    mkdirSync(join(folder, "etc"));
    const socket = join(folder, "dev/log");
    // The log goes straight into a file: a full pipe would make Postfix wait for the test.
    const log = openSync(join(folder, "mail.log"), "a");
    const [command, ...args] = host.command(
      "unshare", "--mount", "socat", "-u", `UNIX-RECV:${socket},mode=666`, "STDOUT",
    ); // biome-ignore format: reads as the command line
    const syslog = spawn(command, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    const postfix = new Postfix(host, folder, syslog);
    try {
      await eventually(() => existsSync(socket));
      postfix.mount();
      postfix.write({ "/etc/resolv.conf": `nameserver ${options.nameserver}\n`, ...files });
    } catch (error) {
      await postfix.remove();
      throw error;
    }
    return postfix;
  }

  private master?: ChildProcess;

  private constructor(
    readonly host: NetworkHost,
    private readonly folder: string,
    /** Receives the log, and keeps the namespaces alive that all other programs here join. */
    private readonly syslog: ChildProcess,
  ) {}

  /** Where a file of this Postfix is found from outside. */
  path(absolutePath: string): string {
    return `/proc/${this.syslog.pid}/root${absolutePath}`;
  }

  /** Replaces files. Postfix reads most of them at its next start only. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [path, content] of Object.entries(files)) {
      if (!PRIVATE.test(path)) {
        throw new Error(`${path} would be shared with the machine`);
      }
      mkdirSync(dirname(this.path(path)), { recursive: true });
      // Written through, a symbolic link would lead to the machine's own file.
      rmSync(this.path(path), { force: true });
      writeFileSync(this.path(path), content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
      // Every daemon waits until the files that it reads have rested for a second.
      utimesSync(this.path(path), 0, 0);
    }
  }

  /** Makes the files of a folder look as if they had rested. */
  age(folder: string): void {
    for (const { name } of readdirSync(this.path(folder), { withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )) {
      utimesSync(this.path(join(folder, name)), 0, 0);
    }
  }

  /** Starts Postfix and waits for its greeting. Its queue and its data are as it left them. */
  async start(): Promise<void> {
    const log = openSync(join(this.folder, "mail.log"), "a");
    const [command, ...args] = this.command("postfix", "start-fg");
    const master = spawn(command, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.master = master;
    try {
      await eventually(() => {
        if (master.exitCode !== null) {
          throw new Error("postfix ended");
        }
        return smtp(this.host, this.host.address).catch(() => undefined);
      });
    } catch (error) {
      throw new Error(`no greeting from Postfix on ${this.host.name}: ${this.log().slice(-2000)}`, {
        cause: error,
      });
    }
  }

  /** Ends Postfix: from now on connections are refused. */
  async stop(): Promise<void> {
    const master = this.master;
    this.master = undefined;
    if (master?.exitCode === null) {
      const ended = once(master, "exit");
      // Its own command to stop does the same, and then sleeps a second.
      const pid = Number(readFileSync(this.path("/var/spool/postfix/pid/master.pid"), "utf8"));
      process.kill(pid);
      await ended;
      // A daemon that outlives its master for a moment would still hold the port.
      const holders = /"(master|postscreen|smtpd)"/;
      await eventually(() => !holders.test(this.host.run("ss", "-Hltnp")));
    }
  }

  /** Ends everything; queue, data and log are lost. */
  async remove(): Promise<void> {
    await this.stop();
    this.endAnother();
    if (this.syslog.exitCode === null) {
      const ended = once(this.syslog, "exit");
      this.syslog.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true });
  }

  /** Ends a Postfix that a program of the host has started anew. */
  private endAnother(): void {
    const file = this.path("/var/spool/postfix/pid/master.pid");
    if (!existsSync(file)) {
      return;
    }
    const pid = Number(readFileSync(file, "utf8"));
    const place = (process: number | undefined) => readlinkSync(`/proc/${process}/ns/mnt`);
    try {
      // Its number may be that of another process by now.
      if (place(pid) === place(this.syslog.pid)) {
        process.kill(pid);
      }
    } catch (error) {
      // It has ended, or ends just now.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) {
        throw error;
      }
    }
  }

  /** Runs a program beside Postfix to its end and returns what it printed. */
  run(...command: string[]): string {
    const [file, ...args] = this.command(...command);
    return run(file, ...args);
  }

  queue(): QueuedMail[] {
    const lines = this.run("postqueue", "-j").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Delivers what waits for a domain now. */
  flush(domain: string): void {
    this.run("postqueue", "-s", domain);
  }

  /** The file with what Postfix logged. */
  get logFile(): string {
    return join(this.folder, "mail.log");
  }

  /** What Postfix logged since its first start. */
  log(): string {
    const text = readFileSync(this.logFile, "utf8");
    // Syslog datagrams end without a newline.
    return text.replace(/<\d+>(?=[A-Z][a-z]{2} [ \d]\d \d\d:)/g, "\n");
  }

  /** The command line that runs a program beside Postfix. */
  command(...command: string[]): [string, ...string[]] {
    return ["nsenter", `--target=${this.syslog.pid}`, "--mount", "--net", "--", ...command];
  }

  private mount(): void {
    const etc = join(this.folder, "etc");
    const dev = join(this.folder, "dev");
    // Wherever the temporary folder is: the layers of an overlay cannot lie on another overlay.
    this.run("mount", "-t", "tmpfs", "tmpfs", etc);
    for (const [number, folder] of ["/etc", "/var/lib"].entries()) {
      const [upper, work] = ["upper", "work"].map((name) => join(etc, `${name}${number}`));
      mkdirSync(this.path(upper));
      mkdirSync(this.path(work));
      const layers = `lowerdir=${folder},upperdir=${upper},workdir=${work}`;
      this.run("mount", "-t", "overlay", "-o", layers, "overlay", folder);
    }
    this.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/spool");
    for (const folder of ["postfix", "backup-mx"]) {
      mkdirSync(this.path(`/var/spool/${folder}`));
      // As on a host, where they are on the disk of the queue.
      this.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", `/var/spool/${folder}`);
    }
    for (const folder of ["/run", "/usr/local/lib", "/usr/local/sbin"]) {
      this.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder);
    }
    const owner = "mode=700,uid=postfix,gid=postfix";
    this.run("mount", "-t", "tmpfs", "-o", owner, "tmpfs", "/var/lib/postfix");
    for (const device of ["null", "urandom"]) {
      writeFileSync(join(dev, device), "");
      this.run("mount", "--bind", `/dev/${device}`, join(dev, device));
    }
    this.run("mount", "--rbind", dev, "/dev");
  }
}
