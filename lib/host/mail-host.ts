import { createHash } from "node:crypto";
import { withoutDeferred } from "../input/deferred-value";
import { cloudConfig } from "./cloud-config";
import type { HostFile } from "./host-file";
import type { Download, HostPart, Section } from "./host-part";
import { SETUP_UNITS } from "./setup/setup";

/** What a host is made of. */
export interface MailHostProps {
  /** The fully qualified name of the host. */
  readonly hostname: string;
  /** The checksum of its programs. */
  readonly programs: string;
  readonly parts: readonly HostPart[];
}

/** A host, in two: what an instance is for all its life, and what it takes into use while it runs. */
export interface MailHost {
  /** The parts whose packages it has beside those of every host. */
  readonly parts: readonly string[];
  readonly downloads: { readonly [name: string]: Download };
  readonly configuration: Configuration;
}

/** What a host takes into use while it runs. */
export interface Configuration {
  readonly hostname: string;
  /** For which programs and packages it is. */
  readonly version: string;
  readonly [section: string]: string | Section;
}

/** Puts the parts of a host together. */
export function mailHost({ hostname, programs, ...props }: MailHostProps): MailHost {
  const parts = props.parts.flatMap((part) => part.parts ?? []).sort();
  const downloads = Object.assign({}, ...props.parts.map((part) => part.downloads));
  const version = createHash("sha256")
    .update(withoutDeferred(JSON.stringify([programs, parts, downloads])))
    .digest("hex")
    .slice(0, 16);
  const sections = Object.assign({}, ...props.parts.map((part) => part.configuration));
  return { parts, downloads, configuration: { hostname, version, ...sections } };
}

/** Where an instance finds its disk and its store, and how it asks the store. */
export interface InstanceProps {
  readonly host: MailHost;
  readonly programs: string;
  /** The processor: no instance can get another one. @default - not known yet */
  readonly processor?: string;
  readonly queue: { readonly volume: string; readonly devices: readonly string[] };
  /** The URL of the store. */
  readonly store: string;
  /** The programs that fetch all other programs. */
  readonly boot: readonly HostFile[];
}

/** The user data of an instance: what it is, and the programs that fetch all others. */
export function userData(props: InstanceProps): string {
  const { host, programs, processor, queue, store, boot } = props;
  const { hostname, version } = host.configuration;
  const { parts, downloads } = host;
  const facts = { hostname, version, store, programs, processor, queue, parts, downloads };
  const lines = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [` ${JSON.stringify(name)}: ${JSON.stringify(value)}`],
  );
  return cloudConfig({
    fqdn: hostname,
    files: [
      { path: "/etc/backup-mx/host.json", content: `{\n${lines.join(",\n")}\n}\n` },
      ...SETUP_UNITS,
      ...boot,
    ],
    program: ["systemctl", "start", "backup-mx-setup.service"],
  });
}
