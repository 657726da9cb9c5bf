import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import ts from "typescript";
import { execute, succeed } from "../../lab/process/execution";

const REPOSITORY = resolve(__dirname, "../..");
const LIB = join(REPOSITORY, "lib");
const TOOLS = join(REPOSITORY, "node_modules/.bin");

/** The smallest app, in each dialect that a user may write. */
const BODY = `
const app = new App();
const stack = new TerraformStack(app, "mail");
new LocalBackend(stack, { path: "../../../terraform.mail.tfstate" });
new AwsProvider(stack, "Aws", { region: "eu-central-1" });
const mx = new BackupMx(stack, "Mx2", {
  hostname: "mx2.example.net",
  domains: [
    {
      name: "example.com",
      primaries: [{ hostname: "mx1.example.com" }],
      recipients: RecipientVerification.callOut(),
      zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ"),
    },
  ],
});
new TerraformOutput(stack, "Address", { value: mx.publicIp });
app.synth();
`;
const IMPORTS = [
  ["App, LocalBackend, TerraformOutput, TerraformStack", "cdktf"],
  ["AwsProvider", "@cdktf/provider-aws/lib/provider"],
  ["BackupMx, RecipientVerification, Route53Zone", "cdktf-backup-mx"],
];
const COMMON_JS = IMPORTS.map(([names, from]) => `const { ${names} } = require("${from}");`);
// Node.js wants the file name of a module that has no exports map.
const ESM = IMPORTS.map(([names, from]) => {
  const file = from.includes("/lib/") ? `${from}/index.js` : from;
  return `import { ${names} } from "${file}";`;
});
const TYPESCRIPT = IMPORTS.map(([names, from]) => `import { ${names} } from "${from}";`);

/** The types of the props, by their names. */
const PROPS =
  readFileSync(join(LIB, "index.ts"), "utf8").match(/\b\w+(Props|Options|Domain)\b/g) ?? [];

/** What the compiler is told by a user who lets it find all that it can. */
const EXACT = ["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
const EXACT_APP = `
import { RecipientVerification } from "cdktf-backup-mx";
import type { ${PROPS.join(", ")} } from "cdktf-backup-mx";

const recipients: readonly string[] = ["postmaster@example.com"];
const restrictions: readonly string[] = ["reject_unknown_sender_domain"];
const primaries: readonly PrimaryProps[] = [{ hostname: "mx1.example.com", port: undefined }];
const domains: readonly BackupMxDomain[] = [
  { name: "example.com", primaries, recipients: RecipientVerification.list(recipients) },
];
const nodes: readonly BackupMxNodeProps[] = [];
export const props: BackupMxProps = {
  hostname: "mx2.example.net",
  domains,
  nodes,
  smtpdSenderRestrictions: restrictions,
  monitoring: undefined,
};

/** What may be left out may be undefined as well. */
type Undefined<T> = { [Name in keyof T as {} extends Pick<T, Name> ? Name : never]-?: undefined } & {
  [Name in keyof T as {} extends Pick<T, Name> ? never : Name]: T[Name];
};
/** Lists cannot be changed. */
type Frozen<T> = {
  [Name in keyof T]: NonNullable<T[Name]> extends (infer Item)[] ? readonly Item[] : T[Name];
};
declare function given<T>(): T;
${PROPS.map(
  (props) => `
export const undefined${props}: ${props} = given<Undefined<${props}>>();
export const frozen${props}: ${props} = given<Frozen<${props}>>();`,
).join("")}
`;

/** The files of a folder and of those in it, as paths from there. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** What a file declares, such as `Monitoring.topicArn`, and whether it is marked `@internal`. */
function declarations(file: string): { readonly name: string; readonly isInternal: boolean }[] {
  const found: { name: string; isInternal: boolean }[] = [];
  const visit = (node: ts.Node, around: string) => {
    const isProperty =
      !ts.isParameter(node) || ts.isParameterPropertyDeclaration(node, node.parent);
    const identifier = isProperty && ts.getNameOfDeclaration(node as ts.Declaration);
    let name = around;
    if (identifier) {
      name = around === "" ? identifier.getText() : `${around}.${identifier.getText()}`;
      const isInternal = ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
      found.push({ name, isInternal });
    }
    node.forEachChild((child) => visit(child, name));
  };
  const text = readFileSync(file, "utf8");
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true), "");
  return found;
}

describe("the package", () => {
  let folder: string;
  let tarball: string;
  let paths: string[];
  /** Where it is installed. */
  let installed: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "package-"));
    const packed = await succeed(["npm", "pack", "--json", "--pack-destination", folder], {
      cwd: REPOSITORY,
    });
    const [{ filename, files }] = JSON.parse(packed.slice(packed.lastIndexOf("\n[") + 1));
    tarball = join(folder, filename);
    paths = files.map(({ path }: { path: string }) => path);
    installed = join(folder, "node_modules/cdktf-backup-mx");
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    const install = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"];
    await succeed([...install, "--legacy-peer-deps", "--omit=peer", tarball], { cwd: folder });
    // Its peers are those of this repository: they have 30,000 files.
    mkdirSync(join(folder, "node_modules/@cdktf"));
    for (const peer of ["cdktf", "@cdktf/provider-aws", "constructs"]) {
      symlinkSync(join(REPOSITORY, "node_modules", peer), join(folder, "node_modules", peer));
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function synthesize(file: string, imports: string[]): Promise<string> {
    writeFileSync(join(folder, file), imports.join("\n") + BODY);
    await succeed([process.execPath, file], { cwd: folder, env: { CDKTF_OUTDIR: `out-${file}` } });
    return readFileSync(join(folder, `out-${file}`, "stacks/mail/cdk.tf.json"), "utf8");
  }

  /** What the compiler says of each file, and of the types of every package, into which it looks. */
  async function compile(
    programs: { readonly [file: string]: string },
    options: readonly string[],
  ): Promise<{ readonly [file: string]: string }> {
    for (const [file, text] of Object.entries(programs)) {
      writeFileSync(join(folder, file), text);
    }
    const strict = ["--noEmit", "--strict", "--target", "es2022", "--skipLibCheck", "false"];
    const types = filesIn(installed).filter((name) => name.endsWith(".d.ts"));
    const { stdout } = await execute(
      [join(TOOLS, "tsc"), ...strict, ...options, ...Object.keys(programs)].concat(
        types.map((name) => join(installed, name)),
      ),
      { cwd: folder },
    );
    const said: { [file: string]: string } = {};
    for (const line of stdout.split("\n").filter((text) => /^\S.* error TS/.test(text))) {
      const file = Object.keys(programs).find((name) => line.startsWith(name)) ?? "packages";
      said[file] = `${said[file] ?? ""}${line}\n`;
    }
    return said;
  }

  test("synthesizes the same in CommonJS and ESM", async () => {
    const commonJs = await synthesize("app.cjs", COMMON_JS);
    const { resource, output } = JSON.parse(commonJs);
    expect(Object.keys(resource.aws_instance)).toHaveLength(1);
    expect(output.Address.value).toMatch(/^\$\{aws_eip\..*\.public_ip\}$/);
    expect(await synthesize("app.mjs", ESM)).toBe(commonJs);
  });

  test("brings its types to CommonJS, and lets the compiler find a wrong prop", async () => {
    const app = TYPESCRIPT.join("\n") + BODY;
    const wrong = app.replace("primaries:", "primary:");
    expect(await compile({ "app.cts": app, "wrong.cts": wrong }, ["--module", "node16"])).toEqual({
      "wrong.cts": expect.stringMatching(/^.*'primary' does not exist in type.*\n$/),
    });
  });

  test("brings its types to ESM, and takes readonly lists, and undefined for what may be left out", async () => {
    const programs = { "app.mts": ESM.join("\n") + BODY, "exact.mts": EXACT_APP };
    expect(await compile(programs, ["--module", "nodenext", ...EXACT])).toEqual({});
  });

  test("keeps to itself what is internal", () => {
    const marked = declarations(join(LIB, "mail-node.ts")).filter(({ isInternal }) => isInternal);
    expect(marked.map(({ name }) => name)).toContain("MailNode.addDomain");
    const published = paths
      .filter((path) => path.endsWith(".d.ts"))
      .flatMap((path) => {
        const source = path.replace(/^dist\/(.*)\.d\.ts$/, "$1.ts");
        const internal = declarations(join(LIB, source)).filter(({ isInternal }) => isInternal);
        const declared = declarations(join(installed, path)).map(({ name }) => name);
        return internal
          .filter(({ name }) => declared.includes(name))
          .map(({ name }) => `${source}: ${name}`);
      });
    expect(published).toEqual([]);
  });

  test("has what a user needs and nothing else", () => {
    // Of a module its code and its types; all else, such as the programs of the host, as it is.
    const dist = filesIn(LIB)
      .filter((name) => !name.includes("__pycache__"))
      .flatMap((name) =>
        name.endsWith(".ts") ? [name.replace(/ts$/, "js"), name.replace(/ts$/, "d.ts")] : [name],
      );
    expect(dist).toEqual(
      expect.arrayContaining([
        ...["aws/store/boot.py", "host/setup/backup-mx-setup", "host/postfix/postfix.py"],
        ...["host/postfix/master.cf", "mail/postfix/forbidden-settings.json"],
        ...["host/configuration/backup-mx@.target", "host/setup/backup-mx-setup.timer"],
      ]),
    );
    const texts = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    expect([...paths].sort()).toEqual([...texts, ...dist.map((name) => `dist/${name}`)].sort());
    const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(Object.keys(dependencies)).toEqual(["yaml"]);
  });

  test.each([
    ["publint", ["run", "--strict"]],
    ["attw", ["--no-definitely-typed", "--format", "ascii"]],
  ])("has nothing that %s complains of", async (tool, args) => {
    const said = await execute([join(TOOLS, tool), ...args, tarball], { cwd: folder });
    expect(said).toMatchObject({ exitCode: 0 });
  });
});
