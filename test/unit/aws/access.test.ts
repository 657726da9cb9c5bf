import { type BackupMxProps, SessionManager } from "../../../lib";
import { backup } from "../../support/backup";
import { hostConfiguration } from "../../support/host-files";
import { only } from "../../support/stack";
import { deployedUserData } from "../../support/synthesized";
import { writtenFiles } from "../../support/user-data";

const PROGRAM = "/usr/local/sbin/backup-mx-session-manager";

test("by default nobody can log in, and the host may do nothing in AWS", () => {
  const synthesized = backup();
  expect(synthesized.resource.aws_iam_role_policy).toBeUndefined();
  expect(synthesized.resource.aws_key_pair).toBeUndefined();
  expect(writtenFiles(deployedUserData(synthesized, "192.0.2.1"))).not.toHaveProperty([PROGRAM]);
});

test("Session Manager may open its channels, and register this one instance", () => {
  const synthesized = backup({ sessionManager: SessionManager.install() });
  const [instance] = Object.keys(synthesized.resource.aws_instance);
  const { Statement } = JSON.parse(only(synthesized.resource, "aws_iam_role_policy").policy);
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
  expect(writtenFiles(deployedUserData(synthesized, "192.0.2.1"))).toHaveProperty([PROGRAM]);
});

test("the package of its agent can be pinned", () => {
  const packageSha256 = "AB".repeat(32);
  const packageUrl = "https://mirror.example.net/agent.deb";
  const sessionManager = SessionManager.install({ packageUrl, packageSha256 });
  const files = writtenFiles(deployedUserData(backup({ sessionManager }), "192.0.2.1"));
  expect(hostConfiguration(files).sessionManager).toEqual({
    packageUrl,
    packageSha256: "ab".repeat(32),
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
  const files = writtenFiles(deployedUserData(backup({ restartTime: "23:05" }), "192.0.2.1"));
  expect(files["/etc/apt/apt.conf.d/60backup-mx"].content).toContain(
    'Unattended-Upgrade::Automatic-Reboot-Time "23:05";\n',
  );
  expect(hostConfiguration(files).setup.packages).toContain("unattended-upgrades");
});

test("the clock follows that of AWS", () => {
  const files = writtenFiles(deployedUserData(backup(), "192.0.2.1"));
  expect(files["/etc/chrony/sources.d/amazon.sources"].content).toMatch(
    /^server 169\.254\.169\.123 /,
  );
  expect(hostConfiguration(files).setup.packages).toContain("chrony");
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
