import type { MailDomain } from "../../mail/mail-domain";
import type { MailPolicy } from "../../mail/mail-policy";
import type { SettingGroup } from "../../mail/postfix/main-cf";
import { postfixFiles } from "../../mail/postfix/postfix";
import { dropIn } from "../host-file";
import type { HostPart } from "../host-part";

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
  const files = postfixFiles(policy, domains, publicAddress, further);
  return {
    files: [
      ...[...files].map(([path, content]) => ({ path, content })),
      // Two names of one service: Debian 12 runs postfix@-.service, Debian 13 postfix.service.
      dropIn(__dirname, "postfix.service"),
      dropIn(__dirname, "postfix.service", "postfix@.service"),
    ],
    packages: [
      "postfix",
      "postfix-lmdb",
      // The certificate of the first boot; on Debian 13 Postfix does without.
      "ssl-cert",
    ],
  };
}
