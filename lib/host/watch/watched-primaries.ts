import { withoutDeferred } from "../../input/deferred-value";
import { type MailDomain, route } from "../../mail/mail-domain";

/**
 * What the watch of the host looks at, a line for each domain: its name, what happens to its
 * recipients while all of its primaries are down, and where the mail reaches these. Sorted, so that
 * the order of the props changes nothing.
 */
export function watchedPrimaries(domains: readonly MailDomain[]): readonly string[] {
  const lines = domains.map(({ name, recipients, primaries }) => {
    const action = recipients.acceptsWhileUnreachable ? "accept" : "defer";
    const line = [name, action, ...primaries.map(route)].join(" ");
    return { line, key: withoutDeferred(line) };
  });
  lines.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  return lines.map(({ line }) => line);
}
