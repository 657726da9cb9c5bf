import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How a child process is started. */
export interface ChildOptions {
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: { readonly [name: string]: string };
}

/** Runs a program to its end and returns what it printed; fails, with all of it, as it fails. */
export async function child(
  command: string,
  args: readonly string[],
  { cwd, env }: ChildOptions = {},
): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
  try {
    return (await run(command, args, options)).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, {
      cause: error,
    });
  }
}
