import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { HOSTNAME, VERSION } from "./configuration";
import { layOutPrograms } from "./programs";

/**
 * Why the programs of a host refuse configurations, null for each that they take.
 *
 * @param wanted objects, or what lies in the store as bytes
 */
export function refusals(wanted: readonly unknown[]): (string | null)[] {
  const root = mkdtempSync(join(tmpdir(), "configuration-"));
  try {
    layOutPrograms((path) => join(root, path));
    mkdirSync(join(root, "units/backup-mx@monitoring.target.wants"), { recursive: true });
    writeFileSync(
      join(root, "host.json"),
      JSON.stringify({ hostname: HOSTNAME, version: VERSION }),
    );
    const input = wanted
      .map((one) => (Buffer.isBuffer(one) ? one : Buffer.from(JSON.stringify(one))))
      .map((bytes) => `${JSON.stringify(bytes.toString("latin1"))}\n`)
      .join("");
    const program = resolve(__dirname, "check.py");
    const lines = execFileSync("/usr/bin/python3", [program, root], { input, encoding: "utf8" });
    return lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Why one is refused. */
export function refusal(wanted: unknown): string | null {
  return refusals([wanted])[0];
}
