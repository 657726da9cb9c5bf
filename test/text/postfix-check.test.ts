import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Testing } from "cdktf";
import { execute } from "../../lab/process/execution";
import { BackupMx, type BackupMxProps } from "../../lib";
import { DEFAULTS, EVERYTHING } from "../support/props";
import { describeWith, program, root } from "../support/requirements";
import { newStack } from "../support/stack";
import { deployedUserData } from "../support/synthesized";
import { writtenFiles } from "../support/user-data";

/** The files that the user data of a backup MX writes to /etc/postfix, name to content. */
function postfixFilesOf(props: BackupMxProps): Map<string, string> {
  const stack = newStack();
  new BackupMx(stack, "Mx2", props);
  const userData = deployedUserData(JSON.parse(Testing.synth(stack)), "203.0.113.7");
  return new Map(
    Object.entries(writtenFiles(userData))
      .filter(([path]) => dirname(path) === "/etc/postfix")
      .map(([path, { content }]) => [basename(path), content]),
  );
}

describeWith(
  [root, program("postfix", "postfix"), program("postconf", "postfix")],
  "Postfix",
  () => {
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "postfix-check-"));
      chmodSync(folder, 0o755);
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    /**
     * Writes the files where this machine's own Postfix has no part in them.
     *
     * @param further what stands at the end of main.cf
     */
    function configuration(props: BackupMxProps, further = ""): string {
      const etc = join(folder, "etc");
      const data = join(folder, "data");
      mkdirSync(etc);
      mkdirSync(data);
      const [user, group] = ["-u", "-g"].map((id) =>
        Number(execFileSync("id", [id, "postfix"], { encoding: "utf8" })),
      );
      chownSync(data, user, group);
      mkdirSync(join(folder, "queue"));
      const ours = `queue_directory = ${join(folder, "queue")}\ndata_directory = ${data}\n`;
      for (const [name, content] of postfixFilesOf(props)) {
        const file = join(etc, name);
        const text = content.replaceAll("/etc/postfix/", `${etc}/`);
        writeFileSync(file, name === "main.cf" ? text + ours + further : text);
        // Postfix waits two seconds with a file that is new: it may not be complete.
        utimesSync(file, 0, 0);
      }
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

      test("can read every table", async () => {
        const etc = configuration(props);
        const look = (table: string, key: string) =>
          execute(["postmap", "-c", etc, "-q", key, `texthash:${join(etc, table)}`]);
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
        const table = `texthash:${join(etc, "recipients")}`;
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
