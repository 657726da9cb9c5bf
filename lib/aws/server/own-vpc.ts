import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { addressed } from "../../terraform/address";

/** The network that is made. */
export interface OwnVpcProps {
  readonly cidr: string;
  readonly availabilityZone?: string;
  /** The value of the Name tags. */
  readonly name: string;
}

/** A VPC with one public subnet and nothing else in it. */
export class OwnVpc extends Construct {
  readonly vpc: Vpc;
  readonly subnet: Subnet;
  /** What must be there before a host can reach the internet. */
  readonly wayOut: ITerraformDependable[];

  constructor(scope: Construct, id: string, props: OwnVpcProps) {
    super(scope, id);
    const cidrBlock = props.cidr;
    const tags = { Name: props.name };
    this.vpc = addressed(new Vpc(this, "Resource", { cidrBlock, enableDnsSupport: true, tags }));
    // The group that AWS makes with every VPC opens it inside; nobody uses it here.
    addressed(new DefaultSecurityGroup(this, "NoDefaultGroup", { vpcId: this.vpc.id, tags }));
    const gateway = addressed(new InternetGateway(this, "Gateway", { vpcId: this.vpc.id, tags }));
    this.subnet = addressed(
      new Subnet(this, "Subnet", {
        vpcId: this.vpc.id,
        cidrBlock,
        availabilityZone: props.availabilityZone,
        tags,
        // The queue cannot follow to another zone.
        lifecycle: { ignoreChanges: ["availability_zone"] },
      }),
    );
    const routes = addressed(new RouteTable(this, "Routes", { vpcId: this.vpc.id, tags }));
    this.wayOut = [
      addressed(
        new Route(this, "WayOut", {
          routeTableId: routes.id,
          destinationCidrBlock: "0.0.0.0/0",
          gatewayId: gateway.id,
        }),
      ),
      addressed(
        new RouteTableAssociation(this, "Association", {
          subnetId: this.subnet.id,
          routeTableId: routes.id,
        }),
      ),
    ];
  }
}

/**
 * The CIDR block of a VPC.
 *
 * @throws if it cannot be one
 */
export function vpcCidr(prop: string, value: string): string {
  const form = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(value);
  const [a, b, c, d, prefix] = (form ?? []).slice(1).map(Number);
  const isBlock =
    form !== null &&
    [a, b, c, d].every((part) => part <= 255) &&
    prefix >= 16 &&
    prefix <= 28 &&
    // No bit behind the prefix is set.
    (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) % 2 ** (32 - prefix) === 0;
  if (!isDeferred(value) && !isBlock) {
    throw badInput(
      prop,
      value,
      'is not the CIDR block of a VPC; give a network from /16 to /28, such as "10.25.0.0/28"',
    );
  }
  return value;
}
