import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Postfix, Server } from "../../../lab";

const FOLDER = "/run/backup-mx-mailscanner";
const SLOTS = [1, 2, 3, 4, 5, 6, 7, 8];

/** What a scanner was told of a mail. */
export interface Question {
  /** Header lines of the request. */
  readonly head: readonly string[];
  readonly size: number;
  readonly mood: string;
  readonly time: number;
}

/** Scanners that do what a mail asks of them by its header X-Mood, and what restarts them. */
export class Guests {
  static async start(postfix: Postfix, slots = 2): Promise<Guests> {
    const guests = new Guests(postfix, slots);
    await guests.start();
    return guests;
  }

  private server?: Server;

  private constructor(
    private readonly postfix: Postfix,
    private readonly slots: number,
  ) {}

  async start(): Promise<void> {
    const script = join(__dirname, "guests.py");
    this.server = await Server.start(this.postfix.command("python3", script, `${this.slots}`));
  }

  /** Ends all of them: nobody answers, and nobody starts them. */
  async stop(): Promise<void> {
    await this.server?.stop();
    rmSync(this.postfix.path("/run/backup-mx-restart.sock"), { force: true });
  }

  /** They say from now on that they are not ready. */
  close(): void {
    writeFileSync(this.postfix.path(`${FOLDER}/closed`), "");
  }

  open(): void {
    rmSync(this.postfix.path(`${FOLDER}/closed`), { force: true });
  }

  /** What they were asked. */
  questions(): Question[] {
    return SLOTS.flatMap((slot) => this.lines(`${slot}.log`)).map((line) => JSON.parse(line));
  }

  /** Which of them were restarted, as `mailscanner 1`. */
  restarts(): string[] {
    return this.lines("restarts.log");
  }

  private lines(name: string): string[] {
    const path = this.postfix.path(`${FOLDER}/${name}`);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  }
}
