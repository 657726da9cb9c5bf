import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

// How much longer it takes to import the library than what it imports itself, cdktf and classes of
// the AWS provider: npx tsx bench/import.ts
const ROUNDS = 7;
const REPOSITORY = resolve(__dirname, "..");

const folder = mkdtempSync(join(tmpdir(), "import-"));
try {
  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder });
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  node(
    join(REPOSITORY, "node_modules/.bin/tsc"),
    ...["--project", join(REPOSITORY, "tsconfig.build.json"), "--outDir", join(folder, "dist")],
  );
  execFileSync("cp", ["-R", `${join(REPOSITORY, "lib")}/.`, join(folder, "dist")]);
  const modules = new Set(
    readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .flatMap((name) => [
        ...readFileSync(join(folder, "dist", name), "utf8").matchAll(/require\("([^."][^"]*)"\)/g),
      ])
      .map(([, module]) => module),
  );
  writeFileSync(join(folder, "library.js"), 'require("./dist/index.js");\n');
  writeFileSync(
    join(folder, "alone.js"),
    [...modules].map((module) => `require("${module}");\n`).join(""),
  );
  const milliseconds = (file: string) => {
    const begin = performance.now();
    node(file);
    return performance.now() - begin;
  };
  const median = (numbers: number[]) =>
    numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
  const rounds = Array.from({ length: ROUNDS + 1 }, () => ({
    library: milliseconds("library.js"),
    alone: milliseconds("alone.js"),
  })).slice(1);
  const library = median(rounds.map((round) => round.library));
  const alone = median(rounds.map((round) => round.alone));
  const ratio = median(rounds.map((round) => round.library / round.alone));
  console.log(
    `import: ${Math.round(library)} ms, the ${modules.size} modules that it imports ${Math.round(alone)} ms, ratio ${ratio.toFixed(2)}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
