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
  return shipped(/(?<!\.ts)$/).filter(({ path }) => firstLine.test(readFileSync(path, "utf8")));
}

/** The modules in Python that the programs share, wherever they lie in the library. */
export function pythonModules(): Program[] {
  return shipped(/\.py$/);
}

function shipped(name: RegExp): Program[] {
  return readdirSync(LIB, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ name: basename(path), path }));
}

export const SHELL = /^#!\/bin\/(ba)?sh\n/;
export const PYTHON = /^#!\/usr\/bin\/python3\n/;
