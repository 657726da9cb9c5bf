import type { Eip } from "@cdktf/provider-aws/lib/eip";
import { Annotations, Op } from "cdktf";
import type { Construct } from "constructs";
import type { MailDomain } from "../../mail/mail-domain";
import { addressed } from "../../terraform/address";
import { TerraformBlock } from "../../terraform/terraform-block";
import { type AwsHost, type BoundFeature, NO_FEATURE } from "../feature";
import { needsPort25 } from "./needs-port-25";

/** What happens until AWS has opened port 25. */
export interface RequestedPort25Props {
  /**
   * Whether the MX records wait: domains that need the port are published with their primaries
   * alone, so that no mail comes that could not be delivered.
   *
   * @default false
   */
  readonly withholdMx?: boolean | undefined;
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
    private readonly isGranted: boolean,
    private readonly withholdMx: boolean,
  ) {}

  /** @internal */
  bind({ scope, server }: AwsHost): BoundFeature & { announces(domain: MailDomain): boolean } {
    let isWarned = this.isGranted;
    return {
      ...NO_FEATURE,
      // Nobody deploys a backup that cannot deliver without being told; once is enough.
      addDomain: ({ name, primaries }) => {
        if (!isWarned && primaries.some(needsPort25)) {
          isWarned = true;
          warnOfPort25(scope, server.hostname, server.address.eip);
          Annotations.of(scope).addWarning(
            `mail for ${name} cannot be delivered while AWS blocks outbound port 25: ${REMEDY}`,
          );
        }
      },
      announces: ({ primaries }) => !(this.withholdMx && primaries.some(needsPort25)),
    };
  }

  /** AWS is asked in each region. @internal */
  elsewhere(): OutboundPort25 {
    return OutboundPort25.requested();
  }
}

/** What to do about the block. */
const REMEDY =
  "ask AWS at https://aws.amazon.com/forms/ec2-email-limit-rdns-request and then set " +
  "outboundPort25: OutboundPort25.granted(), or give the primaries another port or a private address";

/**
 * A check that warns at every plan and apply. Terraform wants it to look at an object: no address
 * is ever 0.0.0.0.
 */
function warnOfPort25(scope: Construct, hostname: string, eip: Eip): void {
  addressed(
    new TerraformBlock(scope, "OutboundPort25", (uniqueId) => ({
      check: {
        [uniqueId]: {
          assert: [
            {
              condition: Op.eq(eip.publicIp, "0.0.0.0"),
              error_message: `${hostname} takes mail and cannot deliver it while AWS blocks outbound port 25: ${REMEDY}`,
            },
          ],
        },
      },
    })),
  );
}
