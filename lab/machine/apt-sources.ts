import { existsSync, readFileSync } from "node:fs";
import type { Suite } from "./debian-image";

const deb822File = "/etc/apt/sources.list.d/debian.sources";
const oneLineFile = "/etc/apt/sources.list";

/** Where this machine gets its Debian packages. The lab uses the same mirror and no other. */
export class AptSources {
  private constructor(
    private readonly archive: URL,
    private readonly security: URL,
  ) {}

  static ofThisMachine(): AptSources {
    const sources = existsSync(deb822File)
      ? deb822(readFileSync(deb822File, "utf8"))
      : oneLine(readFileSync(oneLineFile, "utf8"));
    const uri = (wanted: (suites: string) => boolean) => {
      const source = sources.find(({ suites }) => wanted(suites));
      if (!source?.uri.startsWith("http://")) {
        throw new Error(`no http:// mirror of Debian in ${deb822File} or ${oneLineFile}`);
      }
      return new URL(source.uri);
    };
    return new AptSources(
      uri((suites) => !suites.includes("-security")),
      uri((suites) => suites.includes("-security")),
    );
  }

  /** The hosts that serve them. */
  get hosts(): string[] {
    return [...new Set([this.archive.host, this.security.host])];
  }

  /** The sources of a suite, as apt reads them. */
  of(suite: Suite): string {
    const stanza = (uri: URL, suites: string) => `Types: deb
URIs: ${uri.href}
Suites: ${suites}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;
    return [
      stanza(this.archive, `${suite} ${suite}-updates`),
      stanza(this.security, `${suite}-security`),
    ].join("\n");
  }
}

interface Source {
  readonly uri: string;
  readonly suites: string;
}

function deb822(text: string): Source[] {
  const stanzas = text.replace(/^#.*\n/gm, "").split(/\n\s*\n/);
  const field = (stanza: string, name: string) =>
    new RegExp(`^${name}:\\s*(.*)$`, "mi").exec(stanza)?.[1] ?? "";
  return stanzas
    .filter((stanza) => field(stanza, "Types").includes("deb"))
    .map((stanza) => ({
      uri: field(stanza, "URIs").split(" ")[0],
      suites: field(stanza, "Suites"),
    }));
}

function oneLine(text: string): Source[] {
  return [...text.matchAll(/^deb\s+(?:\[.*?\]\s+)?(\S+)\s+(\S+)/gm)].map(([, uri, suites]) => ({
    uri,
    suites,
  }));
}
