import type { HostFile } from "../host-file";
import { shippedFile } from "../shipped-file";

/** What the resolver needs of Debian; the second has the keys of the root. */
export const RESOLVER_PACKAGES = ["unbound", "dns-root-data"];

/**
 * The resolver of a VPC, at the address that is the same in all of them.
 *
 * Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
 */
const VPC_RESOLVER = "169.254.169.253";

/**
 * The files by which a host resolves names itself.
 *
 * @param privateZones the zones that only the resolver of the VPC knows
 */
export function resolverFiles(privateZones: readonly string[]): HostFile[] {
  return [
    {
      path: "/etc/unbound/unbound.conf.d/backup-mx.conf",
      content: [
        // The firewall lets questions out over IPv4 alone.
        "server:\n do-ip6: no\n",
        ...privateZones.map((zone) => ` domain-insecure: "${zone}"\n`),
        ...privateZones.map(
          (zone) => `forward-zone:\n name: "${zone}"\n forward-addr: ${VPC_RESOLVER}\n`,
        ),
      ].join(""),
    },
    {
      path: "/etc/backup-mx/setup.d/resolver",
      content: shippedFile(__dirname, "setup-resolver"),
      isProgram: true,
    },
  ];
}
