import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "../../lab/process/execution";

const REPOSITORY = resolve(__dirname, "../..");

/** The smallest app, in each dialect that a user may write. */
const BODY = `
const app = new App();
const stack = new TerraformStack(app, "mail");
new LocalBackend(stack, { path: "terraform.tfstate" });
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

describe("the package", () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "package-"));
    const packed = await succeed(["npm", "pack", "--json", "--pack-destination", folder], {
      cwd: REPOSITORY,
    });
    const [{ filename }] = JSON.parse(packed.slice(packed.lastIndexOf("\n[") + 1));
    const { devDependencies } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));
    const peers = ["cdktf", "@cdktf/provider-aws", "constructs"];
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    await succeed(
      [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        join(folder, filename),
      ].concat(peers.map((peer) => `${peer}@${devDependencies[peer]}`)),
      { cwd: folder },
    );
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function synthesize(file: string, imports: string[]): Promise<string> {
    writeFileSync(join(folder, file), imports.join("\n") + BODY);
    await succeed([process.execPath, file], { cwd: folder, env: { CDKTF_OUTDIR: `out-${file}` } });
    return readFileSync(join(folder, `out-${file}`, "stacks/mail/cdk.tf.json"), "utf8");
  }

  test("synthesizes the same in CommonJS and ESM", async () => {
    const commonJs = await synthesize("app.cjs", COMMON_JS);
    const { resource, output } = JSON.parse(commonJs);
    expect(Object.keys(resource.aws_instance)).toHaveLength(1);
    expect(output.Address.value).toMatch(/^\$\{aws_eip\..*\.public_ip\}$/);
    expect(await synthesize("app.mjs", ESM)).toBe(commonJs);
  });

  test("brings its types", async () => {
    writeFileSync(join(folder, "app.ts"), TYPESCRIPT.join("\n") + BODY);
    const tsc = join(REPOSITORY, "node_modules/.bin/tsc");
    const strict = ["--noEmit", "--strict", "--module", "node16", "--target", "es2022"];
    await succeed([tsc, ...strict, "--skipLibCheck", "app.ts"], { cwd: folder });
    writeFileSync(
      join(folder, "wrong.ts"),
      (TYPESCRIPT.join("\n") + BODY).replace("primaries:", "primary:"),
    );
    await expect(
      succeed([tsc, ...strict, "--skipLibCheck", "wrong.ts"], { cwd: folder }),
    ).rejects.toThrow(/'primary' does not exist in type/);
  });

  test("has what a user needs and nothing else", async () => {
    const listed = await succeed(["npm", "pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: REPOSITORY,
    });
    const paths: string[] = JSON.parse(listed)[0].files.map(({ path }: { path: string }) => path);
    const folders = new Set(paths.map((path) => path.split("/")[0]));
    expect([...folders].sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "dist",
      "package.json",
    ]);
    expect(paths).toContain("dist/host/setup/backup-mx-setup");
    const { dependencies } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));
    expect(Object.keys(dependencies)).toEqual(["yaml"]);
  });
});
