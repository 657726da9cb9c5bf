import { DataAwsEc2InstanceTypeOfferings } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type-offerings";
import { DataAwsSsmParameter } from "@cdktf/provider-aws/lib/data-aws-ssm-parameter";
import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { Fn, type ITerraformDependable, Lazy, Op, type Precondition, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { wholeNumber } from "../../input/whole-number";
import { kmsKeyArn } from "../kms-key";
import { Firewall } from "./firewall";
import { InstanceRole } from "./instance-role";
import { architecture, isEbsOptimized } from "./instance-type";
import { OwnVpc } from "./own-vpc";
import { PublicAddress } from "./public-address";
import { QueueVolume, type QueueVolumeProps } from "./queue-volume";
import { EC2_USER_DATA_LIMIT, terraformLiteral, userDataSize } from "./user-data";

/** The VM and the network it stands in. */
export interface MailServerProps extends QueueVolumeProps {
  /**
   * The subnet of the instance; it must be a public one.
   *
   * @default - a default subnet of the default VPC
   */
  readonly subnetId?: string;
  /**
   * The VPC of the subnet.
   *
   * @default - looked up from the subnet
   */
  readonly vpcId?: string;
  /**
   * The CIDR block of a VPC that is made for the instance alone, /16 to /28, such as
   * `10.25.0.0/28`: one public subnet, nothing else. Instead of `subnetId`.
   *
   * @default - none is made
   */
  readonly vpcCidr?: string;
  /**
   * The zone of the instance and its queue, such as `eu-central-1a`, where there is no `subnetId` to
   * say it. Neither can leave it: another zone is an error of the plan.
   *
   * @default - that of the subnet; without one, the first that has the instance type
   */
  readonly availabilityZone?: string;
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
  /**
   * The ARN of the KMS key that encrypts the volumes, and the bucket with lists of recipients from
   * files. Another key is another instance.
   *
   * @default - the keys that AWS manages for EBS and S3
   */
  readonly kmsKeyArn?: string;
  /**
   * Whether the console and the API refuse to terminate the instance. Terraform lifts it before it
   * replaces or destroys the instance itself.
   *
   * @default true
   */
  readonly terminationProtection?: boolean;
  /**
   * Whether EC2 measures the instance each minute instead of each five, which costs as seven custom
   * metrics. Status checks are measured each minute in any case.
   *
   * @default false
   */
  readonly detailedMonitoring?: boolean;
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

/** Where the instance stands; nothing is said of the default VPC. */
interface ServerNetwork {
  /** The zone of instance and queue: a volume cannot leave its own. */
  readonly availabilityZone: string;
  /** The zone that was asked for, by whatever says it. */
  readonly wantedZone?: string;
  readonly vpcId?: string;
  readonly subnetId?: string;
  /** What the instance needs to reach the internet from its first second. */
  readonly wayOut?: ITerraformDependable[];
}

/** An instance behind a fixed address and a firewall, with the queue on a disk of its own. */
export class MailServer extends Construct {
  readonly instance: Instance;
  readonly firewall: Firewall;
  readonly address: PublicAddress;
  readonly role: InstanceRole;
  readonly queue: QueueVolume;
  private readonly userData: () => string;

  constructor(scope: Construct, id: string, props: MailServerProps & MailServerParts) {
    super(scope, id);
    this.userData = props.userData;
    const instanceType = props.instanceType ?? props.defaultInstanceType;
    const image = this.image(instanceType, props.amiId);
    const volumeSize = wholeNumber("volumeSize", props.volumeSize ?? 10, 8, 16384);
    const name = props.hostname;
    const network = this.network(props, instanceType);
    this.firewall = new Firewall(this, "Firewall", { vpcId: network.vpcId, name });
    this.address = new PublicAddress(this, "Address", { name });
    this.role = new InstanceRole(this, "Role", { name });
    this.queue = new QueueVolume(this, "Queue", {
      availabilityZone: network.availabilityZone,
      name,
      kmsKeyArn: props.kmsKeyArn,
      leastSize: props.leastQueueVolumeSize ?? 1,
      queueVolumeSize: props.queueVolumeSize,
      queueSnapshots: props.queueSnapshots,
    });
    // A local value: what Terraform compresses stays readable in what is synthesized.
    const text = new TerraformLocal(
      this,
      "UserData",
      Lazy.stringValue({ produce: () => terraformLiteral(this.userData()) }),
    );
    this.instance = new Instance(this, "Resource", {
      ami: image,
      instanceType,
      subnetId: network.subnetId,
      availabilityZone: network.subnetId === undefined ? network.availabilityZone : undefined,
      vpcSecurityGroupIds: [this.firewall.securityGroup.id],
      userDataBase64: `\${base64gzip(${text.fqn})}`,
      // cloud-init runs once an instance: a change that is not a new instance would do nothing.
      userDataReplaceOnChange: true,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      },
      rootBlockDevice: {
        encrypted: true,
        kmsKeyId: kmsKeyArn(props.kmsKeyArn),
        volumeType: "gp3",
        volumeSize,
        tags: { Name: name },
      },
      iamInstanceProfile: this.role.profile.name,
      disableApiTermination: props.terminationProtection ?? true,
      monitoring: props.detailedMonitoring ?? false,
      ebsOptimized: isEbsOptimized(instanceType) || undefined,
      tags: { Name: name },
      // Neither a newer image nor a new zone of the region is a reason for another instance.
      lifecycle: {
        ignoreChanges: ["ami", "availability_zone"],
        precondition: this.zoneCondition(network.wantedZone),
      },
      dependsOn: network.wayOut,
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
            "divide the domains among several BackupMx, or give long lists of recipients by RecipientVerification.listFile()",
        ];
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

  private network(props: MailServerProps & MailServerParts, instanceType: string): ServerNetwork {
    const { vpcId, subnetId, vpcCidr, availabilityZone } = props;
    if (availabilityZone !== undefined) {
      zoneName(availabilityZone);
    }
    if (vpcId !== undefined && subnetId === undefined) {
      throw badInput(
        "vpcId",
        vpcId,
        "stands without subnetId, and the instance would be in the default VPC; give subnetId as well",
      );
    }
    if (vpcCidr !== undefined && subnetId !== undefined) {
      throw badInput("vpcCidr", vpcCidr, "stands beside subnetId; give one of them");
    }
    if (vpcCidr !== undefined) {
      const own = new OwnVpc(this, "Vpc", {
        cidr: vpcCidr,
        availabilityZone: availabilityZone ?? this.zoneWith(instanceType),
        name: props.hostname,
      });
      return {
        vpcId: own.vpc.id,
        subnetId: own.subnet.id,
        availabilityZone: own.subnet.availabilityZone,
        wantedZone: availabilityZone,
        wayOut: own.wayOut,
      };
    }
    if (subnetId === undefined) {
      return {
        availabilityZone: availabilityZone ?? this.zoneWith(instanceType),
        wantedZone: availabilityZone,
      };
    }
    resourceId("subnetId", subnetId, "subnet");
    const subnet = new DataAwsSubnet(this, "Subnet", { id: subnetId });
    return {
      subnetId,
      vpcId: vpcId === undefined ? subnet.vpcId : resourceId("vpcId", vpcId, "vpc"),
      availabilityZone: availabilityZone ?? subnet.availabilityZone,
      wantedZone: subnet.availabilityZone,
    };
  }

  /** Told by the plan, before the instance that has the queue is taken away. */
  private zoneCondition(wantedZone?: string): Precondition[] | undefined {
    const { availabilityZone } = this.queue.volume;
    return wantedZone === undefined
      ? undefined
      : [
          {
            condition: Op.eq(availabilityZone, wantedZone),
            errorMessage:
              `the queue volume is in zone ${availabilityZone} and cannot leave it, and the instance ` +
              `would be in ${wantedZone}; give a subnet of the volume's zone as subnetId, or drain the ` +
              "backup and make a new one",
          },
        ];
  }

  /** Not every zone has every instance type; of those that have it, the first by name. */
  private zoneWith(instanceType: string): string {
    const zones = new DataAwsEc2InstanceTypeOfferings(this, "Zones", {
      locationType: "availability-zone",
      filter: [{ name: "instance-type", values: [instanceType] }],
    });
    return Fn.element(Fn.sort(zones.locations), 0);
  }
}

function zoneName(value: string): void {
  if (!isDeferred(value) && !/^[a-z]{2}(-[a-z]+)+-[0-9]+(-[a-z]+-[0-9]+)?[a-z]$/.test(value)) {
    throw badInput(
      "availabilityZone",
      value,
      'is not the name of a zone; give one such as "eu-central-1a"',
    );
  }
}

function resourceId(prop: string, value: string, kind: string): string {
  if (!isDeferred(value) && !new RegExp(`^${kind}-[0-9a-f]{8,17}$`).test(value)) {
    throw badInput(prop, value, `is not an id of this kind; it begins with "${kind}-"`);
  }
  return value;
}
