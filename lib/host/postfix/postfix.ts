import { join } from "node:path";
import type { MailDomain } from "../../mail/mail-domain";
import type { MailPolicy } from "../../mail/mail-policy";
import type { SettingGroup } from "../../mail/postfix/main-cf";
import { postfixSection } from "../../mail/postfix/postfix";
import { dropIn, type HostFile, partFile, partModule } from "../host-file";
import type { HostPart } from "../host-part";
import { table } from "../table";

/** Where the settings stand that nobody may change, for those who write them and for the host. */
const SETTINGS = join(__dirname, "../../mail/postfix");

export const POSTFIX_FILES: readonly HostFile[] = [
  partModule(__dirname, "postfix"),
  partFile(__dirname, "master.cf"),
  partFile(__dirname, "postscreen.cf"),
  partFile(__dirname, "judge_networks"),
  partFile(__dirname, "probe_replies"),
  partFile(__dirname, "reports"),
  partFile(SETTINGS, "forbidden-settings.json"),
  // Two names of one service: Debian 12 runs postfix@-.service, Debian 13 postfix.service.
  dropIn(__dirname, "postfix.service"),
  dropIn(__dirname, "postfix.service", "postfix@.service"),
];

/**
 * The mail server itself.
 *
 * @param publicAddress the address under which the internet reaches the host
 * @param further what the other parts of the host add to main.cf
 */
export function postfixPart(
  policy: MailPolicy,
  domains: readonly MailDomain[],
  publicAddress: string,
  further: readonly SettingGroup[],
): HostPart {
  const section = postfixSection(policy, domains, publicAddress, further);
  return {
    configuration: {
      postfix: {
        ...section,
        transport: table(section.transport),
        tls_policy: table(section.tls_policy),
        recipients: table(section.recipients),
      },
    },
  };
}
