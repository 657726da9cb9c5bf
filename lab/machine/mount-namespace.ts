import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";

/**
 * Mounts that nobody outside sees. They vanish with the last process inside, and the process that
 * holds them ends with its standard input, thus with the tests: nothing is left to unmount or to
 * delete, however the tests end.
 */
export class MountNamespace {
  private constructor(private readonly holder: ChildProcess) {}

  /** Begins with the mounts of the machine, or with those of another namespace. */
  static async create(origin?: MountNamespace): Promise<MountNamespace> {
    // A slave still learns of the network namespaces that are made later: they are mounts as well.
    const unshare = ["unshare", "--mount", "--propagation", "slave", "cat"];
    const [file, ...args] = origin?.command(...unshare) ?? unshare;
    const holder = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    holder.stdin.write("\n");
    await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
    if (holder.exitCode !== null) {
      throw new Error(`${unshare.join(" ")}: exit status ${holder.exitCode}`);
    }
    for (const handle of [holder, holder.stdin as Socket, holder.stdout as Socket]) {
      handle.unref();
    }
    return new MountNamespace(holder);
  }

  /** The command line that runs a program among these mounts. */
  command(...command: string[]): [string, ...string[]] {
    return ["nsenter", `--mount=/proc/${this.holder.pid}/ns/mnt`, ...command];
  }

  /** The name by which the tests reach a file of this namespace. */
  path(file: string): string {
    return `/proc/${this.holder.pid}/root${file}`;
  }

  /** Lets go of the mounts. What runs inside must have been ended by who started it. */
  async end(): Promise<void> {
    this.holder.ref();
    const ended = once(this.holder, "exit");
    this.holder.stdin?.end();
    await ended;
  }
}
