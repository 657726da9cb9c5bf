import { TerraformVariable } from "cdktf";
import { BackupMx, Network } from "../../../../lib";
import type { MailServerProps } from "../../../../lib/aws/server/mail-server";
import { server } from "../../../support/server";
import { newStack, only, synthesize } from "../../../support/stack";

const HOSTNAME = "mx2.example.net";
const SUBNET = "subnet-0123456789abcdef0";

function build(props: MailServerProps = {}) {
  const json = server(HOSTNAME, props);
  return { json, volume: only(json.resource, "aws_ebs_volume") };
}

describe("the queue volume", () => {
  test("is encrypted, refuses to be destroyed, and leaves a snapshot if it is after all", () => {
    expect(build().volume).toMatchObject({
      encrypted: true,
      type: "gp3",
      size: 20,
      final_snapshot: true,
      lifecycle: { prevent_destroy: true, ignore_changes: ["availability_zone"] },
    });
  });

  test("stands in the zone of the instance, known before the instance is", () => {
    const zone = (network: Network) => build({ network }).volume.availability_zone;
    expect(zone(Network.subnet(SUBNET))).toMatch(
      /^\$\{data\.aws_subnet\.\w+\.availability_zone\}$/,
    );
    expect(zone(Network.defaultVpc({ availabilityZone: "eu-central-1b" }))).toBe("eu-central-1b");
    expect(zone(Network.own("10.25.0.0/28"))).toMatch(/^\$\{aws_subnet\.\w+\.availability_zone\}$/);
    const { json, volume } = build();
    expect(volume.availability_zone).toMatch(/^\$\{element\(sort\(data\..*\.locations\), 0\)\}$/);
    expect(only(json.resource, "aws_instance").availability_zone).toBe(volume.availability_zone);
  });

  test("is compared with the zone that is asked for, and with none that AWS chooses", () => {
    const condition = (network: Network) => {
      const { json } = build({ network });
      const [volume] = Object.keys(json.resource.aws_ebs_volume);
      const [wanted] = only(json.resource, "aws_instance").lifecycle.precondition ?? [];
      return wanted?.condition.replace(`aws_ebs_volume.${volume}`, "volume");
    };
    const availabilityZone = "eu-central-1b";
    expect(condition(Network.defaultVpc())).toBeUndefined();
    expect(condition(Network.own("10.25.0.0/28"))).toBeUndefined();
    for (const network of [
      Network.defaultVpc({ availabilityZone }),
      Network.own("10.25.0.0/28", { availabilityZone }),
    ]) {
      expect(condition(network)).toBe(`\${(volume.availability_zone == "eu-central-1b")}`);
    }
    expect(condition(Network.subnet(SUBNET))).toMatch(
      /^\$\{\(volume\.availability_zone == data\.aws_subnet\.\w+\.availability_zone\)\}$/,
    );
  });

  test("stays with its instance when the region gets a new zone", () => {
    const { ignore_changes } = only(build().json.resource, "aws_instance").lifecycle;
    expect(ignore_changes).toEqual(["ami", "availability_zone"]);
  });

  test("is let go by a stopped instance only", () => {
    const attachment = only(build().json.resource, "aws_volume_attachment");
    expect(attachment.stop_instance_before_detaching).toBe(true);
    expect(attachment).not.toHaveProperty("force_detach");
  });

  test("has no schedule of snapshots unless told", () => {
    expect(build().json.resource).not.toHaveProperty("aws_dlm_lifecycle_policy");
    expect(Object.keys(build().json.resource.aws_iam_role)).toHaveLength(1);
  });

  test("has daily snapshots, made by a role that can do nothing else", () => {
    const { json, volume } = build({ queueSnapshots: 7 });
    const { policy_details } = only(json.resource, "aws_dlm_lifecycle_policy");
    expect(policy_details.schedule[0].retain_rule).toEqual({ count: 7 });
    expect(volume.tags).toMatchObject(policy_details.target_tags);
    const [{ policy }] = Object.values<{ role: string; policy: string }>(
      json.resource.aws_iam_role_policy,
    ).filter(({ role }) => role.includes("SnapshotRole"));
    const { Statement } = JSON.parse(policy);
    expect(Statement.flatMap(({ Action }: { Action: string }) => Action).sort()).toEqual([
      "ec2:CreateSnapshot",
      "ec2:CreateTags",
      "ec2:DeleteSnapshot",
      "ec2:DescribeSnapshots",
      "ec2:DescribeVolumes",
    ]);
  });

  test("can be let go of on purpose", () => {
    const stack = newStack();
    const mx = new BackupMx(stack, "Mx2", {
      hostname: HOSTNAME,
      domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    });
    mx.queueVolume.lifecycle = { preventDestroy: false };
    const { lifecycle } = only(synthesize(stack).resource, "aws_ebs_volume");
    expect(lifecycle.prevent_destroy).toBe(false);
  });

  test("must have a size that EBS has", () => {
    expect(() => build({ queueVolumeSize: 0 })).toThrow(/^queueVolumeSize 0 is out of range/);
    expect(() => build({ queueVolumeSize: 20.5 })).toThrow(/^queueVolumeSize 20.5 is out of range/);
    expect(() => build({ queueVolumeSize: 16385 })).toThrow(/^queueVolumeSize 16385 is out of/);
  });

  test("keeps a number of snapshots that is known, and that AWS keeps", () => {
    const snapshots = (queueSnapshots: number) => () => build({ queueSnapshots });
    expect(snapshots(1001)).toThrow(/^queueSnapshots 1001 is out of range/);
    expect(snapshots(-1)).toThrow(/^queueSnapshots -1 is out of range/);
    expect(snapshots(1.5)).toThrow(/^queueSnapshots 1.5 is out of range/);
    // As a deferred value it was below zero, and no snapshot was ever taken.
    const count = new TerraformVariable(newStack(), "Count", { type: "number" }).numberValue;
    expect(snapshots(count)).toThrow(
      /^queueSnapshots .* is not known before deployment, .* give a/,
    );
  });
});
