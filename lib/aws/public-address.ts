import { Eip } from "@cdktf/provider-aws/lib/eip";
import { EipAssociation } from "@cdktf/provider-aws/lib/eip-association";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import { Construct } from "constructs";

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
    this.eip = new Eip(this, "Resource", { domain: "vpc", tags: { Name: props.name } });
  }

  /** Puts the instance behind the address. */
  attachTo(instance: Instance): void {
    new EipAssociation(this, "Association", {
      allocationId: this.eip.id,
      instanceId: instance.id,
    });
  }
}
