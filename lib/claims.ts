import type { Construct, IConstruct } from "constructs";
import { badInput } from "./input/bad-input";
import { isDeferred } from "./input/deferred-value";

/** Of each app: which hostnames and domains belong to which backup. */
const CLAIMS = new WeakMap<IConstruct, Map<string, Construct>>();

/**
 * That no other backup of the app has a hostname or a domain: both would own its records.
 *
 * @throws if one has
 */
export function mustBeFree(backup: Construct, prop: string, name: string): void {
  const owner = CLAIMS.get(backup.node.root)?.get(name);
  if (owner !== undefined && owner !== backup) {
    throw badInput(
      prop,
      name,
      `belongs to ${owner.node.path} already, and both would own its records in DNS; for one more backup of the same domains use the nodes prop`,
    );
  }
}

/**
 * Notes that a hostname or a domain belongs to a backup.
 *
 * @throws if it belongs to another
 */
export function claim(backup: Construct, prop: string, name: string): void {
  mustBeFree(backup, prop, name);
  if (!isDeferred(name)) {
    const { root } = backup.node;
    const claims = CLAIMS.get(root) ?? new Map<string, Construct>();
    CLAIMS.set(root, claims.set(name, backup));
  }
}
