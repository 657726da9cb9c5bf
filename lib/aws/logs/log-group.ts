import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { CloudwatchLogStream } from "@cdktf/provider-aws/lib/cloudwatch-log-stream";
import { Construct } from "constructs";
import type { HostPart } from "../../host/host-part";
import { addressed } from "../../terraform/address";
import type { BoundFeature } from "../feature";
import type { MailServer } from "../server/mail-server";
import { journalPart, type LogsDestination } from "./journal";

/** The logs of which host, and what becomes of them. */
export interface HostLogGroupProps {
  readonly server: MailServer;
  readonly retentionInDays: number;
  readonly kmsKeyArn?: string;
}

/** The log group of a host, with one stream: the host itself can make none. */
export class LogGroup extends Construct implements BoundFeature {
  readonly group: CloudwatchLogGroup;
  /** The names are known before the group is made. */
  private readonly destination: LogsDestination;

  constructor(scope: Construct, id: string, props: HostLogGroupProps) {
    super(scope, id);
    const { hostname, role } = props.server;
    this.destination = { group: `/backup-mx/${hostname}`, stream: "journal" };
    this.group = addressed(
      new CloudwatchLogGroup(this, "Resource", {
        name: this.destination.group,
        retentionInDays: props.retentionInDays,
        kmsKeyId: props.kmsKeyArn,
        tags: { Name: hostname },
      }),
    );
    const stream = addressed(
      new CloudwatchLogStream(this, "Stream", {
        name: this.destination.stream,
        logGroupName: this.group.name,
      }),
    );
    // Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    role.grant("Logs", {
      Sid: "Logs",
      Effect: "Allow",
      Action: ["logs:PutLogEvents"],
      Resource: `${this.group.arn}:log-stream:${stream.name}`,
    });
  }

  part(): HostPart {
    return journalPart(this.destination);
  }
}
