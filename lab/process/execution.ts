import { spawn } from "node:child_process";
import { BOOT_SECONDS } from "./patience";

/** How a program ended and what it printed. */
export interface Execution {
  readonly stdout: string;
  readonly stderr: string;
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
}

export interface ExecutionOptions {
  /** What it reads from its standard input. */
  readonly input?: string | Buffer;
  /** The folder that it runs in. */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end while the event loop, and with it the package mirror, goes on. */
export function execute(command: string[], options: ExecutionOptions = {}): Promise<Execution> {
  const [file, ...args] = command;
  const { cwd, env } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env: { ...process.env, ...env } });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${command.join(" ")}: still running after ${BOOT_SECONDS} s`));
    }, BOOT_SECONDS * 1000);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    // A program may end without having read its input.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (exitCode) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, exitCode });
    });
  });
}

/** Runs a program to its end, which has to be a good one, and returns what it printed. */
export async function succeed(command: string[], options?: ExecutionOptions): Promise<string> {
  const { stdout, stderr, exitCode } = await execute(command, options);
  if (exitCode !== 0) {
    throw new Error(`${command.join(" ")}: exit status ${exitCode}\n${stdout}${stderr}`);
  }
  return stdout;
}
