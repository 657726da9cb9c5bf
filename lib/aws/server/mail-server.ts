import { isIPv6 } from "node:net";
import { DataAwsSsmParameter } from "@cdktf/provider-aws/lib/data-aws-ssm-parameter";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { Lazy, Op, type Precondition } from "cdktf";
import { Construct } from "constructs";
import { isDeferred } from "../../input/deferred-value";
import { factoryValue } from "../../input/factory-value";
import { wholeNumber } from "../../input/whole-number";
import type { MailDomain } from "../../mail/mail-domain";
import { addressed } from "../../terraform/address";
import { terraformLiteral } from "../../terraform/literal";
import { kmsKeyArn } from "../kms-key";
import type { Store } from "../store/store";
import { Firewall } from "./firewall";
import { InstanceRole } from "./instance-role";
import { type Architecture, architecture, isEbsOptimized } from "./instance-type";
import { Network } from "./network";
import { PublicAddress } from "./public-address";
import { QueueVolume, type QueueVolumeProps } from "./queue-volume";
import { resourceId } from "./resource-id";

/** The VM and the network it stands in. */
export interface MailServerProps extends QueueVolumeProps {
  /**
   * Where the instance and its queue stand. Neither can leave its zone: another one is an error of
   * the plan.
   *
   * @default Network.defaultVpc()
   */
  readonly network?: Network | undefined;
  /**
   * The type of the instance: 2 GiB of memory for Postfix and any scanner, 4 GiB with ClamAV.
   *
   * @default - "t4g.small", with ClamAV "t4g.medium"
   */
  readonly instanceType?: string | undefined;
  /**
   * The image of the instance, Debian 12 or 13.
   *
   * @default - the newest Debian 13 at the first deployment; later images do not replace the instance
   */
  readonly amiId?: string | undefined;
  /**
   * The size of the root volume in GiB, 8 to 16384: the system and its logs. Mail is on the queue
   * volume.
   *
   * @default 10
   */
  readonly volumeSize?: number | undefined;
  /**
   * The ARN of the KMS key that encrypts the volumes, and the bucket with what the host runs.
   * Another key would be another queue volume, so the plan refuses it.
   *
   * @default - the keys that AWS manages for EBS and S3
   */
  readonly kmsKeyArn?: string | undefined;
  /**
   * Whether the console and the API refuse to terminate the instance. Terraform lifts it before it
   * replaces or destroys the instance itself.
   *
   * @default true
   */
  readonly terminationProtection?: boolean | undefined;
  /**
   * Whether EC2 measures the instance every minute instead of every five. It costs as much as seven
   * custom metrics. Status checks are measured each minute in any case.
   *
   * @default false
   */
  readonly detailedMonitoring?: boolean | undefined;
}

/** What the library itself passes in. */
interface MailServerParts {
  readonly hostname: string;
  readonly defaultInstanceType: string;
  /** In GiB. @default 1 */
  readonly leastQueueVolumeSize?: number;
  /** What the host runs. */
  readonly store: Store;
  /** Produces the user data at synthesis, when every domain is known. */
  readonly userData: () => string;
}

/** An instance behind a fixed address and a firewall, with the queue on a disk of its own. */
export class MailServer extends Construct {
  readonly hostname: string;
  /** What its programs are made for, if that is known before deployment. */
  readonly processor?: Architecture;
  readonly instance: Instance;
  readonly firewall: Firewall;
  readonly address: PublicAddress;
  readonly role: InstanceRole;
  readonly queue: QueueVolume;

  constructor(scope: Construct, id: string, props: MailServerProps & MailServerParts) {
    super(scope, id);
    this.hostname = props.hostname;
    const instanceType = props.instanceType ?? props.defaultInstanceType;
    this.processor = isDeferred(instanceType)
      ? undefined
      : architecture("instanceType", instanceType);
    const image = this.image(instanceType, props.amiId);
    const volumeSize = wholeNumber("volumeSize", props.volumeSize ?? 10, 8, 16384);
    const name = props.hostname;
    const network = factoryValue("network", props.network ?? Network.defaultVpc(), Network).bind(
      this,
      instanceType,
      name,
    );
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
      preventDestroy: props.preventDestroy,
    });
    const rights = this.role.grant("Store", ...props.store.rights());
    this.instance = addressed(
      new Instance(this, "Resource", {
        ami: image,
        instanceType,
        subnetId: network.subnetId,
        availabilityZone: network.subnetId === undefined ? network.availabilityZone : undefined,
        vpcSecurityGroupIds: [this.firewall.securityGroup.id],
        userData: Lazy.stringValue({ produce: () => terraformLiteral(props.userData()) }),
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
        // What it asks for when it boots.
        dependsOn: [...(network.wayOut ?? []), ...props.store.contents, rights],
      }),
    );
    this.address.attachTo(this.instance);
    this.queue.attachTo(this.instance);
  }

  /**
   * Lets mail out to the primaries of a domain.
   *
   * @param index which of the domains it is, for the rule of a port that is known only at deploy time
   */
  allowPrimaries({ primaries }: MailDomain, index: number): void {
    primaries.forEach(({ port, address }, primary) => {
      const name = isDeferred(port) ? `Domain${index}Primary${primary}` : port;
      const version = isIPv6(address ?? "") ? "Ipv6" : "Ipv4";
      this.firewall.allowOut(port, "Mail to the primaries", name, version);
    });
  }

  private image(instanceType: string, amiId?: string): string {
    if (amiId !== undefined) {
      return resourceId("amiId", amiId, "ami");
    }
    return addressed(
      new DataAwsSsmParameter(this, "Image", {
        name: `/aws/service/debian/release/13/latest/${architecture("instanceType", instanceType)}`,
      }),
    ).insecureValue;
  }

  /** The plan reports it before the instance with the queue is taken away. */
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
}
