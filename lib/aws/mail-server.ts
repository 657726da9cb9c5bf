import { DataAwsSsmParameter } from "@cdktf/provider-aws/lib/data-aws-ssm-parameter";
import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { type ITerraformDependable, Lazy } from "cdktf";
import { Construct } from "constructs";
import { badInput } from "../mail/bad-input";
import { isDeferred } from "../mail/deferred-value";
import { wholeNumber } from "../mail/whole-number";
import { CompressedText } from "./compressed-text";
import { Firewall } from "./firewall";
import { InstanceRole } from "./instance-role";
import { architecture, isEbsOptimized } from "./instance-type";
import { kmsKeyArn } from "./kms-key";
import { OwnVpc } from "./own-vpc";
import { PublicAddress } from "./public-address";
import { EC2_USER_DATA_LIMIT, terraformLiteral, userDataSize } from "./user-data";

/** The VM and the network it stands in. */
export interface MailServerProps {
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
   * The zone of the instance, such as `eu-central-1a`, where there is no `subnetId` to say it.
   *
   * @default - AWS chooses
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
   * The size of the root volume in GiB, 8 to 16384. The system takes 3 GiB, mail the rest.
   *
   * @default 20
   */
  readonly volumeSize?: number;
  /**
   * The ARN of the KMS key that encrypts the volume. Another key is another instance.
   *
   * @default - the key that AWS manages for EBS in the account, `alias/aws/ebs`
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
  /** Produces the user data at synthesis, when every domain is known. */
  readonly userData: () => string;
}

/** Where the instance stands; nothing is said of the default VPC. */
interface ServerNetwork {
  readonly vpcId?: string;
  readonly subnetId?: string;
  /** What the instance needs to reach the internet from its first second. */
  readonly wayOut?: ITerraformDependable[];
}

/** An instance behind a fixed address and a firewall. */
export class MailServer extends Construct {
  readonly instance: Instance;
  readonly firewall: Firewall;
  readonly address: PublicAddress;
  readonly role: InstanceRole;
  private readonly userData: () => string;

  constructor(scope: Construct, id: string, props: MailServerProps & MailServerParts) {
    super(scope, id);
    this.userData = props.userData;
    const instanceType = props.instanceType ?? props.defaultInstanceType;
    const image = this.image(instanceType, props.amiId);
    const volumeSize = wholeNumber("volumeSize", props.volumeSize ?? 20, 8, 16384);
    const name = props.hostname;
    const network = this.network(props);
    this.firewall = new Firewall(this, "Firewall", { vpcId: network.vpcId, name });
    this.address = new PublicAddress(this, "Address", { name });
    this.role = new InstanceRole(this, "Role", { name });
    const compressed = new CompressedText(this, "UserData", () =>
      this.userDataFits() ? undefined : this.userData(),
    );
    this.instance = new Instance(this, "Resource", {
      ami: image,
      instanceType,
      subnetId: network.subnetId,
      availabilityZone: props.availabilityZone,
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
      lifecycle: { ignoreChanges: ["ami"] },
      dependsOn: network.wayOut,
    });
    this.address.attachTo(this.instance);
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

  private network(props: MailServerProps & MailServerParts): ServerNetwork {
    const { vpcId, subnetId, vpcCidr, availabilityZone } = props;
    if (vpcId !== undefined && subnetId === undefined) {
      throw badInput(
        "vpcId",
        vpcId,
        "stands without subnetId, and the instance would be in the default VPC; give subnetId as well",
      );
    }
    if (availabilityZone !== undefined) {
      zoneName(availabilityZone);
    }
    if (subnetId === undefined) {
      if (vpcCidr === undefined) {
        return {};
      }
      const { hostname } = props;
      const own = new OwnVpc(this, "Vpc", { cidr: vpcCidr, availabilityZone, name: hostname });
      return { vpcId: own.vpc.id, subnetId: own.subnet.id, wayOut: own.wayOut };
    }
    for (const [prop, value] of Object.entries({ vpcCidr, availabilityZone })) {
      if (value !== undefined) {
        throw badInput(prop, value, "stands beside subnetId, which says it all; give one of them");
      }
    }
    resourceId("subnetId", subnetId, "subnet");
    return {
      subnetId,
      vpcId:
        vpcId === undefined
          ? new DataAwsSubnet(this, "Subnet", { id: subnetId }).vpcId
          : resourceId("vpcId", vpcId, "vpc"),
    };
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
