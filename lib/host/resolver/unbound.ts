import { type HostFile, partModule } from "../host-file";
import type { HostPart } from "../host-part";

export const RESOLVER_FILES: readonly HostFile[] = [partModule(__dirname, "resolver")];

/**
 * The resolver of a host, unbound.
 *
 * @param privateZones the zones that only another resolver knows
 * @param privateResolver the address of that one
 */
export function unboundPart(privateZones: readonly string[], privateResolver: string): HostPart {
  return {
    parts: ["resolver"],
    configuration: { resolver: { privateZones, privateResolver } },
  };
}
