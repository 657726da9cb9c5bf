import { Eip } from "@cdktf/provider-aws/lib/eip";
import { EipAssociation } from "@cdktf/provider-aws/lib/eip-association";
import { EipDomainName } from "@cdktf/provider-aws/lib/eip-domain-name";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { addressed } from "../../terraform/address";

/** What the address is called. */
export interface PublicAddressProps {
  /** The value of the Name tag. */
  readonly name: string;
}

/** A fixed public address that outlives the instance behind it. */
export class PublicAddress extends Construct {
  readonly eip: Eip;

  constructor(scope: Construct, id: string, props: PublicAddressProps) {
    super(scope, id);
    this.eip = addressed(new Eip(this, "Resource", { domain: "vpc", tags: { Name: props.name } }));
  }

  /** Puts the instance behind the address. */
  attachTo(instance: Instance): void {
    addressed(
      new EipAssociation(this, "Association", {
        allocationId: this.eip.id,
        instanceId: instance.id,
      }),
    );
  }

  /**
   * Gives the address its name in reverse DNS. AWS refuses while the name does not point to the
   * address: what makes it point there is created before, and destroyed after.
   *
   * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Elastic_Addressing_Reverse_DNS.html
   */
  reverseTo(hostname: string, records: ITerraformDependable[]): void {
    addressed(
      new EipDomainName(this, "ReverseDns", {
        allocationId: this.eip.id,
        domainName: hostname,
        dependsOn: records,
      }),
    );
  }
}
