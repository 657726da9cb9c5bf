import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { BackupMx, type BackupMxProps, Monitoring } from "../../../../lib";
import { configurationIn, hostIn, programsIn } from "../../../support/host-files";
import { newStack, only, synthesize } from "../../../support/stack";

const RIGHT = "mx2_example_com_Server_Role_Metrics";
const TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms";

function backup(props: Partial<BackupMxProps>) {
  const stack = newStack();
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [
      {
        name: "example.com",
        primaries: [{ hostname: "mx1.example.com" }, { hostname: "mx0.example.com", port: 2525 }],
      },
      { name: "example.net", primaries: [{ hostname: "mx1.example.com", address: "10.0.0.7" }] },
    ],
    ...props,
  });
  return synthesize(stack);
}

interface Alarm {
  readonly alarm_name: string;
  readonly metric_name: string;
  readonly alarm_actions: string[];
  readonly treat_missing_data: string;
  readonly dimensions: { readonly [name: string]: string };
  readonly provider?: string;
}

function alarms({ resource }: ReturnType<typeof backup>): { [metric: string]: Alarm } {
  return Object.fromEntries(
    Object.values<Alarm>(resource.aws_cloudwatch_metric_alarm ?? {}).map((alarm) => [
      alarm.metric_name,
      alarm,
    ]),
  );
}

/** The names of the figures in the program that prints them. */
function figures(synthesized: ReturnType<typeof backup>): string[] {
  const { content } = programsIn(hostIn(synthesized))["/usr/local/sbin/backup-mx-figures"];
  return [...content.matchAll(/\bfigure\("(\w+)"/g)].map(([, name]) => name);
}

test("by default nothing is watched and the host measures nothing", () => {
  for (const monitoring of [undefined, Monitoring.none()]) {
    const synthesized = backup({ monitoring });
    expect(alarms(synthesized)).toEqual({});
    expect(Object.keys(synthesized.resource.aws_iam_role_policy)).not.toContain(RIGHT);
    expect(configurationIn(synthesized)).not.toHaveProperty("monitoring");
  }
});

test("every figure of the host has an alarm of its own host, and no alarm waits for a figure that nobody sends", () => {
  const synthesized = backup({ monitoring: Monitoring.toTopic(TOPIC) });
  const own = Object.values(alarms(synthesized)).filter(({ dimensions }) => dimensions.Host);
  expect(own.map(({ dimensions }) => dimensions.Host)).toEqual(own.map(() => "mx2.example.com"));
  // How much mail waits for a verdict, and what became of mail, is for the dashboard: a backlog that is
  // being worked on alarms nobody. Which configuration is live is for who asks.
  const watched = new Set([
    ...own.map(({ metric_name }) => metric_name),
    ...["Unjudged", "OldestUnjudged", "Quarantined", "Unscanned", "Refused", "Configuration"],
  ]);
  expect([...watched].sort()).toEqual([...new Set(figures(synthesized))].sort());
});

test("a silent host raises one alarm, not ten", () => {
  const breaching = Object.values(alarms(backup({ monitoring: Monitoring.toTopic(TOPIC) })))
    .filter(({ treat_missing_data }) => treat_missing_data === "breaching")
    .map(({ metric_name }) => metric_name);
  expect(breaching).toEqual(["Ready"]);
});

test("broken hardware is left and a hung system restarted, in the region of the instance", () => {
  const synthesized = backup({ monitoring: Monitoring.toTopic(TOPIC) });
  const { StatusCheckFailed_System, StatusCheckFailed_Instance } = alarms(synthesized);
  const [instance] = Object.keys(synthesized.resource.aws_instance);
  const part = (index: number) => `\${element(split(":", aws_instance.${instance}.arn), ${index})}`;
  expect(StatusCheckFailed_System.alarm_actions).toEqual([
    `arn:${part(1)}:automate:${part(3)}:ec2:recover`,
    TOPIC,
  ]);
  expect(StatusCheckFailed_Instance.alarm_actions).toEqual([
    `arn:${part(1)}:automate:${part(3)}:ec2:reboot`,
    TOPIC,
  ]);
  expect(StatusCheckFailed_System.dimensions).toEqual({
    InstanceId: `\${aws_instance.${instance}.id}`,
  });
});

test("port 25 is asked of a server of AWS", () => {
  expect(configurationIn(backup({ monitoring: Monitoring.toTopic(TOPIC) })).monitoring).toEqual({
    port25Probe: "inbound-smtp.us-east-1.amazonaws.com/25",
  });
});

test("whether port 25 is open is not asked where no mail needs it", () => {
  const synthesized = backup({
    monitoring: Monitoring.toTopic(TOPIC),
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com", port: 2525 }] }],
  });
  expect(alarms(synthesized)).not.toHaveProperty("OutboundPort25");
  expect(configurationIn(synthesized).monitoring).toEqual({ port25Probe: "" });
});

test("figures may be sent to their own namespace alone", () => {
  const { resource } = backup({ monitoring: Monitoring.toTopic(TOPIC) });
  expect(JSON.parse(resource.aws_iam_role_policy[RIGHT].policy).Statement).toEqual([
    {
      Sid: "Figures",
      Effect: "Allow",
      Action: ["cloudwatch:PutMetricData"],
      Resource: "*",
      Condition: { StringEquals: { "cloudwatch:namespace": "BackupMx" } },
    },
  ]);
});

test("a person hears by a topic of the construct's own", () => {
  const synthesized = backup({ monitoring: Monitoring.toEmail("ops@example.org") });
  const [topic] = Object.keys(synthesized.resource.aws_sns_topic);
  expect(only(synthesized.resource, "aws_sns_topic_subscription")).toMatchObject({
    protocol: "email",
    endpoint: "ops@example.org",
    topic_arn: `\${aws_sns_topic.${topic}.arn}`,
  });
  expect(alarms(synthesized).Ready.alarm_actions).toEqual([`\${aws_sns_topic.${topic}.arn}`]);
});

test("the dashboard shows every figure of the host", () => {
  const synthesized = backup({ monitoring: Monitoring.toTopic(TOPIC, { dashboard: true }) });
  const dashboard = only(synthesized.resource, "aws_cloudwatch_dashboard");
  expect(dashboard.dashboard_name).toBe("mx2-example-com");
  const { widgets } = JSON.parse(dashboard.dashboard_body.replace(/\$\{.*?\)\}/g, "eu-central-1"));
  const shown = widgets.flatMap(({ properties }: { properties: { metrics: string[][] } }) =>
    properties.metrics.map(([namespace, name, dimension, host]) => {
      expect([namespace, dimension, host]).toEqual(["BackupMx", "Host", "mx2.example.com"]);
      return name;
    }),
  );
  const figure = new Set(figures(synthesized));
  // A number that means nothing by its height.
  figure.delete("Configuration");
  expect(shown.sort()).toEqual([...figure].sort());
});

test("the probe from outside, its alarm and its topic are where health checkers keep their figures", () => {
  const stack = newStack();
  const provider = new AwsProvider(stack, "UsEast1", { region: "us-east-1", alias: "us-east-1" });
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    monitoring: Monitoring.toEmail("ops@example.org", { outsideProbe: { provider } }),
  });
  const synthesized = synthesize(stack);
  const [eip] = Object.keys(synthesized.resource.aws_eip);
  expect(only(synthesized.resource, "aws_route53_health_check")).toMatchObject({
    type: "TCP",
    port: 25,
    ip_address: `\${aws_eip.${eip}.public_ip}`,
  });
  expect(alarms(synthesized).HealthCheckStatus.provider).toBe("aws.us-east-1");
  expect(
    Object.values<{ provider?: string }>(synthesized.resource.aws_sns_topic).map(
      ({ provider }) => provider,
    ),
  ).toEqual(expect.arrayContaining([undefined, "aws.us-east-1"]));
});

test.each<[string, () => unknown, string]>([
  [
    "a topic that is none",
    () => Monitoring.toTopic("alarms"),
    'monitoring topicArn "alarms" is not the ARN of a topic',
  ],
  [
    "an address that is none",
    () => Monitoring.toEmail("ops"),
    'monitoring address "ops" is not a mail address',
  ],
  [
    "a probe that nobody hears of",
    () => Monitoring.toTopic(TOPIC, { outsideProbe: {} }),
    "monitoring.outsideProbe.topicArn is missing",
  ],
  [
    "a probe with a topic elsewhere",
    () => Monitoring.toTopic(TOPIC, { outsideProbe: { topicArn: TOPIC } }),
    `monitoring.outsideProbe.topicArn "${TOPIC}" is not the ARN of a topic in us-east-1`,
  ],
])("%s is refused", (_, make, message) => {
  expect(make).toThrow(message);
});
