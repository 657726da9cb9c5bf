import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import { Construct } from "constructs";
import { Route53, ZONE } from "../../lab/aws/route53";
import { type MailExchange, Route53Zone, type Route53ZoneProps } from "../../lib";
import { describeWith, program } from "../support/requirements";
import { synthesize } from "../support/stack";
import { awsProvider, forgetProviders } from "../support/terraform";
import { changes, TerraformProject } from "../support/terraform-project";

afterAll(forgetProviders);

const PRIMARY = { preference: 10, hostname: "mx1.example.com" };
const BACKUP = { preference: 20, hostname: "mx2.example.net" };

/** Terraform's JSON for one MX record set and nothing else. */
function published(exchanges: MailExchange[], props: Route53ZoneProps = {}): object {
  return stackWith((scope) =>
    Route53Zone.fromZoneId(ZONE, props).bindMx(scope, { name: "example.com", exchanges }),
  );
}

function stackWith(bind: (scope: Construct) => void): object {
  const stack = new TerraformStack(Testing.app(), "test");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  bind(new Construct(stack, "example.com"));
  return synthesize(stack);
}

describeWith(
  [program("terraform", "terraform, from hashicorp.com"), awsProvider],
  "MX records in Route 53, by Terraform and its AWS provider",
  () => {
    let route53: Route53;
    let project: TerraformProject;

    beforeEach(async () => {
      route53 = new Route53("example.com");
      project = new TerraformProject({ AWS_ENDPOINT_URL_ROUTE_53: await route53.start() });
    });

    afterEach(async () => {
      project.remove();
      await route53.stop();
    });

    test("a new set is created, and the second plan is empty", async () => {
      project.configure(published([PRIMARY, BACKUP]));
      expect((await project.take()).map((step) => step.split(" ")[0])).toEqual(["create"]);
      expect(route53.values("example.com", "MX")).toEqual([
        "10 mx1.example.com",
        "20 mx2.example.net",
      ]);
      expect(await project.steps()).toEqual([]);
    });

    describe("a set that is there already", () => {
      beforeEach(() => {
        route53.put({ name: "example.com", type: "MX", ttl: 3600, values: ["10 mx1.example.com"] });
      });

      test("is not created again: Route 53 refuses it and nothing is lost", async () => {
        project.configure(published([PRIMARY, BACKUP]));
        await expect(project.take()).rejects.toThrow(/already exists/);
        expect(route53.values("example.com", "MX")).toEqual(["10 mx1.example.com"]);
      });

      test("is imported with the added value, not destroyed, and left behind in the end", async () => {
        project.configure(published([PRIMARY, BACKUP], { importMx: true }));
        const [record, ...others] = changes(await project.plan());
        expect(others).toEqual([]);
        expect(record.change.actions).toEqual(["update"]);
        expect(record.change.importing).toBeDefined();
        expect(record.change.before.records).toEqual(["10 mx1.example.com"]);
        expect(record.change.after).toEqual({
          ...record.change.before,
          records: ["10 mx1.example.com", "20 mx2.example.net"],
        });
        await project.apply();
        expect(await project.steps()).toEqual([]);

        await expect(project.run("destroy", "-auto-approve", "-no-color")).rejects.toThrow(
          /Instance cannot be destroyed/,
        );
        expect(route53.values("example.com", "MX")).toHaveLength(2);

        project.configure(published([PRIMARY], { importMx: true }));
        await project.take();
        expect(route53.values("example.com", "MX")).toEqual(["10 mx1.example.com"]);

        project.configure(stackWith((scope) => Route53Zone.fromZoneId(ZONE).releaseMx(scope)));
        await project.take();
        expect(await project.run("state", "list")).toBe("");
        await project.run("destroy", "-auto-approve", "-no-color");
        expect(route53.values("example.com", "MX")).toEqual(["10 mx1.example.com"]);
      });
    });
  },
);
