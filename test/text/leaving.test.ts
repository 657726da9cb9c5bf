import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import { Route53, ZONE } from "../../lab/aws/route53";
import { BackupMx, MxRecords, Network, OutboundPort25, Route53Zone } from "../../lib";
import { FakeAws } from "../support/fake-aws";
import { describeWith, program } from "../support/requirements";
import { synthesize } from "../support/stack";
import { awsProvider, forgetProviders } from "../support/terraform";
import { changes, TerraformProject } from "../support/terraform-project";

afterAll(forgetProviders);

/** A stack at one of the steps by which its backup leaves. */
function configuration(mxRecords: MxRecords, isLetGo = false): object {
  const stack = new TerraformStack(Testing.app(), "test");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    amiId: FakeAws.IMAGE,
    outboundPort25: OutboundPort25.granted(),
    preventDestroy: !isLetGo,
    nodes: [
      {
        hostname: "mx3.example.com",
        network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
      },
    ],
    domains: [
      {
        name: "example.com",
        primaries: [{ hostname: "mx1.example.com" }],
        zone: Route53Zone.fromZoneId(ZONE),
        mxRecords,
      },
    ],
  });
  return synthesize(stack);
}

// The steps of docs/decommissioning.md, one after the other on one state.
describeWith(
  [program("terraform", "terraform, from hashicorp.com"), awsProvider],
  "leaving, by Terraform and its AWS provider",
  () => {
    const PRIMARY = "10 mx1.example.com";
    let aws: FakeAws;
    let route53: Route53;
    let project: TerraformProject;

    beforeAll(async () => {
      aws = await FakeAws.start();
      route53 = new Route53("example.com");
      project = new TerraformProject({
        AWS_ENDPOINT_URL: aws.url,
        AWS_ENDPOINT_URL_ROUTE_53: await route53.start(),
      });
      project.configure(configuration(MxRecords.withBackup()));
      await project.applyMocked();
      route53.put({
        name: "example.com",
        type: "MX",
        ttl: 3600,
        values: [PRIMARY, "20 mx2.example.com", "20 mx3.example.com"],
      });
    });

    afterAll(async () => {
      project?.remove();
      await route53.stop();
      await aws.stop();
    });

    const published = () => route53.values("example.com", "MX");
    /** Plans a step and does it. */
    async function take(step: object): Promise<string[]> {
      project.configure(step);
      return project.take("-refresh=false");
    }
    const destroy = () => project.plan("-refresh=false", "-destroy");

    test("nobody can destroy it by mistake", async () => {
      await expect(destroy()).rejects.toThrow(/Instance cannot be destroyed/);
    });

    test("first the backup goes out of the MX records, and the host stays as it is", async () => {
      expect(await take(configuration(MxRecords.primariesOnly()))).toEqual([
        "update aws_route53_record.example_com_MX",
      ]);
      expect(published()).toEqual([PRIMARY]);
      await expect(destroy()).rejects.toThrow(
        /aws_route53_record.*has\s+lifecycle.prevent_destroy/s,
      );
    });

    test("then the MX records are released, which changes nothing in the zone", async () => {
      expect(await take(configuration(MxRecords.released()))).toEqual([
        "remove aws_route53_record.example_com_MX",
      ]);
      expect(published()).toEqual([PRIMARY]);
      // The queue is still held.
      await expect(destroy()).rejects.toThrow(/aws_ebs_volume.*has\s+lifecycle.prevent_destroy/s);
    });

    test("then the volumes are let go, and all is destroyed but the primaries' records", async () => {
      expect(await take(configuration(MxRecords.released(), true))).toEqual([]);
      const plan = changes(await destroy());
      expect(new Set(plan.map(({ change }) => change.actions.join()))).toEqual(new Set(["delete"]));
      const deleted = (type: string) => plan.filter((planned) => planned.type === type);
      expect(deleted("aws_instance")).toHaveLength(2);
      const volumes = deleted("aws_ebs_volume").map(({ change }) => change.before.final_snapshot);
      expect(volumes).toEqual([true, true]);
      expect(deleted("aws_route53_record").map(({ change }) => change.before.type)).toEqual([
        "A",
        "A",
      ]);
    });
  },
);
