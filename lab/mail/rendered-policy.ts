import type { BackupMxProps } from "../../lib";
import { archivedFiles, deployedHost, synthesized, writtenFiles } from "../aws/deployed-stack";
import type { Postfix } from "./postfix";

/** The programs of a host that need no systemd. */
const PROGRAMS = /^\/(usr\/local|etc\/postfix)\//;

/** What a host has of its props, as far as it needs no systemd. */
export interface RenderedPolicy {
  /** Programs and facts by path. */
  readonly files: Readonly<Record<string, string>>;
  /** The configuration, which its programs take into use. */
  readonly configuration: string;
}

/**
 * What a host has of its props, as far as it needs no systemd. The one place of the lab that knows
 * how a host gets it.
 *
 * @param publicAddress the address under which the internet reaches the host
 */
export function renderedPolicy(props: BackupMxProps, publicAddress: string): RenderedPolicy {
  const bucket = "bucket.invalid";
  const { userData, objects } = deployedHost(synthesized(props), { publicAddress, bucket });
  const [programs = ""] = Object.entries(objects).flatMap(([key, object]) =>
    key.startsWith("programs/") ? [object] : [],
  );
  const files = { ...writtenFiles(userData), ...archivedFiles(programs) };
  return {
    files: Object.fromEntries(
      Object.entries(files)
        .filter(([path]) => PROGRAMS.test(path) || path === "/etc/backup-mx/host.json")
        .map(([path, { content }]) => [path, content]),
    ),
    configuration: objects.configuration,
  };
}

/** Where the programs of the host look for what is live. */
const LIVE = "/etc/backup-mx/configuration.json";

/**
 * Takes Postfix's part of it, as the host does: its files are written and its tables compiled. The
 * rest stays undone, and what a sender would hear is not asked for.
 */
const TAKE = `
import sys
sys.path.insert(0, "/usr/local/lib/backup-mx")
import document, host, sections
with open(host.CONFIGURATION, "rb") as file:
    configuration = document.read(file.read())
for part in sections.parts():
    if part.SECTION == "postfix":
        section = configuration[part.SECTION]
        part.check(section, configuration)
        part.take(section, configuration)
        part.keep(section, configuration)
`;

/** Has a Postfix of the lab configured by the programs of the host. */
export function configure(postfix: Postfix, { files, configuration }: RenderedPolicy): void {
  postfix.write({ ...files, [LIVE]: configuration });
  postfix.run("python3", "-c", TAKE);
  postfix.age("/etc/postfix");
}

const RESOLVER = `
import sys
sys.path.insert(0, "/usr/local/lib/backup-mx")
import host
from parts import resolver
print(resolver.settings(host.configuration()["resolver"]), end="")
`;

/** What a host that is configured tells its resolver. */
export function resolverSettings(postfix: Postfix): string {
  return postfix.run("python3", "-c", RESOLVER);
}
