import { badInput } from "../../input/bad-input";
import { type MailDomain, route } from "../mail-domain";
import type { TableEntry } from "./lookup-table";

/**
 * How mail to each primary of a domain is encrypted, by where the backup reaches it.
 *
 * @param others the same of the domains before it
 * @throws if two ask for different things of the same primary
 */
export function tlsPoliciesOf(
  { primaries }: MailDomain,
  others: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const policies = new Map<string, string>();
  for (const primary of primaries.filter(({ tlsPolicy }) => tlsPolicy !== undefined)) {
    const { prop, tlsPolicy = "" } = primary;
    const key = route(primary);
    const other = policies.get(key) ?? others.get(key);
    if (other !== undefined && other !== tlsPolicy) {
      throw badInput(
        `${prop}.tls`,
        tlsPolicy,
        `differs from "${other}" elsewhere for the same primary; give both the same`,
      );
    }
    policies.set(key, tlsPolicy);
  }
  return policies;
}

/**
 * The entries of the table that says how mail to each primary is encrypted.
 *
 * @throws if two domains ask for different things of the same primary
 */
export function tlsPolicies(domains: readonly MailDomain[]): TableEntry[] {
  const policies = new Map<string, string>();
  for (const domain of domains) {
    for (const [key, value] of tlsPoliciesOf(domain, policies)) {
      policies.set(key, value);
    }
  }
  return [...policies].map(([key, value]) => ({ key, value }));
}
