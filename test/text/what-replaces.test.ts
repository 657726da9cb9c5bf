import { join } from "node:path";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import {
  BackupMx,
  type BackupMxDomain,
  type BackupMxProps,
  Certificate,
  Logs,
  type MailScannerProps,
  Monitoring,
  Network,
  OutboundPort25,
  PrimaryTls,
  RecipientVerification,
  Resolver,
  Route53Zone,
  type RspamdProps,
  Scanner,
  SessionManager,
} from "../../lib";
import { FakeAws } from "../support/fake-aws";
import { docsPart } from "../support/generated";
import { hostIn } from "../support/host-files";
import { EVERYTHING, EXAMPLE, ZONE } from "../support/props";
import { describeWith, program } from "../support/requirements";
import { synthesize } from "../support/stack";
import { readConfiguration } from "../support/synthesized";
import { awsProvider, forgetProviders } from "../support/terraform";
import { TerraformProject } from "../support/terraform-project";

afterAll(forgetProviders);

/** What a change of a prop does to a backup that is deployed. */
enum Effect {
  CONFIGURATION = "counts on the running host within a minute",
  RESOURCES = "a change in place, beside the host",
  NOTHING = "nothing at once",
  REPLACEMENT = "another instance; the queue moves along",
  REFUSAL = "the plan refuses it",
}

interface Case {
  /** Which change of the prop, where not all do the same. */
  readonly what?: string;
  readonly before?: Partial<BackupMxProps>;
  readonly after: Partial<BackupMxProps>;
  readonly effect: Effect;
  /** What of the stack is touched beside the host and its configuration. */
  readonly touches?: RegExp;
  /** What the table says beside the effect. */
  readonly note?: string;
}

const domain = (props: Partial<BackupMxDomain>): Partial<BackupMxProps> => ({
  domains: [{ ...EXAMPLE, ...props }],
});
const listed = (...recipients: string[]) =>
  domain({ recipients: RecipientVerification.list(recipients) });
const zoneB = Network.defaultVpc({ availabilityZone: FakeAws.ZONES[0] });
const mailScanner = (props: MailScannerProps) => ({ scanner: Scanner.mailScanner(props) });
const rspamd = (props: RspamdProps) => ({ scanner: Scanner.rspamd(props) });
const SITES = { postscreenDnsblSites: ["zen.example.org*2"] };
const LOCAL = { resolver: Resolver.local() };
const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const INSTANCE = /^aws_instance\./;
const { CONFIGURATION, RESOURCES, NOTHING, REPLACEMENT, REFUSAL } = Effect;

/** All props: the type wants the ones to come as well. */
const CASES: { readonly [Prop in keyof Required<BackupMxProps>]: readonly Case[] } = {
  hostname: [{ after: { hostname: "mx9.example.com" }, effect: REFUSAL }],
  zone: [
    {
      after: { zone: Route53Zone.fromZoneId("Z0NET") },
      effect: RESOURCES,
      touches: /^aws_route53_record\.mx2_example_com_Host_A$/,
      note: "the A record moves",
    },
  ],
  domains: [
    {
      what: "a domain more or less, other primaries, other preferences",
      after: {
        domains: [EXAMPLE, { name: "example.org", primaries: [{ hostname: "mx1.example.org" }] }],
      },
      effect: CONFIGURATION,
      note: "MX records and firewall follow",
    },
    {
      what: "a domain more or less, other primaries, other preferences",
      after: domain({ primaries: [{ hostname: "mx7.example.com", preference: 5, port: 2525 }] }),
      effect: CONFIGURATION,
      touches:
        /^(aws_route53_record\.example_com_MX|aws_vpc_security_group_egress_rule\..*Out2525Ipv4)$/,
    },
    {
      what: "recipients, also from a file",
      before: listed("info@example.com"),
      after: listed("info@example.com", "late@example.com"),
      effect: CONFIGURATION,
    },
    {
      what: "recipients, also from a file",
      before: listed("info@example.com"),
      after: domain({
        recipients: RecipientVerification.listFile(join(__dirname, "../support/recipients.txt")),
      }),
      effect: CONFIGURATION,
    },
    {
      what: "`tls` of a primary",
      after: domain({ primaries: [{ hostname: "mx1.example.com", tls: PrimaryTls.verify() }] }),
      effect: CONFIGURATION,
    },
    {
      what: "the first `PrimaryTls.dane()`, which brings a resolver",
      after: domain({ primaries: [{ hostname: "mx1.example.com", tls: PrimaryTls.dane() }] }),
      effect: REPLACEMENT,
      touches: /^aws_vpc_security_group_egress_rule\./,
    },
  ],
  postmaster: [{ after: { postmaster: "ops@example.net" }, effect: CONFIGURATION }],
  relayhost: [
    {
      after: { relayhost: "[smtp.example.net]:587" },
      effect: CONFIGURATION,
      touches: /^aws_vpc_security_group_egress_rule\..*Out587Ipv4$/,
      note: "the firewall follows",
    },
  ],
  maximalQueueLifetime: [{ after: { maximalQueueLifetime: "14d" }, effect: CONFIGURATION }],
  bounceQueueLifetime: [{ after: { bounceQueueLifetime: "2d" }, effect: CONFIGURATION }],
  nonDeliveryReports: [{ after: { nonDeliveryReports: "never" }, effect: CONFIGURATION }],
  refusedQueueLifetime: [{ after: { refusedQueueLifetime: "2d" }, effect: CONFIGURATION }],
  unverifiedRecipientRejectReason: [
    { after: { unverifiedRecipientRejectReason: "No such user" }, effect: CONFIGURATION },
  ],
  unverifiedRecipientRejectCode: [
    { after: { unverifiedRecipientRejectCode: 553 }, effect: CONFIGURATION },
  ],
  unverifiedRecipientDeferCode: [
    { after: { unverifiedRecipientDeferCode: 451 }, effect: CONFIGURATION },
  ],
  addressVerifyNegativeExpireTime: [
    { after: { addressVerifyNegativeExpireTime: "10m" }, effect: CONFIGURATION },
  ],
  addressVerifyNegativeRefreshTime: [
    { after: { addressVerifyNegativeRefreshTime: "2m" }, effect: CONFIGURATION },
  ],
  unknownAddressRejectCode: [{ after: { unknownAddressRejectCode: 450 }, effect: CONFIGURATION }],
  smtpdSenderRestrictions: [{ after: { smtpdSenderRestrictions: [] }, effect: CONFIGURATION }],
  smtpdRecipientRestrictions: [
    {
      after: {
        smtpdRecipientRestrictions: ["reject_unauth_destination", "reject_unverified_recipient"],
      },
      effect: CONFIGURATION,
    },
  ],
  greetTest: [{ after: { greetTest: false }, effect: CONFIGURATION }],
  postscreenDnsblSites: [
    {
      what: "the first list, which brings a resolver, or none any more",
      after: SITES,
      effect: REPLACEMENT,
      touches: /^aws_vpc_security_group_egress_rule\./,
    },
    {
      what: "other lists",
      before: SITES,
      after: { postscreenDnsblSites: ["bl.example.org"] },
      effect: CONFIGURATION,
    },
  ],
  postscreenDnsblThreshold: [
    { before: SITES, after: { ...SITES, postscreenDnsblThreshold: 2 }, effect: CONFIGURATION },
  ],
  smtputf8: [{ after: { smtputf8: "always" }, effect: CONFIGURATION }],
  messageSizeLimit: [{ after: { messageSizeLimit: 10_000_000 }, effect: CONFIGURATION }],
  postfixSettings: [
    { after: { postfixSettings: { smtp_tls_loglevel: "1" } }, effect: CONFIGURATION },
  ],
  watchInterval: [{ after: { watchInterval: "1m" }, effect: CONFIGURATION }],
  scanner: [
    {
      what: "`settings`, `spamScore`, `highSpamScore`",
      after: mailScanner({ settings: { "Required SpamAssassin Score": "5" } }),
      effect: CONFIGURATION,
    },
    {
      what: "`settings`, `spamScore`, `highSpamScore`",
      before: rspamd({}),
      after: rspamd({ spamScore: 5, highSpamScore: 12.5 }),
      effect: CONFIGURATION,
    },
    ...[mailScanner, rspamd].map((scanner) => ({
      what: "`timeLimit`, `unscanned`, `deliverUnscannedAfter`, `quarantineLifetime`, `quarantineShare`, `quarantineWhenFull`",
      before: scanner({}),
      after: scanner({
        timeLimit: "30s",
        unscanned: "quarantine",
        deliverUnscannedAfter: "never",
        quarantineLifetime: "14d",
        quarantineShare: 10,
        quarantineWhenFull: "wait",
      }),
      effect: CONFIGURATION,
    })),
    ...[
      { scanner: Scanner.none() },
      rspamd({}),
      mailScanner({ clamAv: true }),
      mailScanner({ packageUrl: "https://mirror.example.net/MailScanner.deb" }),
      mailScanner({ packageSha256: "ab".repeat(32) }),
    ].map((after) => ({
      what: "another scanner or none, `clamAv`, or another package",
      after,
      effect: REPLACEMENT,
    })),
  ],
  resolver: [
    {
      what: "on or off",
      after: LOCAL,
      effect: REPLACEMENT,
      touches: /^aws_vpc_security_group_egress_rule\./,
    },
    {
      what: "`privateZones`",
      before: LOCAL,
      after: { resolver: Resolver.local({ privateZones: ["corp.example"] }) },
      effect: CONFIGURATION,
    },
  ],
  certificate: [
    {
      what: "on or off",
      after: { certificate: Certificate.acme({ zone: ZONE }) },
      effect: REPLACEMENT,
      touches: /^aws_iam_role_policy\..*_Certificate$/,
    },
    {
      what: "`email`, `directoryUrl`",
      before: { certificate: Certificate.acme({ zone: ZONE }) },
      after: { certificate: Certificate.acme({ zone: ZONE, email: "ops@example.org" }) },
      effect: CONFIGURATION,
    },
  ],
  sessionManager: [
    {
      what: "on, off, or another package",
      after: { sessionManager: SessionManager.install() },
      effect: REPLACEMENT,
      touches: /^aws_iam_role_policy\..*_SessionManager$/,
    },
  ],
  monitoring: [
    {
      after: { monitoring: Monitoring.toEmail("ops@example.org", { dashboard: true }) },
      effect: CONFIGURATION,
      touches: /^aws_(cloudwatch_|sns_|iam_role_policy\..*_Metrics$)/,
      note: "alarms, topic and right follow",
    },
  ],
  logs: [
    {
      after: { logs: Logs.toLogGroup() },
      effect: CONFIGURATION,
      touches: /^aws_(cloudwatch_log_|iam_role_policy\..*_Logs$)/,
      note: "log group and right follow",
    },
  ],
  restartTime: [{ after: { restartTime: "02:15" }, effect: CONFIGURATION }],
  outboundPort25: [
    {
      after: { outboundPort25: OutboundPort25.requested({ withholdMx: true }) },
      effect: RESOURCES,
      touches: /^aws_route53_record\.example_com_MX$/,
      note: "MX records follow `withholdMx`",
    },
  ],
  network: [
    {
      what: "in the same zone",
      after: { network: Network.subnet("subnet-0123456789abcdef0", { vpcId: FakeAws.VPC }) },
      effect: REPLACEMENT,
      // The zone of the volume comes from the subnet, and stays as it is.
      touches: /^aws_(security_group|vpc_security_group_\w+|subnet|ebs_volume)\./,
      note: "with another firewall",
    },
    {
      what: "in another zone",
      after: { network: Network.defaultVpc({ availabilityZone: FakeAws.ZONES[1] }) },
      effect: REFUSAL,
    },
  ],
  instanceType: [
    {
      what: "with the same kind of processor",
      after: { instanceType: "t4g.large" },
      effect: RESOURCES,
      touches: INSTANCE,
      note: "EC2 stops the instance and starts it as the new type",
    },
    {
      what: "with another kind of processor",
      after: { instanceType: "t3.small" },
      effect: REPLACEMENT,
    },
  ],
  amiId: [
    {
      after: { amiId: "ami-0fedcba9876543210" },
      effect: NOTHING,
      touches: INSTANCE,
      note: "the next instance uses it",
    },
  ],
  volumeSize: [{ after: { volumeSize: 40 }, effect: RESOURCES, touches: INSTANCE }],
  queueVolumeSize: [
    {
      after: { queueVolumeSize: 50 },
      effect: RESOURCES,
      touches: /^aws_ebs_volume\./,
      note: "it grows, and cannot shrink",
    },
  ],
  queueSnapshots: [
    {
      after: { queueSnapshots: 7 },
      effect: RESOURCES,
      touches: /^(aws_ebs_volume\.|aws_dlm_|aws_iam_role(_policy)?\..*Snapshot)/,
    },
  ],
  kmsKeyArn: [{ after: { kmsKeyArn: KEY }, effect: REFUSAL }],
  terminationProtection: [
    { after: { terminationProtection: false }, effect: RESOURCES, touches: INSTANCE },
  ],
  detailedMonitoring: [
    { after: { detailedMonitoring: true }, effect: RESOURCES, touches: INSTANCE },
  ],
  preventDestroy: [
    {
      after: { preventDestroy: false },
      effect: NOTHING,
      touches: /^(aws_ebs_volume|terraform_data)\./,
      note: "the volume can be destroyed from then on",
    },
  ],
  reverseDns: [
    { after: { reverseDns: false }, effect: RESOURCES, touches: /^aws_eip_domain_name\./ },
  ],
  nodes: [
    {
      after: {
        nodes: [
          {
            hostname: "mx3.example.com",
            network: Network.defaultVpc({ availabilityZone: FakeAws.ZONES[1] }),
          },
        ],
      },
      effect: RESOURCES,
      touches: /\.(mx3_example_com_\w+|example_com_MX)$/,
      note: "a node comes or goes, the others stay",
    },
  ],
};

function stackOf(props: Partial<BackupMxProps>) {
  const stack = new TerraformStack(Testing.app(), "test");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    amiId: FakeAws.IMAGE,
    network: zoneB,
    outboundPort25: OutboundPort25.granted(),
    domains: [EXAMPLE],
    ...props,
  });
  return synthesize(stack);
}

const HOST = "aws_instance.mx2_example_com_Server";
const CONFIGURATION_OBJECT = "aws_s3_object.mx2_example_com_Store_Configuration";

/** Everything with an address, and what stands there. */
function blocks({ resource, data, locals }: ReturnType<typeof stackOf>): Map<string, string> {
  const named = Object.entries<object>({ ...resource, ...data, local: locals });
  return new Map(
    named.flatMap(([type, of]) =>
      Object.entries(of).map(([name, block]): [string, string] => [
        `${type}.${name}`,
        JSON.stringify({ ...block, "//": undefined }),
      ]),
    ),
  );
}

/** What differs between two stacks. */
function difference(before: Partial<BackupMxProps>, after: Partial<BackupMxProps>) {
  const [one, other] = [stackOf(before), stackOf(after)];
  const [from, to] = [blocks(one), blocks(other)];
  const addresses = new Set([...from.keys(), ...to.keys()]);
  const [was, is] = [one, other].map((stack) => hostIn(stack));
  return {
    instance: was.userData !== is.userData,
    configuration: was.objects.configuration !== is.objects.configuration,
    touched: [...addresses].filter(
      (address) => from.get(address) !== to.get(address) && !address.startsWith("local."),
    ),
  };
}

const ALL = Object.entries(CASES).flatMap(([prop, cases]) =>
  cases.map((each): [string, Case] => [`${prop}${each.what ? `: ${each.what}` : ""}`, each]),
);
const withEffect = (effect: Effect) =>
  ALL.map(([, each]) => each).filter((each) => each.effect === effect);

test("every prop has its cases", () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(EVERYTHING).sort());
  expect(Object.values(CASES).filter((cases) => cases.length === 0)).toEqual([]);
});

test("the table in docs/upgrading.md says what each prop does", () => {
  const rows = Object.entries(CASES).flatMap(([prop, cases]) => {
    const whats = [...new Set(cases.map(({ what }) => what))];
    return whats.map((what) => {
      const { effect, note } = cases.find((each) => each.what === what) as Case;
      const change = what === undefined ? `\`${prop}\`` : `\`${prop}\`: ${what}`;
      return `| ${change} | ${effect}${note === undefined ? "" : `; ${note}`} |\n`;
    });
  });
  const table = `| Change | What happens |\n|---|---|\n${rows.join("")}`;
  expect(docsPart("upgrading.md", "what replaces the instance", table)).toBe(table);
});

// What a host reads once makes another instance, and nothing else of it does.
describe("in what is synthesized", () => {
  const others = ({ effect }: Case) => effect !== Effect.REFUSAL;

  test.each(ALL.filter(([, each]) => others(each)))("%s", (_, each) => {
    const { before = {}, after, effect, touches } = each;
    const { instance, configuration, touched } = difference(before, after);
    expect(instance).toBe(effect === REPLACEMENT && after.network === undefined);
    if (effect === CONFIGURATION) {
      expect(configuration).toBe(true);
    }
    if (effect === RESOURCES || effect === NOTHING) {
      expect(configuration).toBe(false);
    }
    const further = touched.filter((address) => effect !== REPLACEMENT || address !== HOST);
    expect(further.filter((address) => touches?.test(address) !== true)).toEqual([]);
    expect(further.length > 0).toBe(touches !== undefined);
  });
});

describeWith(
  [program("terraform", "terraform, from hashicorp.com"), awsProvider],
  "in the plan of Terraform and its AWS provider",
  () => {
    let aws: FakeAws;
    let project: TerraformProject;

    beforeAll(async () => {
      aws = await FakeAws.start();
      project = new TerraformProject({ AWS_ENDPOINT_URL: aws.url });
      project.configure(stackOf({}));
      await project.applyMocked();
    });
    afterAll(async () => {
      project?.remove();
      await aws?.stop();
    });

    const steps = (props: Partial<BackupMxProps>) => {
      project.configure(stackOf(props));
      return project.steps("-refresh=false");
    };
    const merged = (cases: readonly Case[]): Partial<BackupMxProps> =>
      Object.assign({}, ...cases.map(({ after }) => after));

    test("once applied, the second plan is empty", async () => {
      expect(await steps({})).toEqual([]);
    });

    test("all that counts on the running host, at once, changes one object and nothing else", async () => {
      const cases = withEffect(CONFIGURATION).filter(
        ({ before, touches }) => before === undefined && touches === undefined,
      );
      expect(cases.length).toBeGreaterThan(15);
      const after: Partial<BackupMxProps> = {
        ...merged(cases),
        ...listed("info@example.com", `a\${b}@example.com`),
      };
      project.configure(stackOf(after));
      const plan = await project.plan("-refresh=false");
      const changed = plan.filter(({ change }) => change.actions.join() !== "no-op");
      expect(changed.map(({ address, change }) => [address, ...change.actions])).toEqual([
        [CONFIGURATION_OBJECT, "update"],
      ]);
      const planned = readConfiguration(changed[0].change.after.content);
      expect(planned.postfix.recipients).toContain(`a\${b}@example.com OK`);
    });

    test("all that is changed in place, at once, replaces no instance", async () => {
      const cases = [
        ...withEffect(RESOURCES),
        ...withEffect(NOTHING),
        ...withEffect(CONFIGURATION).filter(
          ({ before, touches }) => before === undefined && touches !== undefined,
        ),
      ].filter(({ after }) => after.zone === undefined);
      const done = await steps(merged(cases));
      expect(done).toEqual(
        expect.arrayContaining([`update ${HOST}`, `update ${CONFIGURATION_OBJECT}`]),
      );
      expect(done.filter((step) => /^(replace|delete) /.test(step))).toEqual([
        // Asked for by reverseDns.
        expect.stringMatching(/^delete aws_eip_domain_name\./),
      ]);
      const touched = done.map((step) => step.split(" ")[1]);
      expect(
        touched.filter(
          (address) =>
            address !== CONFIGURATION_OBJECT &&
            !cases.some(({ touches }) => touches?.test(address)),
        ),
      ).toEqual([]);
    });

    test("what changes nothing at once has an empty plan", async () => {
      expect(await steps(merged(withEffect(NOTHING)))).toEqual([]);
    });

    test("a host in another zone of DNS moves its A record alone", async () => {
      expect(await steps(CASES.zone[0].after)).toEqual([
        "replace aws_route53_record.mx2_example_com_Host_A",
      ]);
    });

    // Each case has other user data, as the tests above have seen.
    test("other user data replace the instance, and what is attached to it; queue, address and bucket stay", async () => {
      const done = await steps(merged(withEffect(REPLACEMENT).filter((c) => !c.after.network)));
      expect(done).toContain(`replace ${HOST}`);
      const kept =
        /aws_(ebs_volume|eip|eip_domain_name|s3_bucket\w*|security_group|route53_record)\./;
      expect(done.filter((step) => kept.test(step))).toEqual([]);
      expect(done.filter((step) => /^(replace|delete) /.test(step)).sort()).toEqual([
        expect.stringMatching(/^replace aws_eip_association\./),
        `replace ${HOST}`,
        expect.stringMatching(/^replace aws_volume_attachment\./),
      ]);
    });

    test("another network in the same zone replaces the instance, and not its queue", async () => {
      const done = await steps(CASES.network[0].after);
      expect(done).toContain(`replace ${HOST}`);
      expect(done.filter((step) => /aws_(ebs_volume|eip|s3_\w+)\./.test(step))).toEqual([]);
    });

    test.each(ALL.filter(([, { effect }]) => effect === REFUSAL))(
      "%s is refused",
      async (_, { after }) => {
        await expect(steps(after)).rejects.toThrow(/prevent_destroy|cannot leave/);
      },
    );
  },
);
