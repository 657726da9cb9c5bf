import { shippedStep } from "../host-file";
import type { HostPart } from "../host-part";

/**
 * The resolver of a host, unbound.
 *
 * @param privateZones the zones that only another resolver knows
 * @param privateResolver the address of that one
 */
export function unboundPart(privateZones: readonly string[], privateResolver: string): HostPart {
  return {
    files: [
      {
        path: "/etc/unbound/unbound.conf.d/backup-mx.conf",
        content: [
          // The firewall lets questions out over IPv4 alone.
          "server:\n do-ip6: no\n",
          ...privateZones.map((zone) => ` domain-insecure: "${zone}"\n`),
          ...privateZones.map(
            (zone) => `forward-zone:\n name: "${zone}"\n forward-addr: ${privateResolver}\n`,
          ),
        ].join(""),
      },
      shippedStep(__dirname, "resolver"),
    ],
    // The second has the keys of the root.
    packages: ["unbound", "dns-root-data"],
  };
}
