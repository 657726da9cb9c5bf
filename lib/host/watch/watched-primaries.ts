import { withoutDeferred } from "../../input/deferred-value";
import { type MailDomain, route } from "../../mail/mail-domain";
import type { Section } from "../host-part";

/**
 * What the watch of the host looks at: for each domain, what happens to its recipients while all of
 * its primaries are down, and where the mail reaches these. Sorted, so that the order of the props
 * changes nothing.
 */
export function watchedPrimaries(domains: readonly MailDomain[]): Section {
  const entries = domains.map(({ name, recipients, primaries }) => ({
    name,
    watched: {
      whenUnreachable: recipients.acceptsWhileUnreachable ? "accept" : "defer",
      primaries: primaries.map(route),
    },
  }));
  const key = (entry: object) => withoutDeferred(JSON.stringify(entry));
  entries.sort((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
  return Object.fromEntries(entries.map(({ name, watched }) => [name, watched]));
}
