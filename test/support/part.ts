import { execFileSync } from "node:child_process";
import { dirname, resolve } from "node:path";

const LIB = resolve(__dirname, "../../lib");

/**
 * Runs lines of Python with the modules of these folders of the library, and returns what they
 * leave in `result`.
 *
 * @param given what they find in `given`
 */
export function inPython<T>(folders: readonly string[], lines: string, given: unknown = null): T {
  const script = [
    "import json, sys",
    "sys.dont_write_bytecode = True",
    `sys.path[:0] = ${JSON.stringify(["host/machine", ...folders].map((folder) => resolve(LIB, folder)))}`,
    "given = json.load(sys.stdin)",
    lines,
    "print(json.dumps(result))",
  ].join("\n");
  const printed = execFileSync("python3", ["-W", "error", "-c", script], {
    input: JSON.stringify(given),
    encoding: "utf8",
  });
  return JSON.parse(printed.slice(printed.trimEnd().lastIndexOf("\n") + 1));
}

/**
 * Why a part of the host refuses its section of a configuration; null if it does not.
 *
 * @param module where it lies in the library
 * @param sections one after the other
 * @param set further lines, which may set what the part looks at
 */
export function refusals(
  module: string,
  sections: readonly unknown[],
  set = "",
): (string | null)[] {
  const name = module.slice(module.lastIndexOf("/") + 1);
  return inPython(
    [dirname(module)],
    `
import host, ${name} as part
${set}
result = []
for section in given:
    try:
        part.check(section, {"hostname": "mx2.example.com", part.SECTION: section})
        result.append(None)
    except host.Refused as error:
        result.append(str(error))
`,
    sections,
  );
}
