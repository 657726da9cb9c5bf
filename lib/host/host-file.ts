import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A file on the host. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
  /**
   * Whether it can be run.
   *
   * @default false
   */
  readonly isProgram?: boolean;
}

/**
 * A program of the host.
 *
 * @param folder the `__dirname` of the module beside which it lies
 * @param name its name there and on the host
 */
export function program(folder: string, name: string): HostFile {
  return { path: `/usr/local/sbin/${name}`, content: shipped(folder, name), isProgram: true };
}

/** A unit of systemd, which lies beside the module of this folder under the same name. */
export function unit(folder: string, name: string): HostFile {
  return { path: `/etc/systemd/system/${name}`, content: shipped(folder, name) };
}

/** A program that runs in the set-up before Postfix starts: setup-NAME of this folder. */
export function shippedStep(folder: string, name: string): HostFile {
  const path = `/etc/backup-mx/setup.d/${name}`;
  return { path, content: shipped(folder, `setup-${name}`), isProgram: true };
}

/** What a unit of a package is told beside: the file NAME.conf of this folder. */
export function dropIn(folder: string, name: string, of: string = name): HostFile {
  return {
    path: `/etc/systemd/system/${of}.d/backup-mx.conf`,
    content: shipped(folder, `${name}.conf`),
  };
}

/**
 * A file goes to the host without its comments: they are for those who read it here, and a fifth of
 * all user data. So Python has comments instead of docstrings.
 */
function shipped(folder: string, name: string): string {
  return withoutComments(readFileSync(join(folder, name), "utf8"));
}

/** The text without the lines that are a comment. */
export function withoutComments(text: string): string {
  return text.replace(/^[ \t]*#(?!!).*\n/gm, "");
}
