import type { MailDomain } from "../../mail/mail-domain";
import type { MailPolicy } from "../../mail/mail-policy";
import { type HostFile, packageModule, partModule, program, unit } from "../host-file";
import type { HostPart } from "../host-part";
import { table } from "../table";
import { watchedPrimaries } from "./watched-primaries";

export const WATCH_FILES: readonly HostFile[] = [
  unit(__dirname, "backup-mx-watch.service"),
  program(__dirname, "backup-mx-watch"),
  packageModule(__dirname, "watching", "greeting"),
  packageModule(__dirname, "watching", "primary"),
  partModule(__dirname, "watch"),
];

/** What the watch of the primaries watches. */
export function watchPart(policy: MailPolicy, domains: readonly MailDomain[]): HostPart {
  return {
    configuration: {
      watch: { interval: policy.watchInterval, domains: table(watchedPrimaries(domains)) },
    },
  };
}
