import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { succeed } from "../process/execution";

/** A mail as it goes over the wire. Every text is latin-1: one letter, one byte. */
export interface RawMail {
  /** The command, as `MAIL FROM:<a@b.example> RET=HDRS`. */
  readonly mail: string;
  /** The commands, as `RCPT TO:<a@b.example>`. */
  readonly rcpt: readonly string[];
  /** Every byte of the content, with a line end at its end. Dots are added on the wire. */
  readonly data: string;
  /** So many bytes of short lines are added to the content. @default 0 */
  readonly fill?: number;
}

/** The last line of each reply. */
export interface RawReplies {
  readonly mail: string;
  readonly rcpt: readonly string[];
  readonly data: string;
}

export interface RawSending {
  /** @default "sender.example" */
  readonly helo?: string;
  /** Mails that are sent at once, by one connection each. @default 1 */
  readonly connections?: number;
}

/** Sends mails from one host to another, with every byte as it is told. */
export async function sendRaw(
  host: NetworkHost,
  server: string,
  mails: readonly RawMail[],
  { helo = "sender.example", connections = 1 }: RawSending = {},
): Promise<RawReplies[]> {
  const program = host.command("python3", join(__dirname, "raw-sender.py"));
  const input = JSON.stringify({ server, helo, connections, mails });
  return JSON.parse(await succeed(program, { input }));
}
