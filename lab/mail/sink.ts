import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { Server } from "../process/server";

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

  private server?: Server;

  private constructor(
    private readonly host: NetworkHost,
    private readonly folder: string,
  ) {}

  /** Listens again after a stop. */
  async start(): Promise<void> {
    const script = join(__dirname, "sink.py");
    this.server = await Server.start(
      this.host.command("python3", script, this.host.address, this.folder),
    );
  }

  /** Refuses connections from now on. */
  async stop(): Promise<void> {
    await this.server?.stop();
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
