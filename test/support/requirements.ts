import { program, type Requirement, root } from "../../lab/requirements";

export { program, type Requirement, root };

/**
 * A `describe` whose tests run only where all requirements are met. Elsewhere they are skipped
 * with one line that says what to install; under CI=true the missing part fails the run.
 */
export function describeWith(
  requirements: readonly Requirement[],
  name: string,
  tests: () => void,
): void {
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
