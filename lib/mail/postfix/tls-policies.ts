import { badInput } from "../../input/bad-input";
import { type MailDomain, route } from "../mail-domain";
import type { TableEntry } from "./lookup-table";

/**
 * The entries of the table that says how mail to each primary is encrypted.
 *
 * @throws if two domains ask for different things of the same primary
 */
export function tlsPolicies(domains: readonly MailDomain[]): TableEntry[] {
  const policies = new Map<string, string>();
  for (const { primaries } of domains) {
    for (const primary of primaries.filter(({ tlsPolicy }) => tlsPolicy !== undefined)) {
      const { prop, tlsPolicy = "" } = primary;
      const other = policies.get(route(primary));
      if (other !== undefined && other !== tlsPolicy) {
        throw badInput(
          `${prop}.tls`,
          tlsPolicy,
          `differs from "${other}" elsewhere for the same primary; give both the same`,
        );
      }
      policies.set(route(primary), tlsPolicy);
    }
  }
  return [...policies].map(([key, value]) => ({ key, value }));
}
