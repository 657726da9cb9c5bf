import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";

/** A mail as a sink got it. */
export interface ArrivedMail {
  /** MAIL and RCPT as they came, in latin-1. */
  readonly envelope: readonly string[];
  /** Every byte in latin-1, without the dots that SMTP adds; of a large mail the header alone. */
  readonly content: string;
  readonly size: number;
  /** The SHA-256 of its body. */
  readonly digest: string;
  /** In seconds since 1970. */
  readonly time: number;
}

/** A primary without taste: it takes every mail, with every extension, and keeps each byte. */
export class Sink {
  static async start(host: NetworkHost): Promise<Sink> {
    const sink = new Sink(host, mkdtempSync(join(tmpdir(), "sink-")));
    await sink.start();
    return sink;
  }

  private program?: ChildProcess;

  private constructor(
    private readonly host: NetworkHost,
    private readonly folder: string,
  ) {}

  /** Listens again after a stop. */
  async start(): Promise<void> {
    const [command, ...args] = this.host.command(
      "python3", join(__dirname, "sink.py"), this.host.address, this.folder,
    ); // biome-ignore format: reads as the command line
    const program = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.program = program;
    await Promise.race([
      once(program.stdout, "data"),
      once(program, "exit").then(() => Promise.reject(new Error("the sink ended"))),
    ]);
  }

  /** Refuses connections from now on. */
  async stop(): Promise<void> {
    const { program } = this;
    this.program = undefined;
    if (program?.exitCode === null && program.signalCode === null) {
      const ended = once(program, "exit");
      program.kill();
      await ended;
    }
  }

  /** Ends it; what it kept is lost. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** What has arrived, in its order. */
  arrived(): ArrivedMail[] {
    const path = join(this.folder, "arrived");
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    return lines.map((line) => {
      const { file, ...facts } = JSON.parse(line);
      const content = () => readFileSync(join(this.folder, file), "latin1");
      return Object.defineProperty(facts, "content", { get: content });
    });
  }

  /** What has arrived for an address, with its case. */
  arrivedFor(address: string): ArrivedMail[] {
    const asked = `TO:<${address}>`;
    return this.arrived().filter(({ envelope }) => envelope.some((line) => line.includes(asked)));
  }
}
