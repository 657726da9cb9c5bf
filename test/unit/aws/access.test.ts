import { type BackupMxProps, SessionManager } from "../../../lib";
import { backup } from "../../support/backup";
import {
  configurationOf,
  factsIn,
  factsOf,
  hostIn,
  hostOf,
  programsIn,
} from "../../support/host-files";
import { only } from "../../support/stack";

test("by default nobody can log in, and the host may read what it runs and nothing else", () => {
  const synthesized = backup();
  const { Statement } = JSON.parse(only(synthesized.resource, "aws_iam_role_policy").policy);
  expect(Statement.map(({ Action }: { Action: string[] }) => Action)).toEqual([["s3:GetObject"]]);
  expect(synthesized.resource.aws_key_pair).toBeUndefined();
  expect(factsIn(hostIn(synthesized)).downloads).not.toHaveProperty("amazon-ssm-agent");
});

test("Session Manager may open its channels, and register this one instance", () => {
  const synthesized = backup({ sessionManager: SessionManager.install() });
  const [instance] = Object.keys(synthesized.resource.aws_instance);
  const { Statement } = JSON.parse(
    synthesized.resource.aws_iam_role_policy.mx2_example_com_Server_Role_SessionManager.policy,
  );
  expect(Statement).toEqual([
    expect.objectContaining({
      Action: [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      Resource: "*",
    }),
    expect.objectContaining({
      Action: ["ssm:UpdateInstanceInformation"],
      Resource: `\${aws_instance.${instance}.arn}`,
    }),
  ]);
  // The latest of AWS, whose URL follows from the region.
  expect(factsIn(hostIn(synthesized)).downloads).toMatchObject({
    "amazon-ssm-agent": { url: "", sha256: "" },
  });
});

test("the package of its agent can be pinned", () => {
  const packageSha256 = "AB".repeat(32);
  const packageUrl = "https://mirror.example.net/agent.deb";
  const sessionManager = SessionManager.install({ packageUrl, packageSha256 });
  expect(factsOf({ sessionManager }).downloads).toMatchObject({
    "amazon-ssm-agent": { url: packageUrl, sha256: "ab".repeat(32) },
  });
});

test("the instance is protected against termination, and has its own way to its volumes", () => {
  expect(only(backup().resource, "aws_instance")).toMatchObject({
    disable_api_termination: true,
    ebs_optimized: true,
    monitoring: false,
  });
  const old = backup({ instanceType: "t2.small", terminationProtection: false });
  expect(only(old.resource, "aws_instance").disable_api_termination).toBe(false);
  expect(only(old.resource, "aws_instance")).not.toHaveProperty("ebs_optimized");
});

test("the volume is encrypted by a key of the user's", () => {
  const kmsKeyArn =
    "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  expect(only(backup({ kmsKeyArn }).resource, "aws_instance").root_block_device).toMatchObject({
    encrypted: true,
    kms_key_id: kmsKeyArn,
  });
});

test("security updates come daily, with a restart at its time", () => {
  expect(configurationOf().upkeep).toEqual({ restartTime: "03:30" });
  expect(configurationOf({ restartTime: "23:05" }).upkeep).toEqual({ restartTime: "23:05" });
});

test("the clock follows that of AWS", () => {
  expect(programsIn(hostOf())["/etc/chrony/sources.d/amazon.sources"].content).toMatch(
    /^server 169\.254\.169\.123 /m,
  );
});

test.each<[Partial<BackupMxProps>, string]>([
  [
    { restartTime: "24:00" },
    'restartTime "24:00" is not a time of day; give hours and minutes in UTC, such as "03:30"',
  ],
  [{ restartTime: "3:30" }, 'restartTime "3:30" is not a time of day'],
  [{ kmsKeyArn: "alias/aws/ebs" }, 'kmsKeyArn "alias/aws/ebs" is not the ARN of a key'],
])("%j is refused", (props, message) => {
  expect(() => backup(props)).toThrow(message);
});

test("a bad package of Session Manager is refused", () => {
  expect(() => SessionManager.install({ packageUrl: "agent.deb" })).toThrow(
    'sessionManager.packageUrl "agent.deb" is not the URL of a Debian package',
  );
  expect(() => SessionManager.install({ packageSha256: "12" })).toThrow(
    'sessionManager.packageSha256 "12" is not a SHA-256 checksum',
  );
});
