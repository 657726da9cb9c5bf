import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execute } from "../../lab/process/execution";
import { BackupMx, type BackupMxProps } from "../../lib";
import { configurationIn, hostIn, programsIn } from "../support/host-files";
import { DEFAULTS, EVERYTHING } from "../support/props";
import { describeWith, program, root } from "../support/requirements";
import { newStack, synthesize } from "../support/stack";

/** What the module of the host makes of a configuration that it finds good: the files of Postfix. */
const RENDER = `
import json, sys
sys.path[:0] = sys.argv[1:]
import postfix
configuration = json.load(sys.stdin)
postfix.check(configuration["postfix"], configuration)
print(json.dumps(postfix._texts(configuration["postfix"])))
`;

const TABLES = ["transport", "probe_transport", "tls_policy", "recipients", "aliases"];

describeWith(
  [
    root,
    program("postfix", "postfix"),
    program("postconf", "postfix"),
    program("postmap", "postfix"),
    program("python3", "python3"),
  ],
  "Postfix",
  () => {
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "postfix-check-"));
      chmodSync(folder, 0o755);
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    /** The files of Postfix on the host of a backup MX, name to content, by the host's own programs. */
    function postfixFilesOf(props: BackupMxProps): [name: string, content: string][] {
      const stack = newStack();
      new BackupMx(stack, "Mx2", props);
      const synthesized = synthesize(stack);
      for (const [path, { content }] of Object.entries(programsIn(hostIn(synthesized)))) {
        mkdirSync(join(folder, dirname(path)), { recursive: true });
        writeFileSync(join(folder, path), content);
      }
      const modules = join(folder, "usr/local/lib/backup-mx");
      const rendered = execFileSync("python3", ["-c", RENDER, modules, join(modules, "parts")], {
        input: JSON.stringify(configurationIn(synthesized)),
        encoding: "utf8",
      });
      return Object.entries(JSON.parse(rendered));
    }

    /**
     * Writes the files where this machine's own Postfix has no part in them, and compiles the tables.
     *
     * @param further what stands at the end of main.cf
     */
    function configuration(props: BackupMxProps, further = ""): string {
      const files = postfixFilesOf(props);
      const etc = join(folder, "postfix");
      const data = join(folder, "data");
      mkdirSync(etc);
      mkdirSync(data);
      const [user, group] = ["-u", "-g"].map((id) =>
        Number(execFileSync("id", [id, "postfix"], { encoding: "utf8" })),
      );
      chownSync(data, user, group);
      mkdirSync(join(folder, "queue"));
      const ours = `queue_directory = ${join(folder, "queue")}\ndata_directory = ${data}\n`;
      for (const [name, content] of files) {
        const file = join(etc, name);
        const text = content.replaceAll("/etc/postfix/", `${etc}/`);
        writeFileSync(file, name === "main.cf" ? text + ours : text);
        // Postfix waits two seconds with a file that is new: it may not be complete.
        utimesSync(file, 0, 0);
      }
      for (const table of TABLES) {
        execFileSync("postmap", ["-c", etc, `lmdb:${join(etc, table)}`]);
      }
      appendFileSync(join(etc, "main.cf"), further);
      return etc;
    }

    const silence = { stderr: "", exitCode: 0 };

    describe.each([
      ["defaults", DEFAULTS],
      ["everything", EVERYTHING],
    ])("with %s", (_, props) => {
      test("has no complaint about the files", async () => {
        const etc = configuration(props);
        expect(await execute(["postfix", "-c", etc, "check"])).toMatchObject(silence);
      });

      test("knows and uses every parameter", async () => {
        const etc = configuration(props);
        expect(await execute(["postconf", "-c", etc, "-n"])).toMatchObject(silence);
        expect(await execute(["postconf", "-c", etc, "-P"])).toMatchObject(silence);
        expect(await execute(["postconf", "-c", etc, "-M"])).toMatchObject(silence);
      });

      test("can read every table, and looks none up in another form", async () => {
        const etc = configuration(props);
        const { stdout } = await execute(["postconf", "-c", etc, "-n"]);
        const named = [...stdout.matchAll(/\b(\w+):\S*\/postfix\/(\w+)/g)];
        expect(new Set(named.map(([, type, name]) => `${name} ${type}`))).toEqual(
          new Set([
            ...TABLES.filter((table) => props === EVERYTHING || table !== "recipients").map(
              (table) => `${table} lmdb`,
            ),
            "judge_networks regexp",
          ]),
        );
        const look = (table: string, key: string) =>
          execute(["postmap", "-c", etc, "-q", key, `lmdb:${join(etc, table)}`]);
        expect(await look("transport", "example.com")).toMatchObject({
          ...silence,
          stdout: expect.stringMatching(/^relay:/),
        });
        expect(await look("probe_transport", "example.com")).toMatchObject({
          ...silence,
          stdout: expect.stringMatching(/^relay-probe:/),
        });
        expect(await look("aliases", "postmaster")).toMatchObject({
          ...silence,
          stdout: expect.stringMatching(/^(ops@example\.org|postmaster@example\.com)\n$/),
        });
      });
    });

    test("finds the listed recipients and the refusal of the rest", async () => {
      const etc = configuration(EVERYTHING);
      const look = async (key: string) => {
        const table = `lmdb:${join(etc, "recipients")}`;
        return (await execute(["postmap", "-c", etc, "-q", key, table])).stdout;
      };
      expect(await look("o'neill@example.com")).toBe("OK\n");
      expect(await look("info@xn--bcher-kva.example")).toBe("OK\n");
      expect(await look("example.com")).toBe("553 5.1.1 No such user here\n");
      expect(await look("example.org")).toBe("OK\n");
      expect(await look("xn--bcher-kva.example")).toBe("");
    });

    // What proves that the silence above means something.
    test("complains about a parameter that nothing uses", async () => {
      const etc = configuration(DEFAULTS, "smtpd_recipient_restriction = permit\n");
      const { stderr } = await execute(["postconf", "-c", etc, "-n"]);
      expect(stderr).toContain("unused parameter: smtpd_recipient_restriction=permit");
    });

    test("complains about a reference without an end", async () => {
      const etc = configuration(DEFAULTS, `mail_name = \${\n`);
      expect(await execute(["postfix", "-c", etc, "check"])).not.toMatchObject(silence);
    });
  },
);
