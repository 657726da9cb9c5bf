import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { CloudwatchLogStream } from "@cdktf/provider-aws/lib/cloudwatch-log-stream";
import { Construct } from "constructs";
import type { Statement } from "../server/instance-role";
import type { LogsDestination } from "./journal";
import type { Logs } from "./logs";

/** What a log group is beside its props. */
export interface HostLogGroupProps {
  readonly hostname: string;
  readonly logs: Logs;
}

/** The log group of a host, with one stream: the host itself can make none. */
export class LogGroup extends Construct {
  readonly group: CloudwatchLogGroup;
  private readonly stream: CloudwatchLogStream;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: HostLogGroupProps,
  ) {
    super(scope, id);
    const { hostname, logs } = props;
    this.group = new CloudwatchLogGroup(this, "Resource", {
      name: this.destination.group,
      retentionInDays: logs.retentionInDays,
      kmsKeyId: logs.kmsKeyArn,
      tags: { Name: hostname },
    });
    this.stream = new CloudwatchLogStream(this, "Stream", {
      name: this.destination.stream,
      logGroupName: this.group.name,
    });
  }

  /** Where the host sends its logs. The names are known before the group is made. */
  get destination(): LogsDestination {
    return { group: `/backup-mx/${this.props.hostname}`, stream: "journal" };
  }

  /**
   * The right to write to the one stream.
   *
   * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
   */
  rights(): Statement[] {
    return [
      {
        Sid: "Logs",
        Effect: "Allow",
        Action: ["logs:PutLogEvents"],
        Resource: `${this.group.arn}:log-stream:${this.stream.name}`,
      },
    ];
  }
}
