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
  /** What the programs of the host must know of the props, as shell variables. */
  readonly environment?: { readonly [name: string]: string };
}

/** What a feature brings that is off. */
export const NOTHING: HostPart = {};
