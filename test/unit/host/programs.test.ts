import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { archivedFiles } from "../../../lab/aws/deployed-stack";
import { BOOT_FILES } from "../../../lib/aws/store/store";
import type { HostFile } from "../../../lib/host/host-file";
import { programs } from "../../../lib/host/programs";
import { SETUP_UNITS } from "../../../lib/host/setup/setup";
import { hostPrograms } from "../../../lib/programs";
import { hostOf } from "../../support/host-files";
import { EVERYTHING } from "../../support/props";

const LIB = resolve(__dirname, "../../../lib");

const ONE: HostFile = { path: "/usr/local/sbin/one", content: "#!/bin/sh\n", isProgram: true };
const TWO: HostFile = { path: "/etc/two", content: "a\n\n  b\t\n" };

describe("an archive of programs", () => {
  test("has each file with its mode, a line of JSON for a line of it", () => {
    expect(JSON.parse(programs([ONE, TWO]).text)).toEqual({
      "/etc/two": { mode: "0644", lines: ["a", "", "  b\t"] },
      "/usr/local/sbin/one": { mode: "0755", lines: ["#!/bin/sh"] },
    });
    const lines = programs([TWO]).text.split("\n");
    expect(lines.filter((line) => /^ *"(|a| {2}b\\t)",?$/.test(line))).toHaveLength(3);
  });

  test.each([
    ["shell", `#!/bin/sh\necho "\${1:-x}" '%{http_code}' \${#a[@]} $$ \`date\` \\\n`],
    ["Unicode", "münchen 例え 🚀 \u00a0\u200b\ufeff\u2028\n"],
    ["what is special to JSON and HTML", `"\\" \\u0041 <script>&amp;</script> \u0001\n`],
    ["nothing but a line break", "\n"],
    ["empty lines at both ends", "\n\na\n\n\n"],
  ])("brings a file unharmed that holds %s", (_, content) => {
    expect(archivedFiles(programs([{ ...TWO, content }]).text)).toEqual({
      "/etc/two": { content, permissions: "0644" },
    });
  });

  test("is the same for every order of the files, and is known by its checksum", () => {
    const archive = programs([ONE, TWO]);
    expect(programs([TWO, ONE])).toEqual(archive);
    expect(archive.sha256).toBe(createHash("sha256").update(archive.text).digest("hex"));
  });

  test.each<[string, HostFile]>([
    ["a changed file", { ...TWO, content: "a\n" }],
    ["another mode", { ...TWO, isProgram: true }],
    ["another path", { ...TWO, path: "/etc/three" }],
  ])("has another checksum with %s", (_, other) => {
    expect(programs([ONE, other]).sha256).not.toBe(programs([ONE, TWO]).sha256);
  });

  test("takes no file whose last line has no end: the host would end it", () => {
    expect(() => programs([{ ...TWO, content: "a\nb" }])).toThrow(
      "/etc/two has a last line without an end",
    );
  });

  test("takes no path twice: one of the two would be lost", () => {
    expect(() => programs([ONE, { ...ONE, content: "other\n" }])).toThrow(
      "/usr/local/sbin/one is there twice",
    );
  });
});

describe("the programs of a host", () => {
  const files = archivedFiles(hostPrograms().text);

  test("are all that lie in the library, once, but for those in the user data", () => {
    const shipped = readdirSync(LIB, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".ts"))
      .map(({ parentPath, name }) => join(parentPath, name))
      // Python's own, where a test has run a module.
      .filter((path) => !path.includes("__pycache__"));
    expect(shipped.length).toBeGreaterThan(30);
    const brought = new Set(
      [...Object.values(files), ...SETUP_UNITS, ...BOOT_FILES].map(({ content }) => content),
    );
    expect(shipped.filter((file) => !brought.has(readFileSync(file, "utf8")))).toEqual([]);
    for (const { path } of BOOT_FILES) {
      expect(files).not.toHaveProperty([path]);
    }
  });

  test("can be told apart by what they are", () => {
    const modes = Object.entries(files).map(([path, { permissions }]) => [
      path.startsWith("/usr/local/sbin/"),
      permissions,
    ]);
    expect(new Set(modes.map((mode) => mode.join()))).toEqual(new Set(["true,0755", "false,0644"]));
    for (const [path, { content }] of Object.entries(files)) {
      expect([path, content.startsWith("#!")]).toEqual([path, path.startsWith("/usr/local/sbin/")]);
    }
  });

  test("come as they are written, with what explains them", () => {
    const written = readFileSync(`${LIB}/host/command/backup-mx`, "utf8");
    expect(files["/usr/local/sbin/backup-mx"]).toEqual({ content: written, permissions: "0755" });
  });

  test("are the same whatever the props", () => {
    const archive = (objects: { readonly [key: string]: string }) =>
      Object.entries(objects).filter(([key]) => key.startsWith("programs/"));
    const [everything] = archive(hostOf(EVERYTHING).objects);
    expect(archive(hostOf().objects)).toEqual([everything]);
    expect(everything).toEqual([`programs/${hostPrograms().sha256}`, hostPrograms().text]);
  });

  test("hold no name, address or setting of anybody", () => {
    expect(hostPrograms().text).not.toMatch(/mx2\.example\.(com|net)|203\.0\.113\.25/);
  });

  test("are small enough to travel as the content of an object", () => {
    // The limit of gRPC between Terraform and its provider is 256 MiB; a plan holds it as well.
    expect(hostPrograms().text.length).toBeLessThan(512 * 1024);
  });
});
