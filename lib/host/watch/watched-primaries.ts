import { type MailDomain, route } from "../../mail/mail-domain";
import { lookupTable } from "../../mail/postfix/lookup-table";

/**
 * What the watch of the host reads: each domain, what becomes of its recipients while all of its
 * primaries are down, and where these are reached.
 */
export function watchedPrimaries(domains: readonly MailDomain[]): string {
  return lookupTable(
    "The primaries that the watch asks, as the mail goes.",
    domains.map((domain) => ({
      key: domain.name,
      value: [
        domain.recipients.acceptsWhileUnreachable ? "accept" : "defer",
        ...domain.primaries.map(route),
      ].join(" "),
    })),
  );
}
