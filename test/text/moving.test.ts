import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import { Construct } from "constructs";
import { BackupMx, Monitoring, Network, OutboundPort25, Route53Zone } from "../../lib";
import { FakeAws } from "../support/fake-aws";
import { describeWith, program } from "../support/requirements";
import { synthesize } from "../support/stack";
import { awsProvider, forgetProviders } from "../support/terraform";
import { changes, type PlannedChange, TerraformProject } from "../support/terraform-project";

afterAll(forgetProviders);

interface Change {
  /** Where the backup is in the tree. */
  readonly path?: readonly string[];
  readonly hostname?: string;
  readonly preventDestroy?: boolean;
}

function configuration({
  path = ["Mx2"],
  hostname = "mx2.example.com",
  preventDestroy,
}: Change = {}): object {
  const stack = new TerraformStack(Testing.app(), "test");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  const [id = "", ...scopes] = [...path].reverse();
  const scope = scopes.reduceRight<Construct>(
    (parent, child) => new Construct(parent, child),
    stack,
  );
  const zone = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ");
  new BackupMx(scope, id, {
    hostname,
    preventDestroy,
    amiId: FakeAws.IMAGE,
    outboundPort25: OutboundPort25.granted(),
    monitoring: Monitoring.toEmail("ops@example.org"),
    nodes: [
      {
        hostname: "mx3.example.com",
        network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
      },
    ],
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }], zone }],
  });
  return synthesize(stack);
}

/** Without the guard, which is nothing in the world. */
const done = (steps: readonly string[]) =>
  steps.filter((step) => !/^\S+ terraform_data\./.test(step));

describeWith(
  [program("terraform", "terraform, from hashicorp.com"), awsProvider],
  "a backup that changes its place or its name, planned by Terraform and its AWS provider",
  () => {
    let aws: FakeAws;
    let project: TerraformProject;

    beforeAll(async () => {
      aws = await FakeAws.start();
      project = new TerraformProject({ AWS_ENDPOINT_URL: aws.url });
      project.configure(configuration());
      await project.applyMocked();
    });

    afterAll(async () => {
      project?.remove();
      await aws?.stop();
    });

    function plan(change: Change): Promise<readonly PlannedChange[]> {
      project.configure(configuration(change));
      return project.plan("-refresh=false");
    }

    test.each<[string, Change]>([
      ["renamed", { path: ["Backup"] }],
      ["moved into another construct", { path: ["Mail", "Mx2"] }],
      ["renamed and moved", { path: ["Company", "Mail", "Backup"] }],
    ])("%s in the program, it stays what it is", async (_, change) => {
      project.configure(configuration(change));
      const steps = await project.steps("-refresh=false");
      expect(done(steps)).toEqual([]);
      expect(steps).toHaveLength(2);
    });

    test("with another hostname it is refused", async () => {
      await expect(plan({ hostname: "mx9.example.com" })).rejects.toThrow(
        /terraform_data\.\w*FixedHostname\w*\s+has\s+lifecycle\.prevent_destroy/,
      );
    });

    // No guard sees it: what the guard was told is gone as well.
    test.each<[string, Change]>([
      [
        "with another hostname and in another place",
        { hostname: "mx9.example.com", path: ["Backup"] },
      ],
      [
        "with another hostname, as the user insists",
        { hostname: "mx9.example.com", preventDestroy: false },
      ],
    ])("%s it leaves a snapshot of the queue", async (_, change) => {
      const planned = changes(await plan(change));
      const volumes = planned.filter(({ type }) => type === "aws_ebs_volume");
      expect(
        volumes.map(({ address, change: { actions, before } }) => [
          `${actions.join("/")} ${address}`,
          before?.final_snapshot,
        ]),
      ).toEqual([
        ["delete aws_ebs_volume.mx2_example_com_Server_Queue", true],
        ["create aws_ebs_volume.mx9_example_com_Server_Queue", undefined],
      ]);
      // Nobody else is touched, and the domain keeps its records but for the name of the backup.
      const rest = done(
        planned.map(({ address, change }) => `${change.actions.join("/")} ${address}`),
      ).filter((line) => !/\.mx[29]_example_com_/.test(line));
      expect(rest).toEqual(["update aws_route53_record.example_com_MX"]);
    });
  },
);
