import { BlockList, isIPv6 } from "node:net";
import type { Eip } from "@cdktf/provider-aws/lib/eip";
import { Op } from "cdktf";
import type { Construct } from "constructs";
import { isDeferred } from "../../input/deferred-value";
import type { Primary } from "../../mail/mail-domain";
import { TerraformBlock } from "../../terraform/terraform-block";

/** How the time is spent until AWS has opened port 25. */
export interface RequestedPort25Props {
  /**
   * Whether the MX records wait: domains that need the port are published with their primaries
   * alone, so that no mail comes that could not be delivered.
   *
   * @default false
   */
  readonly withholdMx?: boolean;
}

/**
 * Whether AWS lets the host send mail to port 25 of public addresses. It does not by default: a
 * person has to ask for it, in each region, and may be refused. Until then a backup takes mail and
 * cannot deliver it.
 *
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-resource-limits.html
 */
export class OutboundPort25 {
  /** AWS has confirmed that the account may send in this region. */
  static granted(): OutboundPort25 {
    return new OutboundPort25(true, false);
  }

  /** Not yet, or nobody knows: synthesis and every apply warn. */
  static requested(props: RequestedPort25Props = {}): OutboundPort25 {
    return new OutboundPort25(false, props.withholdMx ?? false);
  }

  private constructor(
    readonly isGranted: boolean,
    /** Whether domains that need the port are not announced yet. */
    readonly withholdsMx: boolean,
  ) {}
}

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

/** What to do about the block. */
export const PORT_25_REMEDY =
  "ask AWS at https://aws.amazon.com/forms/ec2-email-limit-rdns-request and then set " +
  "outboundPort25: OutboundPort25.granted(), or give the primaries another port or a private address";

/**
 * A check that warns at every plan and apply. Terraform wants it to look at an object: no address
 * is ever 0.0.0.0.
 */
export function warnOfPort25(scope: Construct, id: string, hostname: string, eip: Eip): void {
  new TerraformBlock(scope, id, (uniqueId) => ({
    check: {
      [uniqueId]: {
        assert: [
          {
            condition: Op.eq(eip.publicIp, "0.0.0.0"),
            error_message: `${hostname} takes mail and cannot deliver it while AWS blocks outbound port 25: ${PORT_25_REMEDY}`,
          },
        ],
      },
    },
  }));
}
