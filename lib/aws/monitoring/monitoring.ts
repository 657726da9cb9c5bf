import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { type AwsHost, type BoundFeature, NO_FEATURE } from "../feature";
import { Alarms } from "./alarms";
import type { MonitoringProps } from "./monitoring-props";

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
