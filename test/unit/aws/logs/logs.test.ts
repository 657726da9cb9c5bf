import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { BackupMx, Logs } from "../../../../lib";
import { backup } from "../../../support/backup";
import { configurationIn } from "../../../support/host-files";
import { newStack, only, synthesize } from "../../../support/stack";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

test("by default logs stay on the host, which is told of no place to send them to", () => {
  const synthesized = backup();
  expect(synthesized.resource.aws_cloudwatch_log_group).toBeUndefined();
  expect(configurationIn(synthesized)).not.toHaveProperty("logs");
});

test("a log group keeps them for a month, and the host may write to its one stream alone", () => {
  const synthesized = backup({ logs: Logs.toLogGroup() });
  const { resource } = synthesized;
  const group = only(resource, "aws_cloudwatch_log_group");
  expect(group).toMatchObject({ name: "/backup-mx/mx2.example.com", retention_in_days: 30 });
  const [groupId] = Object.keys(resource.aws_cloudwatch_log_group);
  const [streamId] = Object.keys(resource.aws_cloudwatch_log_stream);
  expect(only(resource, "aws_cloudwatch_log_stream")).toMatchObject({
    name: "journal",
    log_group_name: `\${aws_cloudwatch_log_group.${groupId}.name}`,
  });
  expect(
    JSON.parse(resource.aws_iam_role_policy.mx2_example_com_Server_Role_Logs.policy).Statement,
  ).toEqual([
    {
      Sid: "Logs",
      Effect: "Allow",
      Action: ["logs:PutLogEvents"],
      Resource:
        `\${aws_cloudwatch_log_group.${groupId}.arn}:log-stream:` +
        `\${aws_cloudwatch_log_stream.${streamId}.name}`,
    },
  ]);
  expect(configurationIn(synthesized).logs).toEqual({
    group: "/backup-mx/mx2.example.com",
    stream: "journal",
  });
});

test("retention and key are the user's", () => {
  const { resource } = backup({ logs: Logs.toLogGroup({ retentionInDays: 365, kmsKeyArn: KEY }) });
  expect(only(resource, "aws_cloudwatch_log_group")).toMatchObject({
    retention_in_days: 365,
    kms_key_id: KEY,
  });
});

test("the log group can be left behind when the backup goes", () => {
  const stack = newStack();
  const mx = new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    logs: Logs.toLogGroup(),
  });
  const before = only(synthesize(stack).resource, "aws_cloudwatch_log_group");
  expect(before.skip_destroy).toBeUndefined();
  (mx.logGroup as NonNullable<typeof mx.logGroup>).skipDestroy = true;
  expect(only(synthesize(stack).resource, "aws_cloudwatch_log_group").skip_destroy).toBe(true);
});

test("each node has a log group of its own, and a key of its own region", () => {
  const withNode = (logs: Logs, own?: Logs) => {
    const stack = newStack();
    const provider = new AwsProvider(stack, "Dublin", { region: "eu-west-1", alias: "dublin" });
    const mx = new BackupMx(stack, "Mx2", {
      hostname: "mx2.example.com",
      domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
      logs,
      nodes: [{ hostname: "mx3.example.com", provider, logs: own }],
    });
    expect(mx.logGroup).toBeDefined();
    return Object.values<{ name: string; provider?: string }>(
      synthesize(stack).resource.aws_cloudwatch_log_group,
    ).map(({ name, provider }) => [name, provider]);
  };
  expect(withNode(Logs.toLogGroup()).sort()).toEqual([
    ["/backup-mx/mx2.example.com", undefined],
    ["/backup-mx/mx3.example.com", "aws.dublin"],
  ]);
  const encrypted = Logs.toLogGroup({ kmsKeyArn: KEY });
  expect(() => withNode(encrypted)).toThrow("nodes[0].logs is missing");
  expect(withNode(encrypted, Logs.none())).toHaveLength(1);
});

test.each<[string, () => unknown, string]>([
  [
    "a retention that CloudWatch Logs does not know",
    () => Logs.toLogGroup({ retentionInDays: 31 }),
    "logs.retentionInDays 31 is not a time that CloudWatch Logs knows; give one of 0, 1, 3, 5, 7, 14, 30,",
  ],
  [
    "a key that is none",
    () => Logs.toLogGroup({ kmsKeyArn: "alias/logs" }),
    'logs.kmsKeyArn "alias/logs" is not the ARN of a key',
  ],
])("%s is refused", (_, make, message) => {
  expect(make).toThrow(message);
});
