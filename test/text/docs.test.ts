import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import * as ts from "typescript";

const REPOSITORY = resolve(__dirname, "../..");
const DOCS = readdirSync(join(REPOSITORY, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => join("docs", name));
const PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "lab/README.md", ...DOCS].filter(
  // The world of the tests has its page as soon as it has a face.
  (page) => page !== "lab/README.md" || existsSync(join(REPOSITORY, page)),
);

const text = (page: string) => readFileSync(join(REPOSITORY, page), "utf8");
const withoutBlocks = (markdown: string) => markdown.replace(/^```[\s\S]*?^```$/gm, "");
const withoutCode = (markdown: string) => withoutBlocks(markdown).replace(/`[^`\n]*`/g, "");

/** The anchors that GitHub gives the headings of a page. */
function anchors(page: string): string[] {
  const headings = withoutBlocks(text(page)).matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** What is wrong with the links of a page to other files. */
function deadLinks(page: string): string[] {
  const markdown = withoutCode(text(page));
  const links = [
    ...[...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target),
    ...[...markdown.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)].map(([, target]) => target),
  ].filter((target) => !/^(https?|mailto):/.test(target));
  return links.filter((target) => {
    const [path, anchor] = target.split("#");
    const file =
      path === "" ? page : relative(REPOSITORY, resolve(REPOSITORY, dirname(page), path));
    const isThere = existsSync(join(REPOSITORY, file));
    return !isThere || (anchor !== undefined && !anchors(file).includes(anchor));
  });
}

test.each(PAGES)("%s links to files and headings that exist", (page) => {
  expect(deadLinks(page)).toEqual([]);
});

test("README.md is two screens", () => {
  expect(text("README.md").split("\n").length).toBeLessThanOrEqual(100);
});

const TASKS = readdirSync(join(REPOSITORY, "docs")).filter((name) => name.endsWith(".md"));

test.each(TASKS)("docs/%s begins with one sentence that says what it is for", (name) => {
  expect(text(join("docs", name))).toMatch(/^# .+\n\n[A-Z][^\n]*?\.\n\n/);
});

test.each(TASKS)("the README leads to docs/%s", (name) => {
  expect(text("README.md")).toContain(`(docs/${name})`);
});

/** The programs in the pages: blocks of TypeScript that name what they import. */
const PROGRAMS = new Map(
  PAGES.flatMap((page) =>
    [...text(page).matchAll(/^```ts\n(import [\s\S]*?)^```$/gm)].map(
      ([, program], index): [string, string] => [
        // A test imports the lab from the folder of its layer.
        join(
          REPOSITORY,
          page.startsWith("lab/") ? "test/behaviour" : "",
          `${page.replace(/\.md$/, "")}-${index + 1}.ts`.replace(/^lab\//, ""),
        ),
        program,
      ],
    ),
  ),
);

describe("the programs in the pages", () => {
  let compiled: ts.Program;

  beforeAll(() => {
    const { options } = ts.parseJsonConfigFileContent(
      ts.readConfigFile(join(REPOSITORY, "tsconfig.json"), ts.sys.readFile).config,
      ts.sys,
      REPOSITORY,
    );
    const host = ts.createCompilerHost(options);
    const { fileExists, readFile } = host;
    host.fileExists = (file) => PROGRAMS.has(file) || fileExists(file);
    host.readFile = (file) => PROGRAMS.get(file) ?? readFile(file);
    const paths = { "cdktf-backup-mx": [join(REPOSITORY, "lib/index.ts")] };
    // What a snippet makes need not be used in it.
    const relaxed = { noUnusedLocals: false, noUnusedParameters: false };
    compiled = ts.createProgram([...PROGRAMS.keys()], { ...options, ...relaxed, paths }, host);
  });

  test.each([...PROGRAMS.keys()].map((file) => relative(REPOSITORY, file)))(
    "%s has the right types",
    (name) => {
      const file = compiled.getSourceFile(join(REPOSITORY, name));
      const errors = ts
        .getPreEmitDiagnostics(compiled, file)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
      expect(errors).toEqual([]);
    },
    120_000,
  );
});
