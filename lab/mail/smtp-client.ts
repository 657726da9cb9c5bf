import { spawn } from "node:child_process";
import type { NetworkHost } from "../net/network";
import { PATIENCE_SECONDS } from "../process/patience";

export interface SmtpDialogue {
  /** @default - the name of the sending host */
  readonly helo?: string;
  /** @default "" the null sender */
  readonly from?: string;
  /** Without a recipient the client only reads the greeting. */
  readonly to?: string | readonly string[];
  /** The message. Without it the client leaves before DATA, as one who only wants to know. */
  readonly data?: string;
  /** @default 25 */
  readonly port?: number;
  /** The time limit of the whole dialogue in seconds. @default - the patience of the lab */
  readonly patience?: number;
}

export interface SmtpReply {
  readonly code: number;
  readonly text: string;
  /** From the command to the end of its reply. */
  readonly seconds: number;
}

/** The replies as far as the dialogue went. */
export interface SmtpReplies {
  readonly greeting: SmtpReply;
  readonly helo?: SmtpReply;
  readonly mail?: SmtpReply;
  readonly rcpt: readonly SmtpReply[];
  readonly data?: SmtpReply;
}

/**
 * Speaks SMTP from one host to another, one command at a time, and returns what it heard. Throws
 * where the server cannot be reached, hangs up, or outlasts the patience.
 */
export async function smtp(
  host: NetworkHost,
  server: string,
  dialogue: SmtpDialogue = {},
): Promise<SmtpReplies> {
  const connection = new SmtpConnection(host, server, dialogue.port, dialogue.patience);
  try {
    const greeting = await connection.reply();
    const rcpt: SmtpReply[] = [];
    const recipients = [dialogue.to ?? []].flat();
    if (greeting.code !== 220 || recipients.length === 0) {
      return { greeting, rcpt };
    }
    const helo = await connection.command(`EHLO ${dialogue.helo ?? host.name}`);
    const mail = await connection.command(`MAIL FROM:<${dialogue.from ?? ""}>`);
    if (mail.code !== 250) {
      return { greeting, helo, mail, rcpt };
    }
    for (const recipient of recipients) {
      rcpt.push(await connection.command(`RCPT TO:<${recipient}>`));
    }
    if (dialogue.data === undefined || !rcpt.some((reply) => reply.code === 250)) {
      return { greeting, helo, mail, rcpt };
    }
    const go = await connection.command("DATA");
    const data = go.code === 354 ? await connection.message(dialogue.data) : go;
    return { greeting, helo, mail, rcpt, data };
  } finally {
    connection.quit();
  }
}

/** The wire is a socat inside the host's namespace, so that the words can be spoken from here. */
export class SmtpConnection {
  private readonly socat;
  private heard = "";
  private since = Date.now();
  /** Why no more will be heard. */
  private end?: string;
  private wake: () => void = () => {};

  constructor(host: NetworkHost, server: string, port = 25, patience = PATIENCE_SECONDS) {
    const address = server.includes(":") ? `[${server}]` : server;
    const [command, ...args] = host.command("socat", "-", `TCP:${address}:${port}`);
    this.socat = spawn(command, args, { timeout: patience * 1000 });
    this.socat.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.heard += text;
      this.wake();
    });
    let complaint = "";
    this.socat.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    // A server that hangs up while we speak is reported by the end of the wire.
    this.socat.stdin.on("error", () => {});
    this.socat.on("close", () => {
      this.end = this.socat.killed
        ? `no reply within ${patience} s`
        : complaint.trim() || "hung up";
      this.wake();
    });
  }

  command(line: string): Promise<SmtpReply> {
    this.since = Date.now();
    this.socat.stdin.write(`${line}\r\n`);
    return this.reply();
  }

  message(text: string): Promise<SmtpReply> {
    const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
    return this.command([...lines.map((line) => line.replace(/^\./, "..")), "."].join("\r\n"));
  }

  async reply(): Promise<SmtpReply> {
    for (;;) {
      const whole = /^(?:\d{3}-.*\r\n)*(\d{3})(?: .*)?\r\n/.exec(this.heard);
      if (whole) {
        this.heard = this.heard.slice(whole[0].length);
        return {
          code: Number(whole[1]),
          text: whole[0].replace(/^\d{3}[ -]?/gm, "").trim(),
          seconds: (Date.now() - this.since) / 1000,
        };
      }
      if (this.end !== undefined) {
        throw new Error(`SMTP: ${this.end}`);
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Says good-bye and does not wait for the answer. */
  quit(): void {
    this.socat.stdin.end("QUIT\r\n");
  }
}
