import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  App,
  TerraformLocal,
  TerraformOutput,
  TerraformStack,
  TerraformVariable,
  Testing,
} from "cdktf";
import { BackupMx, Network, Route53Zone } from "../../lib";
import {
  EC2_USER_DATA_LIMIT,
  terraformLiteral,
  userDataSize,
} from "../../lib/aws/server/user-data";
import { cloudConfig } from "../../lib/host/cloud-config";
import { commandPart } from "../../lib/host/command/command";
import { mailHostUserData } from "../../lib/host/mail-host";
import { postfixPart } from "../../lib/host/postfix/postfix";
import { watchPart } from "../../lib/host/watch/watch";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { FakeAws } from "../support/fake-aws";
import { randomName } from "../support/random-name";
import { describeWith, program } from "../support/requirements";
import { newStack } from "../support/stack";
import { EXAMPLES, synthesizeExampleInto } from "../support/synthesized";
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

/** Domains whose names compress badly. */
const manyDomains = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `${randomName(index)}.example`,
    primaries: [{ hostname: "mx1.example.com" }],
  }));

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
  aws_instance: 1,
  aws_route53_record: 2,
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

  /** What an attribute of the instance refers to: it holds an address that is known later. */
  const addressesIn = ({ configuration }: Plan, attribute: string) =>
    configuration.root_module.resources
      .find(({ type }) => type === "aws_instance")
      ?.expressions[attribute]?.references?.filter((reference) =>
        /\.public_ip$|^local\./.test(reference),
      );

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
      expect(addressesIn(planned, "user_data_base64")).toHaveLength(1);
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
      domains: manyDomains(20),
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
    expect(addressesIn(planned, "user_data_base64")).toEqual([
      "local.mx2_example_com_Server_UserData",
    ]);
  });
});

describeWith([terraform], "a text that goes through Terraform", () => {
  /** What Terraform makes of a text with an address in it that is known when it is applied. */
  async function applied(text: (address: string) => string) {
    const stack = new TerraformStack(new App(), "text");
    const address = new TerraformVariable(stack, "address", { type: "string", default: ADDRESS });
    const written = text(address.stringValue);
    const local = new TerraformLocal(stack, "Text", terraformLiteral(written));
    new TerraformOutput(stack, "plain", { value: local.asString });
    new TerraformOutput(stack, "base64", { value: `\${base64gzip(${local.fqn})}` });
    const workspace = new Workspace(synthesizeStack(stack));
    try {
      await workspace.init();
      const { plain, base64 } = await workspace.apply();
      return { plain: plain.value, gzip: Buffer.from(base64.value, "base64") };
    } finally {
      workspace.remove();
    }
  }

  const userData = (address: string, count = 1) => {
    const policy = mailPolicy(HOSTNAME, { postmaster: "ops@example.org" });
    const domains = manyDomains(count).map((props, index) =>
      mailDomain(`domains[${index}]`, props, HOSTNAME),
    );
    const parts = [
      postfixPart(policy, domains, address, []),
      commandPart(),
      watchPart(policy, domains),
    ];
    return mailHostUserData(HOSTNAME, parts, true);
  };

  test("is the user data of a mail host, byte for byte, as text and compressed", async () => {
    const { plain, gzip } = await applied((address) => userData(address));
    expect(plain).toBe(userData(ADDRESS));
    expect(gunzipSync(gzip).toString("utf8")).toBe(userData(ADDRESS));
  });

  test("may hold everything that is special to Terraform, YAML or JSON", async () => {
    const content = (address: string) =>
      [
        `\${x} %{y} $\${x} %%{y} $$\${x} $$$\${x} %%%{y} $ % $$ %% \${} %{}`,
        `\${a:-\${b:-%{c}}} "\${d}" '\${e}' \${f`,
        `%{ if true }x%{ endif } \${~ x ~} %{~ for a in b ~}`,
        `"quoted" 'single' \\n \\t \\\\ \\" \\u00e9 \\\${x}`,
        `ünïcödé 例え 🚀 \u200b\u00a0 </script> <!-- & -->`,
        `#comment // comment /* comment */ <<EOT EOT`,
        ` ${address}|%${address}|{${address}}|(${address})"${address}"`,
        "\ttab\t \\",
        "",
      ].join("\n");
    const text = (address: string) =>
      cloudConfig({
        fqdn: HOSTNAME,
        files: [{ path: "/etc/special", content: content(address) }],
        program: "/bin/true",
      });
    const { plain, gzip } = await applied(text);
    expect(plain).toBe(text(ADDRESS));
    expect(gunzipSync(gzip).toString("utf8")).toBe(text(ADDRESS));
  });

  test("may hold a dollar sign right before what Terraform puts in", async () => {
    const text = (address: string) => `$${address} $$${address}\n`;
    const { plain, gzip } = await applied(text);
    expect(plain).toBe(text(ADDRESS));
    expect(gunzipSync(gzip).toString("utf8")).toBe(text(ADDRESS));
  });

  // Terraform's gzip is not that of Node.js, by which the construct judges.
  test("is not larger after compression than the construct says", async () => {
    const estimate = (count: number) => userDataSize(userData(ADDRESS, count)).compressed;
    let count = 100;
    while (estimate(count + 1) <= EC2_USER_DATA_LIMIT) {
      count += Math.max(1, Math.floor((EC2_USER_DATA_LIMIT - estimate(count)) / 40));
    }
    while (estimate(count) > EC2_USER_DATA_LIMIT) {
      count -= 1;
    }
    const { gzip } = await applied((address) => userData(address, count));
    expect(gzip.length).toBeLessThanOrEqual(EC2_USER_DATA_LIMIT);
  });
});
