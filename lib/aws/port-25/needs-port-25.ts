import { BlockList, isIPv6 } from "node:net";
import { isDeferred } from "../../input/deferred-value";
import type { Primary } from "../../mail/mail-domain";

const PRIVATE = new BlockList();
PRIVATE.addSubnet("10.0.0.0", 8, "ipv4");
PRIVATE.addSubnet("172.16.0.0", 12, "ipv4");
PRIVATE.addSubnet("192.168.0.0", 16, "ipv4");
PRIVATE.addSubnet("fc00::", 7, "ipv6");

/** Whether mail to this primary passes the port that AWS blocks; private addresses are exempt. */
export function needsPort25({ port, address }: Primary): boolean {
  const isPrivate =
    address !== undefined &&
    !isDeferred(address) &&
    PRIVATE.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  return (isDeferred(port) || port === 25) && !isPrivate;
}
