import { badInput } from "../input/bad-input";
import type { MailDomain } from "./mail-domain";
import type { MailPolicy } from "./mail-policy";
import { DANE } from "./postfix/primary-tls";

/** Whether a certificate of a primary of this domain is looked up in DNS. */
export function usesDane({ primaries }: MailDomain): boolean {
  return primaries.some(({ tlsPolicy }) => tlsPolicy === DANE);
}

/**
 * Whether the host has a resolver of its own.
 *
 * @throws if it is switched off and something needs it
 */
export function hasLocalResolver(
  { localResolver, postscreenDnsblSites }: MailPolicy,
  domains: readonly MailDomain[],
): boolean {
  const user =
    postscreenDnsblSites.length > 0
      ? "postscreenDnsblSites"
      : domains.some(usesDane)
        ? "PrimaryTls.dane()"
        : undefined;
  if (localResolver === false && user !== undefined) {
    throw badInput(
      "localResolver",
      false,
      `leaves ${user} without the resolver that it needs; leave the prop out`,
    );
  }
  return localResolver ?? user !== undefined;
}
