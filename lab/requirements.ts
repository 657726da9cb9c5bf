import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Something of this machine that a world cannot do without. */
export interface Requirement {
  /** What is missing, in the words of the one who has to install it. */
  readonly remedy: string;
  /** Whether the machine has it. */
  isMet(): boolean;
}

/** A program on the PATH (or in the folders where daemons live). */
export function program(name: string, debianPackage: string): Requirement {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return {
    remedy: `install ${name} (Debian: apt-get install ${debianPackage})`,
    isMet: () =>
      folders.some((folder) => {
        try {
          accessSync(join(folder, name), constants.X_OK);
          return true;
        } catch {
          return false;
        }
      }),
  };
}

/** A module of Debian's own Python, by the name under which it is imported. */
export function pythonModule(name: string, debianPackage: string): Requirement {
  return {
    remedy: `install ${debianPackage} (Debian: apt-get install ${debianPackage})`,
    isMet: () => spawnSync("/usr/bin/python3", ["-c", `import ${name}`]).status === 0,
  };
}

/** Network namespaces and mounts are made by root alone. */
export const root: Requirement = {
  remedy: "run the tests as root",
  isMet: () => process.getuid?.() === 0,
};

/** Disks whose power can be cut are served by a program of the lab. */
export const fuse: Requirement = {
  remedy: "use a kernel with FUSE",
  isMet: () => existsSync("/dev/fuse"),
};
