import type { MailDomain } from "../../mail/mail-domain";
import type { MailPolicy } from "../../mail/mail-policy";
import { program, unit } from "../host-file";
import type { HostPart } from "../host-part";
import { watchedPrimaries } from "./watched-primaries";

/** The watch of the primaries, and what it watches. */
export function watchPart(policy: MailPolicy, domains: readonly MailDomain[]): HostPart {
  return {
    files: [
      { path: "/etc/backup-mx/primaries", content: watchedPrimaries(domains) },
      unit(__dirname, "backup-mx-watch.service"),
      program(__dirname, "backup-mx-watch"),
    ],
    environment: { WATCH_INTERVAL: policy.watchInterval },
  };
}
