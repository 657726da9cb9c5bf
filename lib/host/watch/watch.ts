import type { MailDomain } from "../../mail/mail-domain";
import type { MailPolicy } from "../../mail/mail-policy";
import { program, unit } from "../host-file";
import type { HostPart } from "../host-part";
import { watchedPrimaries } from "./watched-primaries";

/** The watch of the primaries, and what it watches. */
export function watchPart(policy: MailPolicy, domains: readonly MailDomain[]): HostPart {
  return {
    files: [unit(__dirname, "backup-mx-watch.service"), program(__dirname, "backup-mx-watch")],
    configuration: {
      watch: { interval: policy.watchInterval, domains: watchedPrimaries(domains) },
    },
    // Before Postfix, which needs the table that the watch makes.
    steps: { beforeMail: ["systemctl enable --quiet --now backup-mx-watch"] },
  };
}
