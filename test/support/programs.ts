import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

const LIB = resolve(__dirname, "../../lib");

/** A program of the host, where it lies in the library. */
export interface Program {
  readonly name: string;
  readonly path: string;
}

/** The programs whose first line fits, wherever they lie in the library. */
export function programs(firstLine: RegExp): Program[] {
  return readdirSync(LIB, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".ts"))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => firstLine.test(readFileSync(path, "utf8")))
    .map((path) => ({ name: basename(path), path }));
}

export const SHELL = /^#!\/bin\/(ba)?sh\n/;
export const PYTHON = /^#!\/usr\/bin\/python3\n/;
