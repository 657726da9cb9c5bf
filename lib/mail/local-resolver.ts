import { badInput } from "./bad-input";
import type { MailDomain } from "./mail-domain";
import type { MailPolicy } from "./mail-policy";

/**
 * Whether the host has a resolver of its own.
 *
 * @throws if it is switched off and something needs it
 */
export function hasLocalResolver(
  { localResolver, postscreenDnsblSites }: MailPolicy,
  _domains: readonly MailDomain[],
): boolean {
  const user = postscreenDnsblSites.length > 0 ? "postscreenDnsblSites" : undefined;
  if (localResolver === false && user !== undefined) {
    throw badInput(
      "localResolver",
      false,
      `leaves ${user} without the resolver that it needs; leave the prop out`,
    );
  }
  return localResolver ?? user !== undefined;
}
