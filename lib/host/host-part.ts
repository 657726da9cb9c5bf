import type { SettingGroup } from "../mail/postfix/main-cf";
import type { HostFile } from "./host-file";

/** What a feature brings to a host: plain data, which `mail-host` puts together. */
export interface HostPart {
  /** The files that it consists of. */
  readonly files?: readonly HostFile[];
  /** The packages of Debian that it needs. */
  readonly packages?: readonly string[];
  /**
   * What it adds to main.cf. A setting that the mail policy has as well takes its place; one of the
   * user's `postfixSettings` comes before both.
   */
  readonly mainCf?: readonly SettingGroup[];
  /** What its programs must know of the props: its sections of the host's configuration. */
  readonly configuration?: { readonly [section: string]: Section };
  /** What the set-up does for it. */
  readonly steps?: SetupSteps;
}

/** A section of the configuration: JSON, in which a value of deploy time may stand in a text. */
export interface Section {
  readonly [name: string]: string | boolean | readonly string[] | Section;
}

/**
 * Commands of the set-up, by stage, each with its arguments. Without shell: a space divides
 * arguments. As in systemd, one with a hyphen before it may fail.
 */
export interface SetupSteps {
  /** Once all packages are installed; nothing of them may have started yet. */
  readonly installed?: readonly string[];
  /** What must be there before Postfix starts. */
  readonly beforeMail?: readonly string[];
  /** Once the host takes mail. */
  readonly ready?: readonly string[];
}

/** What a feature brings that is off. */
export const NOTHING: HostPart = {};
