import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  App,
  DataResource,
  TerraformLocal,
  TerraformOutput,
  TerraformStack,
  TerraformVariable,
  Testing,
  Token,
} from "cdktf";
import { BackupMx, Network, Route53Zone } from "../../lib";
import type { Section } from "../../lib/host/host-part";
import { terraformLiteral, terraformLiterals } from "../../lib/terraform/literal";
import { FakeAws } from "../support/fake-aws";
import { describeWith, program } from "../support/requirements";
import { newStack } from "../support/stack";
import { deployedText, EXAMPLES, synthesizeExampleInto } from "../support/synthesized";
import { awsProvider, forgetProviders, type Plan, Workspace } from "../support/terraform";

const ADDRESS = "203.0.113.7";
const HOSTNAME = "mx2.example.com";
const SUBNET = "subnet-0123456789abcdef0";

const terraform = program("terraform", "terraform");
/** The examples that have every default, and are planned; the others are validated. */
const PLANNED = ["quickstart", "environments"];

/** Folders to remove when all is done. */
const folders: string[] = [];
afterAll(() => {
  forgetProviders();
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "example-"));
  folders.push(folder);
  return folder;
}

/** The cdk.tf.json of a stack that a test made. */
function synthesizeStack(stack: TerraformStack): string {
  const outdir = Testing.fullSynth(stack);
  folders.push(outdir);
  const [name] = readdirSync(join(outdir, "stacks"));
  return join(outdir, "stacks", name, "cdk.tf.json");
}

/** Every prop of a plan that matters to somebody, in one object. */
function outline({ resource_changes }: Plan) {
  const after = (type: string) =>
    resource_changes.filter((change) => change.type === type).map(({ change }) => change.after);
  const counts: { [type: string]: number } = {};
  for (const { type } of resource_changes) {
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return {
    counts,
    actions: [...new Set(resource_changes.flatMap(({ change }) => change.actions))],
    ingress: after("aws_vpc_security_group_ingress_rule")
      .map(({ from_port, to_port, ip_protocol }) => `${ip_protocol} ${from_port}-${to_port}`)
      .sort(),
    mx: after("aws_route53_record")
      .filter(({ type }) => type === "MX")
      .map(({ name, records }) => [name, [...records].sort()]),
  };
}

const COUNTS = {
  aws_ebs_volume: 1,
  aws_eip: 1,
  aws_eip_association: 1,
  aws_eip_domain_name: 1,
  aws_iam_instance_profile: 1,
  aws_iam_role: 1,
  aws_iam_role_policy: 1,
  aws_instance: 1,
  aws_route53_record: 2,
  aws_s3_bucket: 1,
  aws_s3_bucket_lifecycle_configuration: 1,
  aws_s3_bucket_policy: 1,
  aws_s3_bucket_public_access_block: 1,
  aws_s3_bucket_server_side_encryption_configuration: 1,
  aws_s3_bucket_versioning: 1,
  // The programs and the configuration.
  aws_s3_object: 2,
  aws_security_group: 1,
  aws_volume_attachment: 1,
  aws_vpc_security_group_egress_rule: 3,
  aws_vpc_security_group_ingress_rule: 2,
  // The guard of the hostname.
  terraform_data: 1,
};

describeWith([terraform, awsProvider], "the real Terraform and AWS provider", () => {
  let aws: FakeAws;
  beforeAll(async () => {
    aws = await FakeAws.start();
  });
  beforeEach(() => {
    aws.questions.length = 0;
  });
  afterAll(() => aws.stop());

  /** Validates and plans. */
  async function plan(stack: string): Promise<Plan> {
    const workspace = new Workspace(stack, aws.url);
    try {
      await workspace.init();
      expect(await workspace.validate()).toMatchObject({ valid: true, diagnostics: [] });
      return await workspace.plan();
    } finally {
      workspace.remove();
    }
  }

  const instance = ({ resource_changes }: Plan) => {
    const [found] = resource_changes.filter(({ type }) => type === "aws_instance");
    return found.change.after;
  };

  /** Where the instance and its queue are put. */
  const zones = ({ resource_changes }: Plan) =>
    resource_changes
      .filter(({ type }) => ["aws_ebs_volume", "aws_instance"].includes(type))
      .map(({ change }) => change.after.availability_zone);

  /** What of the user data only AWS knows. */
  const unknownIn = ({ configuration }: Plan) =>
    configuration.root_module.resources
      .find(({ type }) => type === "aws_instance")
      ?.expressions.user_data?.references?.filter((reference) => /\.\w+\.\w+$/.test(reference))
      .map((reference) => reference.replace(/\.\w+\./, "."));
  const UNKNOWN = ["aws_s3_bucket.bucket_regional_domain_name", "aws_ebs_volume.id"];

  test.each(EXAMPLES.filter((example) => !PLANNED.includes(example)))(
    "find every stack of the example %s valid",
    async (example) => {
      const stacks = Object.values(await synthesizeExampleInto(newFolder(), example));
      expect(stacks).not.toEqual([]);
      for (const stack of stacks) {
        const workspace = new Workspace(stack);
        try {
          await workspace.init();
          expect(await workspace.validate()).toMatchObject({ valid: true, diagnostics: [] });
        } finally {
          workspace.remove();
        }
      }
    },
  );

  test.each(PLANNED)("would create every resource of the example %s", async (example) => {
    const stacks = Object.entries(await synthesizeExampleInto(newFolder(), example));
    for (const [name, stack] of stacks) {
      const planned = await plan(stack);
      const synthesized = JSON.parse(readFileSync(stack, "utf8"));
      const resources = Object.values<object>(synthesized.resource);
      expect(planned.resource_changes).toHaveLength(
        resources.reduce((sum, named) => sum + Object.keys(named).length, 0),
      );
      const { counts, actions, ingress, mx } = outline(planned);
      expect([name, counts]).toEqual([
        name,
        {
          ...COUNTS,
          aws_vpc_security_group_egress_rule: expect.any(Number),
        },
      ]);
      expect(actions).toEqual(["create"]);
      expect(ingress).toEqual(["tcp 25-25", "tcp 25-25"]);
      const domain = mx[0][0];
      expect(mx).toEqual([[domain, [`10 mx1.${domain}`, `20 mx2.${domain}`]]]);
      expect(new Set(unknownIn(planned))).toEqual(new Set(UNKNOWN));
      expect(instance(planned).ami).toBe(FakeAws.IMAGE);
      expect(zones(planned)).toEqual([FakeAws.ZONES[0], FakeAws.ZONES[0]]);
    }
    const asked =
      /^(GetParameter \/aws\/service\/debian\/release\/13\/latest\/(arm64|amd64)|DescribeInstanceTypeOfferings t[34]\w?\.\w+)$/;
    expect(aws.questions).toHaveLength(2 * stacks.length);
    expect(aws.questions.filter((question) => !asked.test(question))).toEqual([]);
  });

  test("find the VPC and the zone of a subnet", async () => {
    const stack = newStack();
    new BackupMx(stack, "Mx2", {
      hostname: HOSTNAME,
      domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
      zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ"),
      network: Network.subnet(SUBNET),
      amiId: "ami-0fedcba9876543210",
    });
    const planned = await plan(synthesizeStack(stack));
    expect(aws.questions).toEqual([`DescribeSubnets ${SUBNET}`]);
    const [group] = planned.resource_changes.filter(({ type }) => type === "aws_security_group");
    expect(group.change.after.vpc_id).toBe(FakeAws.VPC);
    expect(instance(planned).subnet_id).toBe(SUBNET);
    expect(zones(planned)).toContain(FakeAws.ZONES[0]);
  });
});

/** All that is special to Terraform, YAML, JSON or HTML, with a value in it that comes later. */
const special = (later: string) => [
  `\${x} %{y} $\${x} %%{y} $$\${x} $$$\${x} %%%{y} $ % $$ %% \${} %{}`,
  `\${a:-\${b:-%{c}}} "\${d}" '\${e}' \${f`,
  `%{ if true }x%{ endif } \${~ x ~} %{~ for a in b ~}`,
  `"quoted" 'single' \\n \\t \\\\ \\" \\u00e9 \\u003c \\\${x} \\`,
  `ünïcödé 例え 🚀 \u200b\u00a0\ufeff </script> <!-- & --> <&> \u2028 \u2029 \u0085 \u007f`,
  `#comment // comment /* comment */ <<EOT EOT`,
  ` ${later}|%${later}|{${later}}|(${later})"${later}"\\${later}`,
  `$${later} $$${later} $$$${later}`,
  "\ttab\t a\nb\r\n",
  "",
  " ",
];

describeWith([terraform], "what goes through Terraform", () => {
  let workspace: Workspace;
  let outputs: { readonly [name: string]: { readonly value: string } };
  /** What was synthesized. */
  let locals: { readonly [name: string]: unknown };

  const SECTION: Section = {
    empty: [],
    yes: true,
    no: false,
    "main.cf": ["b", "a", "B", "", "a"],
    Upper: "before lower",
    "dash-and space": "x",
    "%{key}": "y",
  };
  /** A configuration with an address in it that is known when it is applied. */
  const configuration = (later: string) => ({
    hostname: "mx2.example.com",
    version: "0123456789abcdef",
    special: { lines: special(later), text: special(later).join("\n") },
    section: SECTION,
    list: Array.from({ length: 1000 }, (_, index) => `user${index}@example.com OK`),
  });

  beforeAll(async () => {
    const stack = new TerraformStack(new App(), "text");
    const seed = new TerraformVariable(stack, "seed", { type: "string", default: ADDRESS });
    // No plan knows it.
    const later = new DataResource(stack, "Later", {
      input: seed.stringValue as unknown as object,
    });
    const address = Token.asString(later.output);
    const value = new TerraformLocal(
      stack,
      "Configuration",
      terraformLiterals(configuration(address)),
    );
    new TerraformOutput(stack, "json", { value: `\${jsonencode(${value.fqn})}` });
    new TerraformOutput(stack, "sum", { value: `\${sha256(jsonencode(${value.fqn}))}` });
    new TerraformOutput(stack, "text", { value: terraformLiteral(special(address).join("\n")) });
    const file = synthesizeStack(stack);
    ({ locals } = JSON.parse(readFileSync(file, "utf8")));
    workspace = new Workspace(file);
    await workspace.init();
    outputs = await workspace.apply();
  });
  afterAll(() => workspace?.remove());

  test("comes out as it went in: a text", () => {
    expect(outputs.text.value).toBe(special(ADDRESS).join("\n"));
  });

  test("comes out as it went in: a configuration", () => {
    expect(JSON.parse(outputs.json.value)).toEqual(configuration(ADDRESS));
  });

  // What tests see without Terraform is what a host gets, to the byte: it compares sums.
  test("is what the lab makes of it, byte for byte", () => {
    const [[name]] = Object.entries(locals);
    const deployed = deployedText(`\${jsonencode(local.${name})}`, locals, (expression) =>
      /^terraform_data\.\w+\.output$/.test(expression) ? ADDRESS : undefined,
    );
    expect(deployed).toBe(outputs.json.value);
    expect(createHash("sha256").update(deployed).digest("hex")).toBe(outputs.sum.value);
  });
});
