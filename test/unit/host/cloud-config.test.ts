import { parse } from "yaml";
import { cloudConfig } from "../../../lib/host/cloud-config";
import type { HostFile } from "../../../lib/host/host-file";
import { writtenFiles } from "../../support/synthesized";

const PROGRAM = "/usr/local/sbin/setup";
const render = (...files: HostFile[]) =>
  cloudConfig({ fqdn: "mx2.example.net", files, program: [PROGRAM, "now"] });
const roundTrip = (content: string, isProgram = false) =>
  writtenFiles(render({ path: "/etc/file", content, isProgram }))["/etc/file"].content;

describe("a cloud-config", () => {
  test("of two files", () => {
    const files = [
      { path: "/etc/one", content: "a = 1\n\n# two\nb = 2\n" },
      { path: "/etc/two", content: "a: [1]\n" },
    ];
    expect(render(...files)).toMatchSnapshot();
  });

  test("runs one program with its arguments, and nothing else", () => {
    expect(parse(render()).runcmd).toEqual([[PROGRAM, "now"]]);
  });

  test("names the host in full", () => {
    expect(parse(render())).toMatchObject({
      fqdn: "mx2.example.net",
      prefer_fqdn_over_hostname: true,
    });
  });

  test.each([
    ["shell", `#!/bin/sh\necho "\${1:-x}" '%{http_code}' \${#a[@]} $$ \`date\` \\\n`],
    ["a comment at the beginning", "# not YAML's\nx\n"],
    ["a document inside", "---\na: b\n...\n%YAML 1.2\n"],
    ["what looks like a mapping", "a: b\n? c\n- d: 'e'\n: f\n"],
    ["quotes", `'single' "double" ''two'' ""two"" \\n\n`],
    ["Unicode", "münchen 例え 🚀 \u00a0\u200b\ufeff\n"],
    ["tabs and indentation", "\t tab\n    four\n  two\n"],
    ["white space at the beginning", "   indented\nnot\n"],
    ["white space at the ends of lines", "a \nb\t\n \n"],
    ["empty lines at both ends", "\n\na\n\n\n"],
    ["no line break at the end", "a\nb"],
    ["one line", "true"],
    ["a number with a leading zero", "0755"],
    ["nothing", ""],
    ["a line break alone", "\n"],
    ["a long line", `${"word ".repeat(500)}\n`],
    ["a reference to a value of deploy time", `\${TfToken[TOKEN.1]}: \${TfToken[TOKEN.2]}\n`],
    ["a merge key and an anchor", "<<: *a\n&a b\n!tag c\n"],
  ])("brings a file unharmed that holds %s", (_, content) => {
    expect(roundTrip(content)).toBe(content);
    expect(roundTrip(content, true)).toBe(content);
  });

  test("quotes permissions: 0755 without quotes is another number in YAML 1.1", () => {
    const rendered = render({ path: PROGRAM, content: "#!/bin/sh\n", isProgram: true });
    expect(rendered).toMatch(/\n *permissions: "0755"\n/);
    expect(writtenFiles(rendered)[PROGRAM]).toEqual({
      content: "#!/bin/sh\n",
      permissions: "0755",
    });
  });

  test("leaves a file readable that is no program", () => {
    const rendered = render({ path: "/etc/file", content: "readable\n" });
    expect(rendered).toMatch(/\n +readable\n/);
    expect(rendered).not.toMatch(/permissions|encoding/);
  });
});
