import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A program that serves others, from when it has printed its first word until it is stopped. */
export class Server {
  static async start(command: readonly string[]): Promise<Server> {
    const [file, ...args] = command;
    const program = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    await Promise.race([
      once(program.stdout, "data"),
      once(program, "exit").then(() => Promise.reject(new Error(`${command.join(" ")} ended`))),
    ]);
    return new Server(program);
  }

  private constructor(private readonly program: ChildProcess) {}

  /** Ends it, at once if it may not want to end. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.program.exitCode === null && this.program.signalCode === null) {
      const ended = once(this.program, "exit");
      this.program.kill(signal);
      await ended;
    }
  }
}
