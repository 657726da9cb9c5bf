import type { TerraformProvider } from "cdktf";
import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { type AwsHost, type BoundFeature, NO_FEATURE } from "../feature";
import { Alarms } from "./alarms";

/** What is watched beside the alarms. */
export interface MonitoringProps {
  /**
   * Whether there is a CloudWatch dashboard that shows an outage at a glance.
   *
   * @default false
   */
  readonly dashboard?: boolean | undefined;
  /**
   * A probe of port 25 from outside of AWS's network, by health checkers of Route 53.
   *
   * @default - none
   */
  readonly outsideProbe?: OutsideProbeProps | undefined;
  /**
   * The ARN of the KMS key that encrypts the topic of `toEmail`. Its policy must let
   * cloudwatch.amazonaws.com use it: the key that AWS manages for SNS does not.
   *
   * @default - not encrypted; an alarm names the host and a figure
   */
  readonly topicKmsKeyArn?: string | undefined;
}

/** Where the figures of health checkers are: AWS keeps them in us-east-1 alone. */
export interface OutsideProbeProps {
  /**
   * A provider of the region us-east-1.
   *
   * @default - that of the stack, which must then be one of us-east-1
   */
  readonly provider?: TerraformProvider | undefined;
  /**
   * The ARN of a topic in us-east-1 that hears of the probe; an alarm reaches no other region.
   *
   * @default - with `toEmail` one of the construct's own; otherwise required
   */
  readonly topicArn?: string | undefined;
}

/** Who is told when something is wrong with the backup. */
export class Monitoring {
  /**
   * An SNS topic of yours.
   *
   * @param topicArn its ARN, in the region of the instance
   * @throws if an ARN cannot be used
   */
  static toTopic(topicArn: string, props: MonitoringProps = {}): Monitoring {
    if (props.outsideProbe !== undefined && props.outsideProbe.topicArn === undefined) {
      throw new Error(
        "monitoring.outsideProbe.topicArn is missing; name a topic in us-east-1 for the probe",
      );
    }
    return new Monitoring(topicArnOf("monitoring topicArn", topicArn), undefined, props);
  }

  /**
   * A person, by an SNS topic of the construct's own. He has to confirm the first mail.
   *
   * @param address not one that the backup itself takes mail for
   * @throws if the address cannot be used
   */
  static toEmail(address: string, props: MonitoringProps = {}): Monitoring {
    if (!isDeferred(address) && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(address)) {
      throw badInput("monitoring address", address, "is not a mail address; write it in full");
    }
    return new Monitoring(undefined, address, props);
  }

  /** Nobody is told, and the host measures nothing. */
  static none(): Monitoring {
    return new Monitoring(undefined, undefined, {});
  }

  private constructor(
    private readonly topicArn: string | undefined,
    private readonly address: string | undefined,
    private readonly props: MonitoringProps,
  ) {
    if (props.outsideProbe?.topicArn !== undefined) {
      topicArnOf("monitoring.outsideProbe.topicArn", props.outsideProbe.topicArn, "us-east-1");
    }
  }

  /** @internal */
  bind({ scope, server }: AwsHost): BoundFeature {
    const { topicArn, address } = this;
    return topicArn === undefined && address === undefined
      ? NO_FEATURE
      : new Alarms(scope, "Alarms", { ...this.props, topicArn, address, server });
  }

  /** @internal */
  elsewhere(prop: string): Monitoring {
    if (this.topicArn !== undefined) {
      throw new Error(
        `${prop} is missing; an alarm reaches no topic of another region, name one there`,
      );
    }
    return this;
  }
}

function topicArnOf(prop: string, value: string, region = "[a-z0-9-]+"): string {
  if (
    !isDeferred(value) &&
    !new RegExp(`^arn:aws[a-z-]*:sns:${region}:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`).test(value)
  ) {
    throw badInput(
      prop,
      value,
      region === "us-east-1"
        ? "is not the ARN of a topic in us-east-1"
        : 'is not the ARN of a topic; give one such as "arn:aws:sns:eu-central-1:111122223333:alarms"',
    );
  }
  return value;
}
