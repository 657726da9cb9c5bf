import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import {
  BackupMx,
  type BackupMxNodeProps,
  type BackupMxProps,
  Certificate,
  Logs,
  Monitoring,
  Network,
  OutboundPort25,
  Route53Zone,
  Scanner,
  SessionManager,
} from "../../lib";
import { FakeAws } from "../support/fake-aws";
import { describeWith, program } from "../support/requirements";
import { synthesize } from "../support/stack";
import { awsProvider, forgetProviders } from "../support/terraform";
import { changes, type PlannedChange, TerraformProject } from "../support/terraform-project";

afterAll(forgetProviders);

const AMI = "ami-0123456789abcdef0";

function configuration(props: Partial<BackupMxProps> = {}): object {
  const stack = new TerraformStack(Testing.app(), "test");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  const usEast1 = new AwsProvider(stack, "UsEast1", {
    region: "us-east-1",
    alias: "us-east-1",
    accessKey: "test",
    secretKey: "test",
    skipCredentialsValidation: true,
    skipRequestingAccountId: true,
  });
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    amiId: AMI,
    outboundPort25: OutboundPort25.granted(),
    domains: [
      {
        name: "example.com",
        primaries: [{ hostname: "mx1.example.com" }],
        zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ"),
      },
    ],
    monitoring: Monitoring.toEmail("ops@example.org", {
      dashboard: true,
      outsideProbe: { provider: usEast1 },
    }),
    sessionManager: SessionManager.install(),
    logs: Logs.toLogGroup(),
    certificate: Certificate.acme({ zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ") }),
    ...props,
  });
  return synthesize(stack);
}

/** What is done to what, as `create aws_eip`. */
function done(plan: readonly PlannedChange[]): string[] {
  return changes(plan).map(({ type, change }) => `${change.actions.join("/")} ${type}`);
}

describeWith(
  [program("terraform", "terraform, from hashicorp.com"), awsProvider],
  "the life of a stack, planned by Terraform and its AWS provider",
  () => {
    let aws: FakeAws;
    let project: TerraformProject;

    const newProject = () => new TerraformProject({ AWS_ENDPOINT_URL: aws.url });

    beforeAll(async () => {
      aws = await FakeAws.start();
      project = newProject();
      project.configure(configuration());
      expect(
        new Set(changes(await project.plan()).map(({ change }) => change.actions.join())),
      ).toEqual(new Set(["create"]));
      await project.applyMocked();
    });

    afterAll(async () => {
      project?.remove();
      await aws.stop();
    });

    async function planFor(props: Partial<BackupMxProps>): Promise<readonly PlannedChange[]> {
      project.configure(configuration(props));
      return project.plan("-refresh=false");
    }

    test("once applied, the second plan is empty", async () => {
      project.configure(configuration());
      expect(await project.steps("-refresh=false")).toEqual([]);
    });

    test("the block on port 25 is told at the plan", async () => {
      project.configure(configuration({ outboundPort25: OutboundPort25.requested() }));
      expect(await project.run("plan", "-refresh=false", "-no-color")).toMatch(
        /Warning: Check block assertion failed[\s\S]*mx2\.example\.com takes mail and cannot deliver it/,
      );
    });

    test("other packages replace the instance; its queue, address, name and MX records stay", async () => {
      const plan = await planFor({ scanner: Scanner.none() });
      const touched = done(plan);
      expect(touched).toContain("delete/create aws_instance");
      // What points to the instance follows it.
      expect(
        touched.filter(
          (line) =>
            !/aws_(instance|eip_association|volume_attachment|iam_role_policy|cloudwatch_\w+)$/.test(
              line,
            ) && line !== "update aws_s3_object",
        ),
      ).toEqual([]);
      expect(touched).toContain("delete/create aws_volume_attachment");
      for (const type of [
        "aws_cloudwatch_log_group",
        "aws_cloudwatch_log_stream",
        "aws_ebs_volume",
        "aws_eip",
        "aws_eip_domain_name",
        "aws_route53_record",
        "aws_s3_bucket",
        "aws_s3_bucket_policy",
        "aws_security_group",
      ]) {
        const actions = plan
          .filter((change) => change.type === type)
          .map(({ change }) => change.actions.join());
        expect([type, new Set(actions)]).toEqual([type, new Set(["no-op"])]);
      }
    });

    test("a destroy is blocked as long as Terraform holds the MX records", async () => {
      project.configure(configuration());
      await expect(project.plan("-refresh=false", "-destroy")).rejects.toThrow(
        /Instance cannot be destroyed[\s\S]*prevent_destroy/,
      );
    });

    describe("a second node", () => {
      const NODE: BackupMxNodeProps = {
        hostname: "mx3.example.com",
        network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
      };

      test("adds to the stack, and to the MX records, and touches nothing else", async () => {
        const behind = {
          hostname: "mx4.example.com",
          network: Network.defaultVpc({ availabilityZone: "eu-central-1c" }),
          preferenceIncrement: 10,
        };
        const plan = await planFor({ nodes: [NODE, behind] });
        expect(done(plan).filter((line) => !line.startsWith("create "))).toEqual([
          "update aws_route53_record",
        ]);
        const [mx] = changes(plan).filter(({ change }) => change.actions.join() === "update");
        expect(mx.change.after).toEqual({
          ...mx.change.before,
          records: [...mx.change.before.records, "20 mx3.example.com", "30 mx4.example.com"],
        });
      });

      test("goes again without touching the others", async () => {
        const other = {
          hostname: "mx4.example.com",
          network: Network.defaultVpc({ availabilityZone: "eu-central-1c" }),
        };
        const two = newProject();
        try {
          two.configure(configuration({ nodes: [NODE, other] }));
          await two.plan();
          await two.applyMocked();
          two.configure(configuration({ nodes: [other] }));
          const steps = await two.steps("-refresh=false");
          const gone = steps.filter((step) => /^delete \w+\.mx3_example_com_/.test(step));
          expect(gone.length).toBeGreaterThan(20);
          expect(steps.filter((step) => !gone.includes(step))).toEqual([
            "update aws_route53_record.example_com_MX",
          ]);
        } finally {
          two.remove();
        }
      });
    });

    test.each<[string, Partial<BackupMxProps>]>([
      [
        "a VPC of its own",
        { network: Network.own("10.25.0.0/28", { availabilityZone: "eu-central-1a" }) },
      ],
      [
        "a given subnet",
        { network: Network.subnet("subnet-0123456789abcdef0", { vpcId: "vpc-0123456789abcdef0" }) },
      ],
      [
        "a zone of the default VPC",
        { network: Network.defaultVpc({ availabilityZone: "eu-central-1a" }) },
      ],
    ])("in %s it can be planned from nothing", async (_, props) => {
      const fresh = newProject();
      try {
        fresh.configure(configuration(props));
        expect(new Set((await fresh.steps()).map((step) => step.split(" ")[0]))).toEqual(
          new Set(["create"]),
        );
      } finally {
        fresh.remove();
      }
    });
  },
);
