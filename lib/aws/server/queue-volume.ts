import { DlmLifecyclePolicy } from "@cdktf/provider-aws/lib/dlm-lifecycle-policy";
import { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import { VolumeAttachment } from "@cdktf/provider-aws/lib/volume-attachment";
import { Fn, Op, Token } from "cdktf";
import { Construct } from "constructs";
import type { QueueDisk } from "../../host/queue/queue";
import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { wholeNumber } from "../../input/whole-number";
import { addressed } from "../../terraform/address";
import { kmsKeyArn } from "../kms-key";

/** The disk of the queue, and what is kept of it. */
export interface QueueVolumeProps {
  /**
   * The size of the queue volume in GiB, up to 16384. It holds the whole mail state: queue,
   * verification cache and quarantine. It must be twice as large as what fifty senders of the
   * largest message and the scanner can have in flight. It can grow later, but not shrink.
   *
   * @default 20
   */
  readonly queueVolumeSize?: number | undefined;
  /**
   * How many daily snapshots of the queue volume are kept, 0 to 1000. They hold mail that was
   * delivered since: restoring one delivers it again.
   *
   * @default 0 - none but the final one, taken when the volume is destroyed
   */
  readonly queueSnapshots?: number | undefined;
  /**
   * Whether Terraform refuses to destroy the queue volume, and to change the hostname, which names
   * the queue: a host with another name does not take it. Set it to false to leave.
   *
   * @default true
   */
  readonly preventDestroy?: boolean | undefined;
}

/** What the library itself passes in. */
interface QueueVolumeParts {
  /** The zone of the instance; a volume cannot leave its own. */
  readonly availabilityZone: string;
  /** The KMS key that encrypts it. @default - the key that AWS manages for EBS in the account */
  readonly kmsKeyArn?: string;
  /** The value of the Name tag. */
  readonly name: string;
  /** In GiB: below, mail in flight could fill it. */
  readonly leastSize: number;
}

/** By this tag the snapshot schedule finds its volume. */
const SNAPSHOT_TAG = "backup-mx-snapshots-of";

/** The disk with the whole mail state. It outlives the instance, and refuses to be destroyed. */
export class QueueVolume extends Construct {
  readonly volume: EbsVolume;

  constructor(scope: Construct, id: string, props: QueueVolumeProps & QueueVolumeParts) {
    super(scope, id);
    const { availabilityZone, name } = props;
    const snapshots = snapshotCount(props.queueSnapshots ?? 0);
    const size = volumeSize(props.queueVolumeSize ?? 20, props.leastSize);
    this.volume = addressed(
      new EbsVolume(this, "Resource", {
        availabilityZone,
        size,
        type: "gp3",
        encrypted: true,
        kmsKeyId: kmsKeyArn(props.kmsKeyArn),
        finalSnapshot: true,
        tags: { Name: `${name} queue`, ...(snapshots > 0 ? { [SNAPSHOT_TAG]: name } : {}) },
        // A lookup of the zone must never move the volume: a volume moves by being destroyed.
        lifecycle: {
          preventDestroy: props.preventDestroy ?? true,
          ignoreChanges: ["availability_zone"],
          precondition: isDeferred(size)
            ? [
                {
                  condition: Op.gte(size, props.leastSize),
                  errorMessage: `queueVolumeSize ${Token.asString(size)} ${tooSmall(props.leastSize)}`,
                },
              ]
            : undefined,
        },
      }),
    );
    if (snapshots > 0) {
      this.takeSnapshots(name, snapshots);
    }
  }

  /** Connects the volume to the one instance that may use it. */
  attachTo(instance: Instance): void {
    addressed(
      new VolumeAttachment(this, "Attachment", {
        deviceName: "/dev/sdf",
        volumeId: this.volume.id,
        instanceId: instance.id,
        // Postfix ends and the file system is unmounted before the disk goes. Never by force.
        stopInstanceBeforeDetaching: true,
      }),
    );
  }

  /**
   * How the host finds the volume. Nitro names it by its id; older instance types have one name for
   * the first disk that is attached.
   */
  get disk(): QueueDisk {
    const { id } = this.volume;
    const serial = Fn.replace(id, "-", "");
    return {
      volume: id,
      devices: [`/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${serial}`, "/dev/xvdf"],
    };
  }

  private takeSnapshots(name: string, count: number): void {
    const role = addressed(
      new IamRole(this, "SnapshotRole", {
        description: `Takes snapshots of the queue volume of ${name}`,
        assumeRolePolicy: policy([
          {
            Effect: "Allow",
            Principal: { Service: "dlm.amazonaws.com" },
            Action: "sts:AssumeRole",
          },
        ]),
      }),
    );
    // Source: https://docs.aws.amazon.com/ebs/latest/userguide/dlm-access-control.html
    addressed(
      new IamRolePolicy(this, "SnapshotPolicy", {
        role: role.id,
        policy: policy([
          {
            Effect: "Allow",
            Action: ["ec2:DescribeVolumes", "ec2:DescribeSnapshots"],
            Resource: "*",
          },
          {
            Effect: "Allow",
            Action: "ec2:CreateSnapshot",
            Resource: [this.volume.arn, SNAPSHOTS],
          },
          {
            Effect: "Allow",
            Action: "ec2:CreateTags",
            Resource: SNAPSHOTS,
            Condition: { StringEquals: { "ec2:CreateAction": "CreateSnapshot" } },
          },
          {
            Effect: "Allow",
            Action: "ec2:DeleteSnapshot",
            Resource: SNAPSHOTS,
            Condition: { StringEquals: { [`aws:ResourceTag/${SNAPSHOT_TAG}`]: name } },
          },
        ]),
      }),
    );
    addressed(
      new DlmLifecyclePolicy(this, "SnapshotSchedule", {
        description: "Daily snapshots of the queue of a backup MX",
        executionRoleArn: role.arn,
        state: "ENABLED",
        policyDetails: {
          resourceTypes: ["VOLUME"],
          targetTags: { [SNAPSHOT_TAG]: name },
          schedule: [
            {
              name: "daily",
              copyTags: true,
              createRule: { interval: 24, intervalUnit: "HOURS", times: ["03:00"] },
              retainRule: { count },
            },
          ],
        },
      }),
    );
  }
}

function volumeSize(value: number, least: number): number {
  const prop = "queueVolumeSize";
  if (!isDeferred(value) && value < least && value >= 1) {
    throw badInput(prop, value, tooSmall(least));
  }
  return wholeNumber(prop, value, 1, 16384);
}

function tooSmall(least: number): string {
  return `is too small for the mail that can be in flight; give at least ${least}, or lower messageSizeLimit`;
}

function snapshotCount(value: number): number {
  if (isDeferred(value)) {
    throw badInput(
      "queueSnapshots",
      value,
      "is not known before deployment, and whether there is a schedule follows from it; give a number",
    );
  }
  return wholeNumber("queueSnapshots", value, 0, 1000);
}

const SNAPSHOTS = "arn:*:ec2:*::snapshot/*";

function policy(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
