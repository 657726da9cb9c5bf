import { createHash } from "node:crypto";
import type { Bucket } from "../aws/bucket";
import type { CloudInitVerdict, Machine } from "../machine/machine";
import type { QueuedMail } from "../mail/postfix";
import type { NetworkHost } from "../net/network";
import type { Execution } from "../process/execution";

/** How cloud-init ends where all went well. */
export const GOOD: CloudInitVerdict = { exitCode: 0, status: "done", errors: [], warnings: [] };

/** A backup that runs. */
export class MailHost {
  private isThere = true;

  constructor(
    readonly machine: Machine,
    /** Its place in the network. */
    readonly place: NetworkHost,
    /** What it runs. */
    readonly bucket: Bucket,
    readonly bucketName: string,
  ) {}

  get address(): string {
    return this.place.address;
  }

  /** Waits until cloud-init has ended, and tells how. */
  cloudInit(): Promise<CloudInitVerdict> {
    return this.machine.cloudInit();
  }

  /** Runs a program to its end, whatever this is. */
  run(...command: string[]): Promise<Execution> {
    return this.machine.run(...command);
  }

  /** Runs a program to its end, which has to be a good one, and returns what it printed. */
  async succeed(...command: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run(...command);
    if (exitCode !== 0) {
      throw new Error(`${command.join(" ")}: exit status ${exitCode}\n${stdout}${stderr}`);
    }
    return stdout;
  }

  /** Waits until what is in its bucket is live, and tells what came of it. */
  takesConfiguration(): Promise<Execution> {
    const sum = createHash("sha256").update(this.bucket.get("configuration")).digest("hex");
    return this.run("backup-mx", "wait", sum);
  }

  /** What its set-up has said. */
  async setUpLog(): Promise<string> {
    return this.succeed("journalctl", "--unit=backup-mx-setup", "--output=cat", "--no-pager");
  }

  /** What it tells its operator of itself, for a program. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON has no types
  async status(): Promise<any> {
    return JSON.parse((await this.run("backup-mx", "--json")).stdout);
  }

  /** What the alarms get of it. */
  async figures(): Promise<{ readonly [name: string]: number }> {
    const lines = (await this.succeed("backup-mx-figures")).trim().split("\n");
    return Object.fromEntries(
      lines.map((line) => line.split(" ")).map(([name, value]) => [name, Number(value)]),
    );
  }

  async queue(): Promise<QueuedMail[]> {
    const { stdout } = await this.run("postqueue", "-j");
    const lines = stdout.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line));
  }

  reboot(): Promise<void> {
    return this.machine.reboot();
  }

  /** It is gone at once, as an instance that is terminated. */
  async remove(): Promise<void> {
    if (this.isThere) {
      this.isThere = false;
      await this.machine.remove();
    }
  }
}
