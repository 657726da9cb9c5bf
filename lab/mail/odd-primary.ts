import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { Server } from "../process/server";

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

/** A mail as it came, each byte a character. */
export interface TakenMail {
  /** MAIL and RCPT. */
  readonly commands: readonly string[];
  /** With the dots that SMTP adds. */
  readonly content: string;
}

/** A primary of a kind that nobody here would build. */
export class OddPrimary {
  static async start(host: NetworkHost, script: Script = {}): Promise<OddPrimary> {
    const folder = mkdtempSync(join(tmpdir(), "odd-primary-"));
    const file = join(folder, "script.json");
    writeFileSync(file, JSON.stringify(script));
    const program = join(__dirname, "odd-primary.py");
    const server = await Server.start(host.command("python3", program, host.address, file));
    return new OddPrimary(folder, file, server);
  }

  private constructor(
    private readonly folder: string,
    private readonly file: string,
    private readonly server: Server,
  ) {}

  /** Says something else from the next command on. */
  says(script: Script): void {
    writeFileSync(this.file, JSON.stringify(script));
  }

  /** What it has taken, also what it did not confirm. */
  taken(): readonly TakenMail[] {
    const file = `${this.file}.taken`;
    const lines = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
    return lines.map((line) => JSON.parse(line));
  }

  /** Forgets what it has taken. */
  clear(): void {
    rmSync(`${this.file}.taken`, { force: true });
  }

  async remove(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true });
  }
}
