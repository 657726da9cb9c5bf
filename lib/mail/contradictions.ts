import { badInput } from "../input/bad-input";
import type { MailDomain } from "./mail-domain";
import type { MailPolicy } from "./mail-policy";

/**
 * Refuses a domain that contradicts the policy of the host.
 *
 * @throws if there is any
 */
export function refuseContradictions(
  { unverifiedRecipientDeferCode: code, smtpdRecipientRestrictions: restrictions }: MailPolicy,
  { prop, name, recipients }: MailDomain,
): void {
  if (!recipients.defersWhileUnreachable) {
    return;
  }
  // Of a primary that is down Postfix gets no answer either.
  if (code === 250) {
    throw badInput(
      "unverifiedRecipientDeferCode",
      code,
      `accepts those whom ${prop}.recipients defers while the primaries of ${name} are down; leave it out, or WhenUnreachable.DEFER`,
    );
  }
  if (!restrictions.includes("reject_unverified_recipient")) {
    throw new Error(
      `smtpdRecipientRestrictions lacks "reject_unverified_recipient", so nobody is deferred as ${prop}.recipients asks; add it, or leave out WhenUnreachable.DEFER`,
    );
  }
}
