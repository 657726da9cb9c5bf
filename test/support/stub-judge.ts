import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Postfix, Server } from "../../lab";

const PROGRAM = join(__dirname, "stub-judge.py");
const FOLDER = "/run/backup-mx-judge";

/** What the stub does with mail: pass it on to hop 2, defer it, wait with it, refuse a recipient. */
export type JudgeMood = "pass" | "defer" | "wait" | `refuse ${string}`;

/** A mail as the judge was given it, in latin-1. */
export interface GivenMail {
  readonly xforward: readonly string[];
  readonly mail: readonly string[];
  readonly recipients: readonly string[];
  readonly text: readonly string[];
}

/** A judge that thinks nothing, beside a Postfix of the lab. */
export class StubJudge {
  static async start(postfix: Postfix, mood: JudgeMood = "pass"): Promise<StubJudge> {
    return new StubJudge(postfix, await Server.start(postfix.command("python3", PROGRAM, mood)));
  }

  private constructor(
    private readonly postfix: Postfix,
    private readonly server: Server,
  ) {}

  become(mood: JudgeMood): void {
    this.postfix.write({ [`${FOLDER}/mood`]: mood });
  }

  /** What it was given since its first start, oldest first. */
  given(): GivenMail[] {
    const path = this.postfix.path(`${FOLDER}/given`);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    return lines.map((line) => JSON.parse(line));
  }

  stop(): Promise<void> {
    return this.server.stop("SIGKILL");
  }
}
