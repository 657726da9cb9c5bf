import { DataAwsEc2InstanceTypeOfferings } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type-offerings";
import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import { Fn, type ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { addressed } from "../../terraform/address";
import { OwnVpc, vpcCidr } from "./own-vpc";
import { resourceId } from "./resource-id";

/** Where in a VPC an instance stands. */
export interface ZoneProps {
  /**
   * The zone of the instance and its queue, such as `eu-central-1a`.
   *
   * @default - the first by name that has the instance type
   */
  readonly availabilityZone?: string | undefined;
}

/** What is known of a subnet. */
export interface SubnetProps {
  /**
   * The VPC of the subnet.
   *
   * @default - looked up from the subnet
   */
  readonly vpcId?: string | undefined;
}

/**
 * Where an instance stands, as its resources need it; nothing is said of the default VPC.
 *
 * @internal
 */
export interface Place {
  /** The zone of instance and queue: a volume cannot leave its own. */
  readonly availabilityZone: string;
  /** The zone that was asked for, by whatever says it. */
  readonly wantedZone?: string;
  readonly vpcId?: string;
  readonly subnetId?: string;
  /** What the instance needs to reach the internet from its first second. */
  readonly wayOut?: ITerraformDependable[];
}

/** The network of a backup. */
export class Network {
  /**
   * A default subnet of the default VPC.
   *
   * @throws if the zone is not the name of one
   */
  static defaultVpc({ availabilityZone }: ZoneProps = {}): Network {
    const wantedZone = zoneName(availabilityZone);
    return new Network(
      (scope, instanceType) => ({
        availabilityZone: wantedZone ?? zoneWith(scope, instanceType),
        wantedZone,
      }),
      wantedZone !== undefined,
    );
  }

  /**
   * A subnet of yours; it must be a public one. Its zone is looked up.
   *
   * @throws if an id cannot be used
   */
  static subnet(subnetId: string, props: SubnetProps = {}): Network {
    resourceId("network.subnetId", subnetId, "subnet");
    const vpcId =
      props.vpcId === undefined ? undefined : resourceId("network.vpcId", props.vpcId, "vpc");
    return new Network((scope) => {
      const subnet = addressed(new DataAwsSubnet(scope, "Subnet", { id: subnetId }));
      return {
        subnetId,
        vpcId: vpcId ?? subnet.vpcId,
        availabilityZone: subnet.availabilityZone,
        wantedZone: subnet.availabilityZone,
      };
    }, true);
  }

  /**
   * A VPC that is made for the instance alone: one public subnet, nothing else.
   *
   * @param cidr its CIDR block, /16 to /28, such as `10.25.0.0/28`
   * @throws if the block cannot be that of a VPC, or the zone is not the name of one
   */
  static own(cidr: string, { availabilityZone }: ZoneProps = {}): Network {
    const wantedZone = zoneName(availabilityZone);
    vpcCidr("network.cidr", cidr);
    return new Network((scope, instanceType, name) => {
      const { vpc, subnet, wayOut } = new OwnVpc(scope, "Vpc", {
        cidr,
        availabilityZone: wantedZone ?? zoneWith(scope, instanceType),
        name,
      });
      return {
        vpcId: vpc.id,
        subnetId: subnet.id,
        availabilityZone: subnet.availabilityZone,
        wantedZone,
        wayOut,
      };
    }, true);
  }

  private constructor(
    private readonly place: (scope: Construct, instanceType: string, name: string) => Place,
    /**
     * Whether it says where the instance stands, and not whatever comes first.
     *
     * @internal
     */
    readonly isChosen: boolean,
  ) {}

  /**
   * Makes or looks up what is there for one instance.
   *
   * @param name the value of the Name tags
   *
   * @internal
   */
  bind(scope: Construct, instanceType: string, name: string): Place {
    return this.place(scope, instanceType, name);
  }
}

/** Not every zone has every instance type; of those that have it, the first by name. */
function zoneWith(scope: Construct, instanceType: string): string {
  const zones = addressed(
    new DataAwsEc2InstanceTypeOfferings(scope, "Zones", {
      locationType: "availability-zone",
      filter: [{ name: "instance-type", values: [instanceType] }],
    }),
  );
  return Fn.element(Fn.sort(zones.locations), 0);
}

function zoneName(value?: string): string | undefined {
  if (
    value !== undefined &&
    !isDeferred(value) &&
    !/^[a-z]{2}(-[a-z]+)+-[0-9]+(-[a-z]+-[0-9]+)?[a-z]$/.test(value)
  ) {
    throw badInput(
      "network.availabilityZone",
      value,
      'is not the name of a zone; give one such as "eu-central-1a"',
    );
  }
  return value;
}
