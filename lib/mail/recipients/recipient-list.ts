import type { MailDomain } from "../mail-domain";

/**
 * The recipients that come from files, of all domains together: one a line, sorted. The last line
 * tells how many there are, so that the host can see that it has got them all.
 */
export function recipientList(domains: readonly MailDomain[]): string {
  const addresses = domains
    .flatMap(({ prop, name, recipients }) => recipients.fileAddresses(`${prop}.recipients`, name))
    .sort();
  return [...addresses, `# ${addresses.length} recipients`].map((line) => `${line}\n`).join("");
}
