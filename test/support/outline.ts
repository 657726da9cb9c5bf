import { hostPrograms } from "../../lib/programs";

/** A file of user data, with what is in it. */
const USER_DATA_FILE = /^( - path: (\S+)\n) {3}content: \|\n(?:(?: {4}.*)?\n)+/gm;

/**
 * What a snapshot shows of what was synthesized: all but the texts of the programs, which have
 * their own tests, and what follows from each letter of them, checksum and version.
 */
export function outline<T>(synthesized: T): T {
  const { sha256 } = hostPrograms();
  const text = JSON.stringify(synthesized, (name, value) => {
    // What CDK for Terraform notes for itself.
    if (name === "//") {
      return undefined;
    }
    if (typeof value === "string" && value.startsWith("#cloud-config")) {
      return value.replace(USER_DATA_FILE, (file, path, name) =>
        name === "/etc/backup-mx/host.json" ? file : path,
      );
    }
    return name.endsWith("_Store_ProgramText") ? "the programs" : value;
  });
  return JSON.parse(
    text
      .replaceAll(sha256, "<sum of the programs>")
      .replace(/(\\?"version\\?": ?\\?")[0-9a-f]{16}(?=\\?")/g, "$1<version>"),
  );
}
