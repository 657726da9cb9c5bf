import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Something of the machine that a test cannot run without. */
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

/** Network namespaces and mounts are made by root alone. */
export const root: Requirement = {
  remedy: "run the tests as root",
  isMet: () => process.getuid?.() === 0,
};

/** Disks whose power can be cut are served by a program of the tests. */
export const fuse: Requirement = {
  remedy: "use a kernel with FUSE",
  isMet: () => existsSync("/dev/fuse"),
};

/**
 * A `describe` whose tests run only where all requirements are met. Elsewhere they are skipped
 * with one line that says what to install; under CI=true the missing part fails the run.
 */
export function describeWith(requirements: Requirement[], name: string, tests: () => void): void {
  const missing = requirements.filter((requirement) => !requirement.isMet());
  if (missing.length === 0) {
    describe(name, tests);
    return;
  }
  const remedies = missing.map((requirement) => requirement.remedy).join("; ");
  if (process.env.CI === "true") {
    test(`${name}: what it needs is on this machine`, () => {
      throw new Error(`cannot run "${name}": ${remedies}`);
    });
    return;
  }
  process.stderr.write(`skipped: ${name}: ${remedies}\n`);
  // Jest would run the body of what is skipped, and that may need what is missing already.
  describe.skip(name, () => test(remedies, () => {}));
}
