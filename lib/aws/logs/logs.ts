import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { type AwsHost, type BoundFeature, NO_FEATURE } from "../feature";
import { kmsKeyArn } from "../kms-key";
import { LogGroup } from "./log-group";

/** How long logs are kept, and what encrypts them. */
export interface LogGroupProps {
  /**
   * How many days the logs are kept: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and so on, as
   * CloudWatch Logs knows them; 0 for ever. They hold the addresses of who wrote to whom: no longer
   * than you need them.
   *
   * @default 30
   */
  readonly retentionInDays?: number | undefined;
  /**
   * The ARN of the KMS key that encrypts the logs. Its policy must let CloudWatch Logs of the
   * region use it.
   *
   * @default - encrypted by a key of CloudWatch Logs
   */
  readonly kmsKeyArn?: string | undefined;
}

/** Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTIONS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
  3288, 3653,
];

/** Where the logs of the host go. */
export class Logs {
  /**
   * To a log group of CloudWatch, every minute: what handles mail says, who logs in, how the host
   * was set up, and every error. The group goes when the backup is destroyed.
   *
   * @throws if a prop cannot be used
   */
  static toLogGroup(props: LogGroupProps = {}): Logs {
    const retentionInDays = props.retentionInDays ?? 30;
    if (!isDeferred(retentionInDays) && !RETENTIONS.includes(retentionInDays)) {
      throw badInput(
        "logs.retentionInDays",
        retentionInDays,
        `is not a time that CloudWatch Logs knows; give one of ${RETENTIONS.join(", ")}`,
      );
    }
    return new Logs(retentionInDays, kmsKeyArn(props.kmsKeyArn, "logs.kmsKeyArn"));
  }

  /** They stay on the host, and are lost with it. */
  static none(): Logs {
    return new Logs();
  }

  private constructor(
    /** For how long they are kept, if they go anywhere. */
    private readonly retentionInDays?: number,
    private readonly kmsKeyArn?: string,
  ) {}

  /** @internal */
  bind({ scope, server }: AwsHost): BoundFeature & { readonly group?: CloudwatchLogGroup } {
    const { retentionInDays, kmsKeyArn } = this;
    return retentionInDays === undefined
      ? NO_FEATURE
      : new LogGroup(scope, "Logs", { server, retentionInDays, kmsKeyArn });
  }

  /** @internal */
  elsewhere(prop: string): Logs {
    if (this.kmsKeyArn !== undefined) {
      throw new Error(`${prop} is missing; a key belongs to its region, name one there`);
    }
    return this;
  }
}
