import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  BackupMx,
  type BackupMxProps,
  Certificate,
  Logs,
  Monitoring,
  Network,
  Route53Zone,
  SessionManager,
} from "../../../lib";
import { hostIn } from "../../support/host-files";
import { newStack, synthesize } from "../../support/stack";
import { EXAMPLES, synthesizeExample } from "../../support/synthesized";

// The rules of Checkov (CKV) and Trivy (AWS-) that concern what the construct makes, rewritten:
// neither program is a package of Debian or npm. Each tells what of a stack breaks it.

// biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
type Block = any;

class Review {
  constructor(private readonly synthesized: Block) {}

  /** The resources of some types that do not satisfy a condition, by address. */
  private breaking(types: string[], isGood: (block: Block) => boolean): string[] {
    return types.flatMap((type) =>
      Object.entries(this.synthesized.resource[type] ?? {})
        .filter(([, block]) => !isGood(block))
        .map(([name]) => `${type}.${name}`),
    );
  }

  private opens(port: number | "all") {
    const rules = ["aws_vpc_security_group_ingress_rule"];
    return this.breaking(rules, ({ cidr_ipv4, cidr_ipv6, ip_protocol, from_port, to_port }) => {
      const everyone = cidr_ipv4 === "0.0.0.0/0" || cidr_ipv6 === "::/0";
      const all = ip_protocol === "-1";
      return !(everyone && (all || (port !== "all" && from_port <= port && port <= to_port)));
    });
  }

  private statements(isGood: (statement: Block) => boolean) {
    return this.breaking(["aws_iam_role_policy", "aws_iam_policy"], ({ policy }) =>
      JSON.parse(policy).Statement.every((statement: Block) =>
        isGood({ ...statement, Action: [statement.Action].flat() }),
      ),
    );
  }

  private refersTo(resource: Block, type: string): boolean {
    return JSON.stringify(resource).includes(`\${${type}.`);
  }

  readonly rules: { readonly [rule: string]: () => string[] } = {
    "CKV_AWS_8 AWS-0131 root volume encrypted": () =>
      this.breaking(["aws_instance"], (i) => i.root_block_device.encrypted === true),
    "CKV_AWS_46 no credentials in user data": () =>
      /AKIA[0-9A-Z]{16}|aws_secret|PRIVATE KEY/.test(JSON.stringify(hostIn(this.synthesized)))
        ? ["user data, or what the instance fetches"]
        : [],
    "CKV_AWS_79 AWS-0028 metadata by session token alone": () =>
      this.breaking(
        ["aws_instance"],
        (i) =>
          i.metadata_options.http_tokens === "required" &&
          i.metadata_options.http_put_response_hop_limit === 1,
      ),
    "CKV_AWS_88 no public address of the instance's own": () =>
      this.breaking(["aws_instance"], (i) => i.associate_public_ip_address !== true),
    "CKV_AWS_126 detailed monitoring": () =>
      this.breaking(["aws_instance"], (i) => i.monitoring === true),
    "CKV_AWS_135 EBS optimized": () =>
      this.breaking(["aws_instance"], (i) => i.ebs_optimized === true),
    "CKV2_AWS_41 a role for the instance": () =>
      this.breaking(["aws_instance"], (i) =>
        this.refersTo(i.iam_instance_profile, "aws_iam_instance_profile"),
      ),
    "CKV_AWS_23 AWS-0124 every rule described": () =>
      this.breaking(
        [
          "aws_security_group",
          "aws_vpc_security_group_ingress_rule",
          "aws_vpc_security_group_egress_rule",
        ],
        (r) => typeof r.description === "string" && r.description !== "",
      ),
    "CKV_AWS_24 no SSH from everywhere": () => this.opens(22),
    "CKV_AWS_25 no RDP from everywhere": () => this.opens(3389),
    "CKV_AWS_260 no HTTP from everywhere": () => this.opens(80),
    "CKV_AWS_277 no ingress of all ports": () => this.opens("all"),
    "AWS-0107 no ingress from everywhere": () => this.opens(25),
    "CKV_AWS_382 no egress of all ports": () =>
      this.breaking(["aws_vpc_security_group_egress_rule"], (r) => r.ip_protocol !== "-1"),
    "AWS-0104 no egress to everywhere": () =>
      this.breaking(["aws_vpc_security_group_egress_rule"], (r) => r.cidr_ipv4 !== "0.0.0.0/0"),
    "CKV2_AWS_5 security group attached": () =>
      this.breaking(["aws_instance"], (i) =>
        this.refersTo(i.vpc_security_group_ids, "aws_security_group"),
      ),
    "CKV2_AWS_19 address attached": () =>
      this.breaking(["aws_eip_association"], (a) => this.refersTo(a.instance_id, "aws_instance")),
    "CKV2_AWS_23 A record of a resource": () =>
      this.breaking(
        ["aws_route53_record"],
        (r) => r.type !== "A" || this.refersTo(r.records, "aws_eip"),
      ),
    "CKV2_AWS_11 flow logs of VPCs": () =>
      this.breaking(["aws_vpc"], () => this.synthesized.resource.aws_flow_log !== undefined),
    "CKV_AWS_3 CKV2_AWS_2 AWS-0026 volumes encrypted": () =>
      this.breaking(["aws_ebs_volume"], (v) => v.encrypted === true),
    "CKV_AWS_189 volumes encrypted by a key of one's own": () =>
      this.breaking(["aws_ebs_volume"], (v) => v.kms_key_id !== undefined),
    "CKV_AWS_60 CKV_AWS_61 role assumed by one service alone": () =>
      this.breaking(["aws_iam_role"], ({ assume_role_policy }) =>
        JSON.parse(assume_role_policy).Statement.every(({ Principal }: Block) =>
          /^{"Service":"(ec2|dlm)\.amazonaws\.com"}$/.test(JSON.stringify(Principal)),
        ),
      ),
    "CKV_AWS_62 CKV_AWS_63 CKV_AWS_286-289 no action by wildcard, none on IAM": () =>
      this.statements(({ Action }) => Action.every((a: string) => !/\*|^iam:|^sts:/.test(a))),
    "CKV_AWS_274 no managed policy": () =>
      this.breaking(["aws_iam_role_policy_attachment"], () => false),
    "CKV_AWS_290 CKV_AWS_355 no * where a resource or condition can stand": () =>
      this.statements(
        ({ Resource, Condition, Action }) =>
          Resource !== "*" ||
          Condition !== undefined ||
          // The service authorization reference names no resource type for these.
          Action.every((a: string) =>
            /^(ssmmessages:|ec2:Describe|route53:ListHostedZones$)/.test(a),
          ),
      ),
    "CKV_AWS_26 AWS-0095 topics encrypted": () =>
      this.breaking(["aws_sns_topic"], (t) => t.kms_master_key_id !== undefined),
    "CKV_AWS_158 log groups encrypted by a key of one's own": () =>
      this.breaking(["aws_cloudwatch_log_group"], (g) => g.kms_key_id !== undefined),
    "CKV_AWS_338 logs kept for a year": () =>
      this.breaking(["aws_cloudwatch_log_group"], (g) => (g.retention_in_days || 3653) >= 365),
  };

  /** What is laid down about buckets beside them; each of them must be named by it. */
  private bucketsWithout(type: string, isGood: (block: Block) => boolean): string[] {
    const about = Object.values<Block>(this.synthesized.resource[type] ?? {}).filter(isGood);
    return Object.keys(this.synthesized.resource.aws_s3_bucket ?? {}).filter(
      (name) => !about.some(({ bucket }) => bucket === `\${aws_s3_bucket.${name}.id}`),
    );
  }

  private readonly bucketRules: { readonly [rule: string]: () => string[] } = {
    "CKV_AWS_18 AWS-0089 access to buckets logged": () =>
      this.bucketsWithout("aws_s3_bucket_logging", () => true),
    "CKV_AWS_19 AWS-0088 buckets encrypted": () =>
      this.bucketsWithout("aws_s3_bucket_server_side_encryption_configuration", () => true),
    "CKV_AWS_145 AWS-0132 buckets encrypted by a key of one's own": () =>
      this.bucketsWithout(
        "aws_s3_bucket_server_side_encryption_configuration",
        ({ rule }) =>
          rule[0].apply_server_side_encryption_by_default.kms_master_key_id !== undefined,
      ),
    "CKV_AWS_21 AWS-0090 buckets versioned": () =>
      this.bucketsWithout(
        "aws_s3_bucket_versioning",
        (v) => v.versioning_configuration.status === "Enabled",
      ),
    "CKV_AWS_53-56 CKV2_AWS_6 AWS-0086 0087 0091 0093 0094 no public access": () =>
      this.bucketsWithout("aws_s3_bucket_public_access_block", (b) =>
        [
          b.block_public_acls,
          b.block_public_policy,
          b.ignore_public_acls,
          b.restrict_public_buckets,
        ].every((blocked) => blocked === true),
      ),
    "CKV2_AWS_61 CKV_AWS_300 a life cycle for what is in buckets": () =>
      this.bucketsWithout("aws_s3_bucket_lifecycle_configuration", ({ rule }) =>
        rule.every((r: Block) => r.status === "Enabled" && r.abort_incomplete_multipart_upload),
      ),
    "CKV_AWS_379 buckets by TLS alone": () =>
      this.bucketsWithout("aws_s3_bucket_policy", ({ policy }) =>
        JSON.parse(policy).Statement.some(
          ({ Effect, Action, Condition }: Block) =>
            Effect === "Deny" &&
            Action === "s3:*" &&
            Condition.Bool["aws:SecureTransport"] === "false",
        ),
      ),
    "CKV_AWS_144 buckets copied to another region": () =>
      this.bucketsWithout("aws_s3_bucket_replication_configuration", () => true),
    "CKV2_AWS_62 events of buckets told": () =>
      this.bucketsWithout("aws_s3_bucket_notification", () => true),
  };

  /** The rules that something breaks. */
  broken(): string[] {
    return Object.entries({ ...this.rules, ...this.bucketRules })
      .filter(([, rule]) => rule().length > 0)
      .map(([name]) => name);
  }
}

function review(props: Partial<BackupMxProps>): Review {
  const stack = newStack();
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [
      {
        name: "example.com",
        primaries: [{ hostname: "mx1.example.com" }],
        zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ"),
      },
    ],
    ...props,
  });
  return new Review(synthesize(stack));
}

/** Broken on purpose; docs/security.md tells the reason of each. */
const OWN_KEY = "CKV_AWS_189 volumes encrypted by a key of one's own";
const ACCEPTED = ["AWS-0107 no ingress from everywhere", "AWS-0104 no egress to everywhere"];

/** Every deployment can make anew what is in the bucket, and one host reads it. */
const ACCEPTED_OF_BUCKETS = [
  "CKV_AWS_18 AWS-0089 access to buckets logged",
  "CKV_AWS_144 buckets copied to another region",
  "CKV2_AWS_62 events of buckets told",
];

/** What is broken in the defaults. */
const IN_DEFAULTS = [
  "CKV_AWS_126 detailed monitoring",
  ...ACCEPTED,
  OWN_KEY,
  ...ACCEPTED_OF_BUCKETS,
  "CKV_AWS_145 AWS-0132 buckets encrypted by a key of one's own",
];

const found = (props: Partial<BackupMxProps>) => review(props).broken().sort();

test("what a review by Checkov and Trivy would find in the defaults", () => {
  expect(found({})).toEqual([...IN_DEFAULTS].sort());
});

test("what it would find in a topic of the construct's own", () => {
  expect(found({ monitoring: Monitoring.toEmail("ops@example.org") })).toEqual(
    [...IN_DEFAULTS, "CKV_AWS_26 AWS-0095 topics encrypted"].sort(),
  );
});

test("what it would find in the logs", () => {
  expect(found({ logs: Logs.toLogGroup() })).toEqual(
    [
      ...IN_DEFAULTS,
      "CKV_AWS_158 log groups encrypted by a key of one's own",
      "CKV_AWS_338 logs kept for a year",
    ].sort(),
  );
});

test("what it would find with a key of one's own", () => {
  const kmsKeyArn =
    "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  expect(found({ kmsKeyArn })).toEqual(
    ["CKV_AWS_126 detailed monitoring", ...ACCEPTED, ...ACCEPTED_OF_BUCKETS].sort(),
  );
});

test("what it would find with everything on", () => {
  const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  const broken = review({
    detailedMonitoring: true,
    sessionManager: SessionManager.install(),
    certificate: Certificate.acme({ zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ") }),
    network: Network.own("10.25.0.0/28"),
    nodes: [
      {
        hostname: "mx3.example.com",
        network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
      },
    ],
    kmsKeyArn: KEY,
    queueSnapshots: 7,
    logs: Logs.toLogGroup({ retentionInDays: 365, kmsKeyArn: KEY }),
    monitoring: Monitoring.toEmail("ops@example.org", {
      dashboard: true,
      outsideProbe: {},
      topicKmsKeyArn: KEY,
    }),
  }).broken();
  expect(broken.sort()).toEqual(
    [...ACCEPTED, ...ACCEPTED_OF_BUCKETS, "CKV2_AWS_11 flow logs of VPCs"].sort(),
  );
});

/** The rules by their numbers, as a reviewer's report has them. */
const numbers = (text: string) => text.match(/\b(CKV2?_AWS_\d+|AWS-\d+)\b/g) ?? [];

test("every rule that a reviewer runs on these resources is looked at", () => {
  const { rules } = review({});
  const inRange = Object.keys(rules).map((name) =>
    // "286-289" stands for four of them.
    name.replace(/CKV_AWS_(\d+)-(\d+)/, (_, first, last) =>
      Array.from({ length: last - first + 1 }, (__, n) => `CKV_AWS_${Number(first) + n}`).join(" "),
    ),
  );
  const checkov = [
    ...[3, 8, 23, 24, 25, 26, 46, 60, 61, 62, 63, 79, 88, 126, 135, 158, 189, 260, 274, 277],
    ...[286, 287, 288, 289, 290, 338, 355, 382],
  ].map((number) => `CKV_AWS_${number}`);
  const checkov2 = [2, 5, 11, 19, 23, 41].map((number) => `CKV2_AWS_${number}`);
  const trivy = ["0026", "0028", "0095", "0104", "0107", "0124", "0131"].map((n) => `AWS-${n}`);
  expect(numbers(inRange.join()).sort()).toEqual([...checkov, ...checkov2, ...trivy].sort());
});

describe("the table in docs/security.md", () => {
  const page = readFileSync(join(__dirname, "../../../docs/security.md"), "utf8");
  const [, section] = /^## Checkov and Trivy\n(.*?)^## /ms.exec(page) ?? [];
  const answered = [...section.matchAll(/^\| (.*?) \| (.{20,}) \|$/gm)].flatMap(([, rule]) =>
    numbers(rule),
  );

  test("has a reason for each rule that something of the construct breaks, and no other", () => {
    const broken = [
      {},
      { monitoring: Monitoring.toEmail("ops@example.org") },
      { logs: Logs.toLogGroup() },
      { queueSnapshots: 7 },
      { sessionManager: SessionManager.install() },
      { network: Network.own("10.25.0.0/28") },
    ].flatMap((props) => review(props).broken());
    expect([...new Set(answered)].sort()).toEqual([...new Set(numbers(broken.join()))].sort());
  });

  test.each(EXAMPLES)("has a reason for each rule that the example %s breaks", async (name) => {
    for (const stack of Object.values(await synthesizeExample(name))) {
      expect(answered).toEqual(expect.arrayContaining(numbers(new Review(stack).broken().join())));
    }
  });
});
