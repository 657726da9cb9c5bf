import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the modules lie that the programs of the host share. */
const MODULES = "/usr/local/lib/backup-mx";

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

/** A module in Python that programs of the host share, `NAME.py` of this folder. */
export function pythonModule(folder: string, name: string): HostFile {
  return { path: `${MODULES}/${name}.py`, content: shipped(folder, `${name}.py`) };
}

/** A module in Python of a program's own package, `NAME.py` of this folder. */
export function packageModule(folder: string, ofPackage: string, name: string): HostFile {
  return { path: `${MODULES}/${ofPackage}/${name}.py`, content: shipped(folder, `${name}.py`) };
}

/** The module in Python that takes a section of the configuration into use, `NAME.py` of this folder. */
export function partModule(folder: string, name: string): HostFile {
  return { path: `${MODULES}/parts/${name}.py`, content: shipped(folder, `${name}.py`) };
}

/** The module in Python that installs a package Debian does not have, `NAME.py` of this folder. */
export function downloadModule(folder: string, name: string): HostFile {
  return { path: `${MODULES}/downloads/${name}.py`, content: shipped(folder, `${name}.py`) };
}

/** What a module in Python reads beside itself. */
export function partFile(folder: string, name: string): HostFile {
  return { path: `${MODULES}/parts/${name}`, content: shipped(folder, name) };
}

/** A unit of systemd, which lies in this folder under the same name. */
export function unit(folder: string, name: string): HostFile {
  return { path: `/etc/systemd/system/${name}`, content: shipped(folder, name) };
}

/** What a unit of a package is told beside: the file NAME.conf of this folder. */
export function dropIn(folder: string, name: string, of: string = name): HostFile {
  return {
    path: `/etc/systemd/system/${of}.d/backup-mx.conf`,
    content: shipped(folder, `${name}.conf`),
  };
}

/** A file that lies in this folder under the last part of its path. */
export function fixedFile(folder: string, path: string): HostFile {
  return { path, content: shipped(folder, path.slice(path.lastIndexOf("/") + 1)) };
}

function shipped(folder: string, name: string): string {
  return readFileSync(join(folder, name), "utf8");
}
