import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { Route53HealthCheck } from "@cdktf/provider-aws/lib/route53-health-check";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { Fn, type TerraformProvider } from "cdktf";
import { Construct } from "constructs";
import type { HostPart } from "../../host/host-part";
import { isDeferred } from "../../input/deferred-value";
import type { MailDomain } from "../../mail/mail-domain";
import { addressed } from "../../terraform/address";
import type { BoundFeature } from "../feature";
import { needsPort25 } from "../port-25/needs-port-25";
import type { Statement } from "../server/instance-role";
import type { MailServer } from "../server/mail-server";
import { figuresPart } from "./figures";
import type { MonitoringProps } from "./monitoring-props";

/** The namespace of the host's own figures. */
const NAMESPACE = "BackupMx";

/**
 * The right to send figures, of this namespace alone: CloudWatch knows no resources for it.
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
 */
const FIGURES_RIGHT: Statement = {
  Sid: "Figures",
  Effect: "Allow",
  Action: ["cloudwatch:PutMetricData"],
  Resource: "*",
  Condition: { StringEquals: { "cloudwatch:namespace": NAMESPACE } },
};

/** An alarm on one of the figures that `backup-mx-figures` prints every five minutes. */
interface FigureAlarm {
  readonly metric: string;
  /** What the problem is, in a few words. */
  readonly problem: string;
  readonly above?: number;
  readonly below?: number;
  /** For how many measurements in a row. */
  readonly times: number;
}

/** Missing data breaches Ready alone. */
const FIGURE_ALARMS: readonly FigureAlarm[] = [
  { metric: "Ready", problem: "is not ready to take mail, or has gone silent", below: 1, times: 3 },
  { metric: "PrimariesUnreachable", problem: "cannot reach a primary", above: 0, times: 3 },
  {
    metric: "SmallPrimaries",
    problem: "takes larger mail than a primary",
    above: 0,
    times: 3,
  },
  { metric: "OldestMessage", problem: "keeps mail for over four hours", above: 4 * 3600, times: 1 },
  { metric: "QueueLength", problem: "keeps over a thousand mails", above: 1000, times: 1 },
  {
    metric: "VerdictStandstill",
    problem: "has mail that waits for a verdict and stands still",
    above: 900,
    times: 2,
  },
  { metric: "ScannerAlive", problem: "has no scanner that judges", below: 1, times: 2 },
  { metric: "QuarantineFull", problem: "has a quarantine that is full", above: 0, times: 1 },
  { metric: "DiskUsed", problem: "has a disk that fills up", above: 80, times: 1 },
  { metric: "MemoryUsed", problem: "is short of memory", above: 90, times: 3 },
  { metric: "ConfigurationRefused", problem: "refuses its configuration", above: 0, times: 1 },
  { metric: "ConfigurationAge", problem: "does not reach its bucket", above: 3600, times: 1 },
  { metric: "CertificateDays", problem: "has a certificate about to expire", below: 14, times: 1 },
];
const PORT_25_ALARM: FigureAlarm = {
  metric: "OutboundPort25",
  problem: "cannot send: AWS blocks outbound port 25",
  below: 1,
  times: 2,
};

/** What is watched, and who hears of it. */
export interface AlarmsProps extends MonitoringProps {
  readonly server: MailServer;
  /** The topic that hears. @default - one of the construct's own */
  readonly topicArn?: string;
  /** The person to whom a topic of the construct's own writes. */
  readonly address?: string;
}

/** Alarms on the instance and on the figures of the host, and who hears of them. */
export class Alarms extends Construct implements BoundFeature {
  private readonly hostname: string;
  private readonly topicArn: string;
  private usesPort25 = false;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: AlarmsProps,
  ) {
    super(scope, id);
    props.server.role.grant("Metrics", FIGURES_RIGHT);
    this.hostname = props.server.hostname;
    this.topicArn = props.topicArn ?? this.topic("Topic");
    this.watchInstance();
    for (const alarm of FIGURE_ALARMS) {
      this.watchFigure(alarm);
    }
    if (props.outsideProbe !== undefined) {
      this.probeFromOutside(props.outsideProbe.topicArn, props.outsideProbe.provider);
    }
    if (props.dashboard === true) {
      this.showDashboard();
    }
  }

  /** Watches whether mail can leave; once is enough. */
  addDomain({ primaries }: MailDomain): void {
    if (primaries.some(needsPort25) && !this.usesPort25) {
      this.usesPort25 = true;
      this.watchFigure(PORT_25_ALARM);
    }
  }

  part(): HostPart {
    return figuresPart({ usesPort25: this.usesPort25 });
  }

  private topic(id: string, provider?: TerraformProvider): string {
    const { topicKmsKeyArn, address = "" } = this.props;
    const topic = addressed(
      new SnsTopic(this, id, {
        provider,
        namePrefix: "backup-mx-",
        displayName: "Backup MX",
        kmsMasterKeyId: topicKmsKeyArn,
        tags: { Name: this.hostname },
      }),
    );
    addressed(
      new SnsTopicSubscription(this, `${id}Subscription`, {
        provider,
        topicArn: topic.arn,
        protocol: "email",
        endpoint: address,
      }),
    );
    return topic.arn;
  }

  /** What the hypervisor sees. A broken host below is left, a hung system is restarted. */
  private watchInstance(): void {
    const { instance } = this.props.server;
    // arn:aws:ec2:eu-central-1:…
    const arn = Fn.split(":", instance.arn);
    const action = (name: string) =>
      `arn:${Fn.element(arn, 1)}:automate:${Fn.element(arn, 3)}:ec2:${name}`;
    for (const [check, name, problem, times] of [
      ["System", "recover", "runs on broken hardware and is moved", 2],
      ["Instance", "reboot", "does not answer its hypervisor and is restarted", 3],
    ] as const) {
      this.alarm(`${check}Check`, problem, {
        namespace: "AWS/EC2",
        metricName: `StatusCheckFailed_${check}`,
        dimensions: { InstanceId: instance.id },
        statistic: "Maximum",
        comparisonOperator: "GreaterThanThreshold",
        threshold: 0,
        period: 60,
        evaluationPeriods: times,
        treatMissingData: "missing",
        alarmActions: [action(name), this.topicArn],
      });
    }
  }

  private watchFigure({ metric, problem, above, below, times }: FigureAlarm): void {
    this.alarm(metric, problem, {
      namespace: NAMESPACE,
      metricName: metric,
      dimensions: { Host: this.hostname },
      statistic: below === undefined ? "Maximum" : "Minimum",
      comparisonOperator: below === undefined ? "GreaterThanThreshold" : "LessThanThreshold",
      threshold: above ?? below,
      period: 300,
      evaluationPeriods: times,
      treatMissingData: metric === "Ready" ? "breaching" : "missing",
      alarmActions: [this.topicArn],
      okActions: [this.topicArn],
    });
  }

  private alarm(
    id: string,
    problem: string,
    config: Omit<ConstructorParameters<typeof CloudwatchMetricAlarm>[2], "alarmName">,
  ): void {
    const { hostname } = this;
    addressed(
      new CloudwatchMetricAlarm(this, id, {
        alarmName: `${hostname} ${id}`,
        alarmDescription: `${hostname} ${problem}`,
        tags: { Name: hostname },
        ...config,
      }),
    );
  }

  private probeFromOutside(topicArn?: string, provider?: TerraformProvider): void {
    const check = addressed(
      new Route53HealthCheck(this, "OutsideProbe", {
        provider,
        type: "TCP",
        ipAddress: this.props.server.address.eip.publicIp,
        port: 25,
        requestInterval: 30,
        failureThreshold: 3,
        tags: { Name: this.hostname },
      }),
    );
    const actions = [topicArn ?? this.topic("OutsideTopic", provider)];
    this.alarm("Outside", "does not take connections from the internet", {
      provider,
      namespace: "AWS/Route53",
      metricName: "HealthCheckStatus",
      dimensions: { HealthCheckId: check.id },
      statistic: "Minimum",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      period: 60,
      evaluationPeriods: 3,
      treatMissingData: "breaching",
      alarmActions: actions,
      okActions: actions,
    });
  }

  private showDashboard(): void {
    const { hostname } = this;
    const { instance } = this.props.server;
    const region = `${Fn.element(Fn.split(":", instance.arn), 3)}`;
    const widget = (title: string, index: number, ...metrics: string[]) => ({
      type: "metric",
      x: (index % 2) * 12,
      y: Math.floor(index / 2) * 6,
      width: 12,
      height: 6,
      properties: {
        title,
        region,
        period: 300,
        stat: "Maximum",
        metrics: metrics.map((name) => [NAMESPACE, name, "Host", hostname]),
      },
    });
    addressed(
      new CloudwatchDashboard(this, "Dashboard", {
        dashboardName: isDeferred(hostname)
          ? Fn.replace(hostname, ".", "-")
          : hostname.replace(/\./g, "-"),
        dashboardBody: JSON.stringify({
          widgets: [
            widget(
              "Outage: primaries that do not answer; primaries that take smaller mail",
              0,
              "PrimariesUnreachable",
              "SmallPrimaries",
            ),
            widget(
              "Mail that waits, all and for a verdict, and that is refused",
              1,
              "QueueLength",
              "Unjudged",
              "Refused",
            ),
            widget(
              "How long it waits, in seconds",
              2,
              "OldestMessage",
              "OldestUnjudged",
              "VerdictStandstill",
            ),
            widget("Disk and memory in use, in percent", 3, "DiskUsed", "MemoryUsed"),
            widget("Works: 1, does not: 0", 4, "Ready", "ScannerAlive", "OutboundPort25"),
            widget(
              "Mail in quarantine, and mail that was not scanned",
              5,
              "Quarantined",
              "Unscanned",
            ),
            widget("Is full, is refused: 1", 6, "QuarantineFull", "ConfigurationRefused"),
            widget("Days left of the certificate", 7, "CertificateDays"),
            widget("Seconds since the bucket was reached", 8, "ConfigurationAge"),
          ],
        }),
      }),
    );
  }
}
