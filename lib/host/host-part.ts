import type { SettingGroup } from "../mail/postfix/main-cf";
import type { Table } from "./table";

/** What a feature brings to a host: plain data, which `mail-host` puts together. */
export interface HostPart {
  /**
   * The parts whose packages of Debian it needs, beside those that every host has; which packages
   * these are, the programs of the host know. Others make another instance.
   */
  readonly parts?: readonly string[];
  /** The packages that Debian does not have, by their names. Others make another instance. */
  readonly downloads?: { readonly [name: string]: Download };
  /**
   * What it adds to main.cf. A setting that the mail policy has as well takes its place; one of the
   * user's `postfixSettings` comes before both.
   */
  readonly mainCf?: readonly SettingGroup[];
  /** Its sections of the configuration, which the host takes into use while it runs. */
  readonly configuration?: { readonly [section: string]: Section };
}

/** A Debian package that the host downloads: from a URL, or from its store. */
export interface Download {
  /** Empty for the latest, where its part knows one. */
  readonly url?: string;
  /** The key in the store. */
  readonly key?: string;
  /** The expected checksum; empty if none is known. */
  readonly sha256: string;
}

/** A section of the configuration: JSON, in which a value of deploy time may stand in a text. */
export interface Section {
  readonly [name: string]: string | boolean | readonly string[] | Table;
}

/** The key of a package in the store; its checksum is in it, so what lies there never changes. */
export function packageKey(sha256: string): string {
  return `packages/${sha256}.deb`;
}

/** What a feature brings that is off. */
export const NOTHING: HostPart = {};
