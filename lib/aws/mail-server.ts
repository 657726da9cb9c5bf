import { DataAwsEc2InstanceTypeOfferings } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type-offerings";
import { DataAwsSsmParameter } from "@cdktf/provider-aws/lib/data-aws-ssm-parameter";
import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import { DataAwsSubnets } from "@cdktf/provider-aws/lib/data-aws-subnets";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { Fn, Lazy } from "cdktf";
import { Construct } from "constructs";
import { badInput } from "../mail/bad-input";
import { isDeferred } from "../mail/deferred-value";
import { wholeNumber } from "../mail/whole-number";
import { CompressedText } from "./compressed-text";
import { Firewall } from "./firewall";
import { architecture } from "./instance-type";
import { PublicAddress } from "./public-address";
import { QueueVolume, type QueueVolumeProps } from "./queue-volume";
import { EC2_USER_DATA_LIMIT, terraformLiteral, userDataSize } from "./user-data";

/** The VM and the network it stands in. */
export interface MailServerProps extends QueueVolumeProps {
  /**
   * The subnet of the instance; it must be a public one. The queue volume stays in its zone: a
   * subnet of another zone cannot take the queue along.
   *
   * @default - a default subnet, in a zone that has the instance type, chosen at the first deployment
   */
  readonly subnetId?: string;
  /**
   * The VPC of the subnet.
   *
   * @default - looked up from the subnet
   */
  readonly vpcId?: string;
  /**
   * The type of the instance: 2 GiB of memory for Postfix and MailScanner, 4 GiB with ClamAV.
   *
   * @default - "t4g.small", with ClamAV "t4g.medium"
   */
  readonly instanceType?: string;
  /**
   * The image of the instance, Debian 12 or 13.
   *
   * @default - the newest Debian 13 at the first deployment; later images do not replace the instance
   */
  readonly amiId?: string;
  /**
   * The size of the root volume in GiB, 8 to 16384: the system and its logs. Mail is on the queue
   * volume.
   *
   * @default 10
   */
  readonly volumeSize?: number;
}

/** What a mail server is beside its props. */
interface MailServerParts {
  readonly hostname: string;
  readonly defaultInstanceType: string;
  /** In GiB. @default 1 */
  readonly leastQueueVolumeSize?: number;
  /** Produces the user data at synthesis, when every domain is known. */
  readonly userData: () => string;
}

/** An instance behind a fixed address and a firewall, with the queue on a disk of its own. */
export class MailServer extends Construct {
  readonly instance: Instance;
  readonly firewall: Firewall;
  readonly address: PublicAddress;
  readonly queue: QueueVolume;
  private readonly userData: () => string;

  constructor(scope: Construct, id: string, props: MailServerProps & MailServerParts) {
    super(scope, id);
    this.userData = props.userData;
    const instanceType = props.instanceType ?? props.defaultInstanceType;
    const image = this.image(instanceType, props.amiId);
    const volumeSize = wholeNumber("volumeSize", props.volumeSize ?? 10, 8, 16384);
    const name = props.hostname;
    const subnetId =
      props.subnetId === undefined
        ? this.defaultSubnetId(instanceType)
        : resourceId("subnetId", props.subnetId, "subnet");
    const subnet = new DataAwsSubnet(this, "Subnet", { id: subnetId });
    this.firewall = new Firewall(this, "Firewall", { vpcId: vpcId(props, subnet), name });
    this.address = new PublicAddress(this, "Address", { name });
    this.queue = new QueueVolume(this, "Queue", {
      availabilityZone: subnet.availabilityZone,
      name,
      leastSize: props.leastQueueVolumeSize ?? 1,
      queueVolumeSize: props.queueVolumeSize,
      queueSnapshots: props.queueSnapshots,
    });
    const compressed = new CompressedText(this, "UserData", () =>
      this.userDataFits() ? undefined : this.userData(),
    );
    this.instance = new Instance(this, "Resource", {
      ami: image,
      instanceType,
      subnetId,
      vpcSecurityGroupIds: [this.firewall.securityGroup.id],
      userData: Lazy.stringValue({
        produce: () => (this.userDataFits() ? terraformLiteral(this.userData()) : undefined),
      }),
      userDataBase64: Lazy.stringValue({
        produce: () => (this.userDataFits() ? undefined : compressed.base64),
      }),
      // cloud-init runs once an instance: a change that is not a new instance would do nothing.
      userDataReplaceOnChange: true,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      },
      rootBlockDevice: { encrypted: true, volumeType: "gp3", volumeSize, tags: { Name: name } },
      tags: { Name: name },
      // Neither a newer image nor a new zone of the region is a reason for another instance.
      lifecycle: {
        ignoreChanges: props.subnetId === undefined ? ["ami", "subnet_id"] : ["ami"],
      },
    });
    this.address.attachTo(this.instance);
    this.queue.attachTo(this.instance);
  }

  /** What keeps this server from being synthesized, now that every domain is known. */
  problems(): string[] {
    const { compressed } = userDataSize(this.userData());
    return compressed <= EC2_USER_DATA_LIMIT
      ? []
      : [
          `user data has ${compressed} bytes after compression and EC2 takes ${EC2_USER_DATA_LIMIT}; ` +
            "divide the domains among several BackupMx or shorten the lists of recipients",
        ];
  }

  /** Whether the user data fits as text: then everybody can read in the plan what will change. */
  private userDataFits(): boolean {
    return userDataSize(this.userData()).plain <= EC2_USER_DATA_LIMIT;
  }

  private image(instanceType: string, amiId?: string): string {
    if (amiId !== undefined) {
      // Only the form can be checked, and only where the image's processor need not be known.
      if (!isDeferred(instanceType)) {
        architecture("instanceType", instanceType);
      }
      return resourceId("amiId", amiId, "ami");
    }
    return new DataAwsSsmParameter(this, "Image", {
      name: `/aws/service/debian/release/13/latest/${architecture("instanceType", instanceType)}`,
    }).insecureValue;
  }

  /** Not every zone has every instance type; among those that have it, the order is stable. */
  private defaultSubnetId(instanceType: string): string {
    const zones = new DataAwsEc2InstanceTypeOfferings(this, "Zones", {
      locationType: "availability-zone",
      filter: [{ name: "instance-type", values: [instanceType] }],
    });
    const subnets = new DataAwsSubnets(this, "Subnets", {
      filter: [
        { name: "default-for-az", values: ["true"] },
        { name: "availability-zone", values: zones.locations },
      ],
    });
    return Fn.element(Fn.sort(subnets.ids), 0);
  }
}

function vpcId({ vpcId }: MailServerProps, subnet: DataAwsSubnet): string {
  return vpcId === undefined ? subnet.vpcId : resourceId("vpcId", vpcId, "vpc");
}

function resourceId(prop: string, value: string, kind: string): string {
  if (!isDeferred(value) && !new RegExp(`^${kind}-[0-9a-f]{8,17}$`).test(value)) {
    throw badInput(prop, value, `is not an id of this kind; it begins with "${kind}-"`);
  }
  return value;
}
