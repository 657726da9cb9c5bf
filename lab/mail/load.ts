import { setTimeout as sleep } from "node:timers/promises";
import type { NetworkHost } from "../net/network";
import type { Primary } from "./primary";
import { type SmtpReplies, smtp } from "./smtp-client";

export interface LoadOptions {
  readonly from: NetworkHost;
  /** The address of the server that gets the load. */
  readonly to: string;
  readonly recipient: string;
}

/** How mails are sent, and what they are like. */
export interface Sending {
  readonly parallel?: number;
  readonly bytes?: number;
  readonly pauseMs?: number;
  /** A zip archive that each of them has as its attachment. */
  readonly archive?: Buffer;
}

/** What became of a load in the end. */
export interface Outcome {
  /** How many mails the server has answered with 250: those it must not lose. */
  readonly accepted: number;
  /** How many of these have arrived, not counting copies. */
  readonly delivered: number;
  /** How many arrived more than once. */
  readonly twice: number;
}

/** Mails with names, of which it is known which ones the server has taken responsibility for. */
export class Load {
  private static count = 0;

  private readonly name = `load${process.pid}x${Load.count++}`;
  private readonly accepted = new Set<string>();
  private sent = 0;
  private last = 0;

  constructor(private readonly options: LoadOptions) {}

  /**
   * Sends mails, some at a time. A mail that is refused, or whose sender is hung up on, is not the
   * server's: it counts neither as accepted nor as lost.
   */
  async send(
    count: number,
    { parallel = 8, bytes = 2000, pauseMs = 0, archive }: Sending = {},
  ): Promise<void> {
    this.last = Math.max(this.last, this.sent) + count;
    const line = `${"All work and no play makes Jack a dull boy. ".repeat(2).trim()}\n`;
    const body = line.repeat(Math.ceil(bytes / line.length));
    const sender = async () => {
      while (this.sent < this.last) {
        await this.sendOne(`${this.name}-${this.sent++}`, body, archive);
        await sleep(pauseMs);
      }
    };
    await Promise.all(Array.from({ length: parallel }, sender));
  }

  /** Sends no more; what is on its way is finished. */
  stop(): void {
    this.last = this.sent;
  }

  /** The mails that the server has answered with 250 so far. */
  promised(): ReadonlySet<string> {
    return new Set(this.accepted);
  }

  outcome(primary: Primary, promised: ReadonlySet<string> = this.accepted): Outcome {
    const copies = new Map<string, number>();
    for (const mail of primary.messages(this.options.recipient)) {
      const [, subject = ""] = /^Subject: (\S+)\r?$/m.exec(mail) ?? [];
      // A mail that came without its end did not come.
      if (promised.has(subject) && mail.includes(`\nThe end of ${subject}`)) {
        copies.set(subject, (copies.get(subject) ?? 0) + 1);
      }
    }
    return {
      accepted: promised.size,
      delivered: copies.size,
      twice: [...copies.values()].filter((count) => count > 1).length,
    };
  }

  private async sendOne(subject: string, body: string, archive?: Buffer): Promise<void> {
    const { from, to, recipient } = this.options;
    const data = [
      "From: alice@sender.example",
      `To: ${recipient}`,
      `Subject: ${subject}`,
      `Message-ID: <${subject}@sender.example>`,
      "Date: Sun, 1 Nov 2026 12:00:00 +0000",
      ...(archive === undefined ? [] : ["MIME-Version: 1.0", MULTIPART]),
      "",
      ...(archive === undefined ? [] : attachment(archive)),
      `${body}The end of ${subject}`,
      ...(archive === undefined ? [] : ["--part--"]),
      "",
    ].join("\n");
    const dialogue = { helo: "sender.example", from: "alice@sender.example", to: recipient, data };
    const replies: SmtpReplies | undefined = await smtp(from, to, dialogue).catch(() => undefined);
    if (replies?.data?.code === 250) {
      this.accepted.add(subject);
    }
  }
}

const MULTIPART = 'Content-Type: multipart/mixed; boundary="part"';

function attachment(archive: Buffer): string[] {
  return [
    "--part",
    'Content-Type: application/zip; name="archive.zip"',
    "Content-Transfer-Encoding: base64",
    "",
    ...(archive.toString("base64").match(/.{1,76}/g) ?? []),
    "--part",
    "Content-Type: text/plain",
    "",
  ];
}
