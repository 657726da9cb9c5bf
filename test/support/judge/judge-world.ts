import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import {
  type ArrivedMail,
  eventually,
  Judge,
  type JudgeSection,
  PolicyWorld,
  type QueuedMail,
  type RawMail,
  type RawReplies,
  type RawSending,
  Sink,
  sendRaw,
} from "../../../lab";
import { RecipientVerification, Scanner } from "../../../lib";
import { JUDGE_SECTION } from "../judge-section";
import { Guests } from "./guests";

const DOMAIN = "example.com";
const PRIMARY = "192.0.2.110";
const QUARANTINE = "/var/spool/backup-mx/quarantine";

export interface JudgeWorldOptions {
  /** Settings of the judge that differ. */
  readonly section?: JudgeSection;
  /** How many scanners there are. @default 2 */
  readonly slots?: number;
  /** See sitecustomize.py. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a test says of a mail; the rest is ordinary. */
export interface MailOptions {
  readonly mood?: string;
  readonly sender?: string;
  /** Of MAIL, with a space in front. */
  readonly options?: string;
  /** Of each RCPT, with a space in front. */
  readonly recipientOptions?: string;
  readonly fill?: number;
}

/** A mail in quarantine. */
export interface Kept {
  // biome-ignore lint/suspicious/noExplicitAny: JSON has no types
  readonly facts: any;
  readonly content: string;
}

/** A backup with the judge, scanners that do what a mail asks of them, and a primary that takes all. */
export class JudgeWorld {
  static readonly NEEDS = PolicyWorld.NEEDS;

  static async open(options: JudgeWorldOptions = {}): Promise<JudgeWorld> {
    const world = await PolicyWorld.open({
      domains: [
        {
          name: DOMAIN,
          primaries: [{ hostname: `mx1.${DOMAIN}` }],
          recipients: RecipientVerification.none(),
        },
      ],
      // Its primary is none that the world starts.
      gone: [DOMAIN],
      records: { [DOMAIN]: [`MX 10 mx1.${DOMAIN}`], [`mx1.${DOMAIN}`]: [`A ${PRIMARY}`] },
      // A test says any name at HELO.
      props: {
        smtpdSenderRestrictions: ["reject_unknown_sender_domain"],
        scanner: Scanner.mailScanner(),
      },
      isWatched: false,
    });
    const opened = new JudgeWorld(world, options);
    try {
      await opened.furnish();
      return opened;
    } catch (error) {
      await world.close().catch(() => {});
      throw error;
    }
  }

  sink!: Sink;
  guests!: Guests;
  judge!: Judge;

  private constructor(
    readonly policy: PolicyWorld,
    private readonly options: JudgeWorldOptions,
  ) {}

  get backup() {
    return this.policy.backup;
  }

  private async furnish(): Promise<void> {
    const { section, slots, env } = this.options;
    this.sink = await Sink.start(this.policy.addHost("sink", PRIMARY));
    this.policy.atEnd(() => this.sink.remove());
    this.guests = await Guests.start(this.backup, slots);
    this.policy.atEnd(() => this.guests.stop());
    this.judge = await Judge.start(this.backup, { ...JUDGE_SECTION, ...section }, changed(env));
    this.policy.atEnd(() => this.judge.kill());
    await eventually(() => this.judge.state().scannerState === "up");
  }

  /** Begins the judge anew, with other settings. Mail that it had in hand stays in the queue. */
  async restart(section: JudgeSection = {}, env = this.options.env): Promise<void> {
    await this.judge.kill();
    this.judge.tell({ ...JUDGE_SECTION, ...this.options.section, ...section });
    await this.judge.start(changed(env));
  }

  close(): Promise<void> {
    return this.policy.close();
  }

  send(mails: readonly RawMail[], sending?: RawSending): Promise<RawReplies[]> {
    return sendRaw(this.policy.sender, PolicyWorld.BACKUP, mails, sending);
  }

  /** Sends mails, each of which has to be accepted. */
  async deliver(mails: readonly RawMail[], sending?: RawSending): Promise<void> {
    const refused = (await this.send(mails, sending)).filter(({ data }) => !/^250/.test(data));
    if (refused.length > 0) {
      throw new Error(`not accepted: ${JSON.stringify(refused[0])}`);
    }
  }

  /** Waits until a mail has arrived for each of these local parts, and returns the first of each. */
  arrive(names: readonly string[], seconds?: number): Promise<ArrivedMail[]> {
    return eventually(() => {
      const arrived = this.sink.arrived();
      const found = names.map((name) =>
        arrived.find(({ envelope }) => envelope.some((l) => l.includes(`TO:<${name}@${DOMAIN}>`))),
      );
      return found.every((mail) => mail !== undefined) && (found as ArrivedMail[]);
    }, seconds).catch((error) => {
      const missing = names.filter((name) => this.counts([name])[0] === 0);
      const now = JSON.stringify([this.judge.state(), this.backup.queue()]);
      throw new Error(`missing ${missing}: ${now}\n${this.judge.log().slice(-3000)}`, {
        cause: error,
      });
    });
  }

  /** How many mails have arrived for each of these local parts. */
  counts(names: readonly string[]): number[] {
    return names.map((name) => this.sink.arrivedFor(`${name}@${DOMAIN}`).length);
  }

  /** What waits in the queue for one of these local parts. */
  waiting(...names: string[]): QueuedMail[] {
    return this.backup
      .queue()
      .filter(({ recipients }) =>
        recipients.some(({ address }) => names.some((name) => address === `${name}@${DOMAIN}`)),
      );
  }

  /** Waits until the queue is empty, so that nothing can arrive any more. */
  async settled(seconds?: number): Promise<void> {
    await eventually(() => this.backup.queue().length === 0, seconds).catch((error) => {
      const now = JSON.stringify([this.judge.state(), this.backup.queue()]);
      throw new Error(`still queued: ${now}\n${this.judge.log().slice(-3000)}`, { cause: error });
    });
  }

  quarantine(): Kept[] {
    const folder = this.backup.path(QUARANTINE);
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names
      .filter((name) => name.endsWith(".json"))
      .map((name) => ({
        facts: JSON.parse(readFileSync(`${folder}/${name}`, "utf8")),
        content: readFileSync(`${folder}/${name.replace(/json$/, "eml")}`, "latin1"),
      }));
  }

  /** The mails in quarantine for a local part. */
  kept(name: string): Kept[] {
    return this.quarantine().filter(({ facts }) =>
      facts.recipients.some((line: string) => line.includes(`<${name}@${DOMAIN}>`)),
    );
  }

  /** What hop 2 says to recipients, by regular expressions such as `/^later/ 450 4.2.0 later`. */
  hopTwoSays(...rules: string[]): void {
    this.backup.write({ "/etc/postfix/hop2": rules.map((rule) => `${rule}\n`).join("") });
    const asked = rules.length > 0 ? "check_recipient_access,regexp:/etc/postfix/hop2," : "";
    this.change(`judged/unix/smtpd_recipient_restrictions=${asked}permit_mynetworks,reject`);
  }

  /** Other settings of a service in master.cf, or of main.cf, until they are changed again. */
  change(...settings: string[]): void {
    for (const setting of settings) {
      this.backup.run("postconf", /^[^=]*\//.test(setting) ? "-P" : "-e", setting);
    }
    this.backup.age("/etc/postfix");
    this.backup.run("postfix", "reload");
  }
}

function changed(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PYTHONPATH: __dirname, PYTHONDONTWRITEBYTECODE: "1", ...env };
}

/** An ordinary mail to these local parts. */
export function mailTo(names: string | readonly string[], options: MailOptions = {}): RawMail {
  const { mood, sender = "Some.One@sender.example", fill, recipientOptions = "" } = options;
  const recipients = [names].flat();
  return {
    mail: `MAIL FROM:<${sender}>${options.options ?? ""}`,
    rcpt: recipients.map((name) => `RCPT TO:<${name}@${DOMAIN}>${recipientOptions}`),
    data: content(recipients[0], mood),
    fill,
  };
}

/** Ordinary content with some bytes that a careless relay changes. */
export function content(subject: string, mood?: string): string {
  return [
    "From: Some One <some.one@sender.example>",
    ...(mood === undefined ? [] : [`X-Mood: ${mood}`]),
    `Subject: ${subject}`,
    "X-Folded: a,",
    "\tb ",
    "Date: Sun, 1 Nov 2026 12:00:00 +0000",
    `Message-ID: <${subject}@sender.example>`,
    "",
    ".",
    "..",
    "...dots, a \0 byte, \xe4\xf6\xfc, and spaces at the end  ",
    "From here no > belongs in front",
    "",
    "",
    "",
  ].join("\r\n");
}

/** The SHA-256 of a body in latin-1. */
export function digest(body: string): string {
  return createHash("sha256").update(Buffer.from(body, "latin1")).digest("hex");
}

/** What stands above the content of a mail that arrived; throws if the content is not the one sent. */
export function above(arrived: ArrivedMail, sent: RawMail): string {
  if (!arrived.content.endsWith(sent.data)) {
    throw new Error(
      `changed: ${JSON.stringify(arrived.content)} is not ${JSON.stringify(sent.data)}`,
    );
  }
  return arrived.content.slice(0, -sent.data.length);
}

/** The header of the judge without its folds, of a mail that arrived. */
export function mark(arrived: ArrivedMail): string | undefined {
  return /^X-Backup-MX: (.*)\r\n/m.exec(arrived.content.replace(/\r\n[ \t]/g, " "))?.[1];
}
