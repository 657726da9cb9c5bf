import type { TerraformProvider } from "cdktf";

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
