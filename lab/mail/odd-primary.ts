import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";

/** What an odd primary says; the rest is usual. See odd-primary.py. */
export interface Script {
  readonly greeting?: string;
  readonly ehlo?: string;
  readonly mail?: string;
  /** By local part; `*` for all others. */
  readonly rcpt?: { readonly [localPart: string]: string };
  readonly data?: string;
  readonly end?: string;
  readonly slowly?: boolean;
}

/** A primary of a kind that nobody here would build. */
export class OddPrimary {
  static async start(host: NetworkHost, script: Script = {}): Promise<OddPrimary> {
    const primary = new OddPrimary(mkdtempSync(join(tmpdir(), "odd-primary-")));
    primary.says(script);
    const [command, ...args] = host.command(
      "python3", join(__dirname, "odd-primary.py"), host.address, primary.script,
    ); // biome-ignore format: reads as the command line
    primary.program = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    await Promise.race([
      once(primary.program.stdout as NodeJS.ReadableStream, "data"),
      once(primary.program, "exit").then(() => Promise.reject(new Error("it ended"))),
    ]);
    return primary;
  }

  private program?: ChildProcess;

  private constructor(private readonly folder: string) {}

  /** Says something else from the next connection on. */
  says(script: Script): void {
    writeFileSync(this.script, JSON.stringify(script));
  }

  async remove(): Promise<void> {
    const { program } = this;
    if (program?.exitCode === null && program.signalCode === null) {
      const ended = once(program, "exit");
      program.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true });
  }

  private get script(): string {
    return join(this.folder, "script.json");
  }
}
