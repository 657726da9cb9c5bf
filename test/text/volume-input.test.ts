import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, TerraformVariable, Testing } from "cdktf";
import { BackupMx, type BackupMxProps, Network } from "../../lib";
import { FakeAws } from "../support/fake-aws";
import { describeWith, program } from "../support/requirements";
import { synthesize } from "../support/stack";
import { awsProvider, forgetProviders } from "../support/terraform";
import { TerraformProject } from "../support/terraform-project";

afterAll(forgetProviders);

const SUBNET = "subnet-0123456789abcdef0";
const [ZONE, OTHER_ZONE] = FakeAws.ZONES;

function configuration(props: (stack: TerraformStack) => Partial<BackupMxProps>): object {
  const stack = new TerraformStack(Testing.app(), "test");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    amiId: FakeAws.IMAGE,
    domains: [
      { name: "example.com", primaries: [{ hostname: "mx1.example.com", address: "10.0.0.7" }] },
    ],
    ...props(stack),
  });
  return synthesize(stack);
}

const OTHER = Network.defaultVpc({ availabilityZone: OTHER_ZONE });

const variable = (stack: TerraformStack, value: string | number) =>
  new TerraformVariable(stack, "Later", { type: typeof value, default: value });

describeWith(
  [program("terraform", "terraform, from hashicorp.com"), awsProvider],
  "a queue volume that cannot be, planned by Terraform and its AWS provider",
  () => {
    let aws: FakeAws;
    let project: TerraformProject;

    beforeAll(async () => {
      aws = await FakeAws.start();
      project = new TerraformProject({ AWS_ENDPOINT_URL: aws.url });
    });

    afterAll(async () => {
      project?.remove();
      await aws.stop();
    });

    const zone = (volume: string, instance: string) =>
      new RegExp(
        `the queue volume is in zone ${volume} and cannot leave\\s.*would be in\\s.*${instance}`,
        "s",
      );

    test.each<[string, (stack: TerraformStack) => Partial<BackupMxProps>, RegExp]>([
      [
        "too small, as the plan learns",
        (stack) => ({ queueVolumeSize: variable(stack, 6).numberValue }),
        /queueVolumeSize 6 is too small for the mail that can be in flight; give at\s.*least 7/s,
      ],
    ])("%s is an error", async (_, props, message) => {
      project.configure(configuration(props));
      await expect(project.plan()).rejects.toThrow(message);
    });

    test("in the zone of the subnet and large enough is made", async () => {
      project.configure(
        configuration((stack) => ({
          network: Network.subnet(SUBNET),
          queueVolumeSize: variable(stack, 7).numberValue,
        })),
      );
      const [volume] = (await project.plan()).filter(({ type }) => type === "aws_ebs_volume");
      expect(volume.change.after).toMatchObject({ availability_zone: ZONE, size: 7 });
    });

    // The volume would have stayed behind, and the new instance without its queue.
    test("with mail in it does not let its instance move to another zone", async () => {
      project.configure(configuration(() => ({ network: OTHER })));
      await project.plan();
      await project.applyMocked();
      for (const network of [
        Network.subnet(SUBNET),
        Network.defaultVpc({ availabilityZone: ZONE }),
      ]) {
        project.configure(configuration(() => ({ network })));
        await expect(project.plan("-refresh=false")).rejects.toThrow(zone(OTHER_ZONE, ZONE));
      }
      project.configure(configuration(() => ({ network: OTHER })));
      expect(await project.steps("-refresh=false")).toEqual([]);
    });
  },
);
