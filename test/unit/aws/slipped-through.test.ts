import {
  BackupMx,
  type BackupMxNodeProps,
  type BackupMxProps,
  Network,
  Route53Zone,
} from "../../../lib";
import { backup } from "../../support/backup";
import { EVERYTHING } from "../../support/props";
import { newStack, synthesize } from "../../support/stack";

// Defects that neither `terraform validate` nor an offline plan finds: AWS would, at the apply. The
// other fourteen of the twenty-two that were tried are found by Terraform itself.

const ZONE = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ");

const domain = (port?: number, preference?: number) => ({
  domains: [
    { name: "example.com", primaries: [{ hostname: "mx1.example.com", port, preference }] },
  ],
});

describe("a defect that Terraform does not find is refused here", () => {
  test.each<[string, () => unknown, string]>([
    [
      "an instance type of no form",
      () => backup({ instanceType: "t4g-small" }),
      'instanceType "t4g-small"',
    ],
    ["an image that is none", () => backup({ amiId: "debian-13" }), 'amiId "debian-13"'],
    ["a root volume of size 0", () => backup({ volumeSize: 0 }), "volumeSize 0 is out of range"],
    [
      "a queue volume of size 0",
      () => backup({ queueVolumeSize: 0 }),
      "queueVolumeSize 0 is out of range",
    ],
    [
      "a record with no TTL to speak of",
      () => Route53Zone.fromZoneId("Z1", { ttl: Number.NaN }),
      "ttl NaN is out of range",
    ],
    ["a TTL below zero", () => Route53Zone.fromZoneId("Z1", { ttl: -1 }), "ttl -1 is out of range"],
    [
      "an MX value without a preference",
      () => backup(domain(25, Number.NaN)),
      "preference NaN is out of range",
    ],
    ["a TCP rule without a port", () => backup(domain(Number.NaN)), "port NaN is out of range"],
    [
      "a domain outside of its zone",
      () =>
        backup({
          domains: [
            {
              ...domain().domains[0],
              zone: Route53Zone.fromZoneId("Z1", { zoneName: "example.net" }),
            },
          ],
        }),
      'zoneName "example.net" does not contain example.com; give the zone that holds it',
    ],
    [
      "a hostname outside of its zone",
      () => backup({ zone: Route53Zone.fromZoneId("Z1", { zoneName: "example.net" }) }),
      'zoneName "example.net" does not contain mx2.example.com; give the zone that holds it',
    ],
    [
      "a node outside of its zone",
      () =>
        backup({
          nodes: [
            {
              hostname: "mx3.example.com",
              network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
              zone: Route53Zone.fromZoneId("Z1", { zoneName: "example.net" }),
            },
          ],
        }),
      'zoneName "example.net" does not contain mx3.example.com; give the zone that holds it',
    ],
    [
      "a backup that is preferred to its primary",
      () => backup({ domains: [{ ...domain().domains[0], backupPreference: 5 }] }),
      "domains[0].backupPreference 5 is not greater than 10",
    ],
    [
      "a name that no host can have",
      () => backup({ hostname: `${"a".repeat(60)}.example.com` }),
      "is longer than the 64 characters that Linux takes",
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe("what a stack holds, whatever its props", () => {
  /** With the longest names that can be. */
  const longest = (name: string) => `${name}.${"a".repeat(64 - name.length - 13)}.example.com`;
  const { zone: _, certificate: __, ...props } = EVERYTHING;
  const nodes: BackupMxNodeProps[] = [
    {
      hostname: longest("mx3"),
      network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
      preferenceIncrement: 10,
    },
  ];
  const everything: BackupMxProps = {
    ...props,
    hostname: longest("mx2"),
    network: Network.own("10.25.0.0/28"),
    nodes,
    domains: props.domains.map((each) => ({ ...each, zone: ZONE })),
  };
  // biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
  const resources = (type: RegExp): any[] => {
    const stack = newStack();
    new BackupMx(stack, "Mx2", everything);
    return Object.entries<object>(synthesize(stack).resource)
      .filter(([name]) => type.test(name))
      .flatMap(([, blocks]) => Object.values(blocks));
  };

  test("a TTL in every record", () => {
    const records = resources(/^aws_route53_record$/);
    expect(records.length).toBeGreaterThan(1);
    for (const { ttl } of records) {
      expect(ttl).toBeGreaterThan(0);
    }
  });

  test("a preference in every MX value, and none that is there twice with one name", () => {
    const sets = resources(/^aws_route53_record$/).filter(({ type }) => type === "MX");
    expect(sets.length).toBeGreaterThan(1);
    for (const { records } of sets as { records: string[] }[]) {
      expect(records.every((value) => /^\d+ \S+$/.test(value))).toBe(true);
      const names = records.map((value) => value.split(" ")[1]);
      expect(new Set(names).size).toBe(names.length);
      const [backupAt, nodeAt] = ["mx2", "mx3"].map((name) =>
        Number(records.find((value) => value.includes(` ${longest(name)}`))?.split(" ")[0]),
      );
      expect(nodeAt - backupAt).toBe(10);
    }
  });

  test("ports in every rule of the firewall", () => {
    for (const rule of resources(/^aws_vpc_security_group_(in|e)gress_rule$/)) {
      expect(rule).toMatchObject({ from_port: expect.any(Number), to_port: expect.any(Number) });
    }
  });

  test("texts of the firewall in the characters, and of the length, that EC2 takes", () => {
    const groups = resources(/^aws_(vpc_)?security_group/);
    expect(groups.length).toBeGreaterThan(4);
    for (const { description } of groups) {
      // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
      expect(description).toMatch(/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/);
    }
  });

  test("no IOPS, which could be out of range", () => {
    for (const { root_block_device, iops } of resources(/^aws_(instance|ebs_volume)$/)) {
      expect(iops).toBeUndefined();
      expect(root_block_device ?? {}).not.toHaveProperty("iops");
    }
  });

  // https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
  test("tags of no more characters than AWS takes", () => {
    const tagged = resources(/./).filter(({ tags }) => tags !== undefined);
    expect(tagged.length).toBeGreaterThan(10);
    for (const { tags } of tagged as { tags: { [key: string]: string } }[]) {
      for (const [key, value] of Object.entries(tags)) {
        expect(key.length).toBeLessThanOrEqual(128);
        expect(value).toMatch(/^[\w .:/=+@-]{1,256}$/);
      }
    }
  });

  // The limits of PutMetricAlarm, PutDashboard, CreateLogGroup, CreateLogStream, CreateRole and
  // CreateInstanceProfile, with the 26 characters that Terraform adds to a prefix.
  test.each([
    [/^aws_cloudwatch_metric_alarm$/, "alarm_name", 255],
    [/^aws_cloudwatch_metric_alarm$/, "alarm_description", 1024],
    [/^aws_cloudwatch_dashboard$/, "dashboard_name", 255],
    [/^aws_cloudwatch_log_group$/, "name", 512],
    [/^aws_cloudwatch_log_stream$/, "name", 512],
    [/^aws_iam_role$/, "description", 1000],
    [/^aws_iam_(role|instance_profile)$/, "name_prefix", 64 - 26],
    [/^aws_iam_role_policy$/, "name_prefix", 128 - 26],
    [/^aws_security_group$/, "name_prefix", 255 - 26],
    [/^aws_sns_topic$/, "name_prefix", 256 - 26],
    [/^aws_sns_topic$/, "display_name", 100],
    [/^aws_dlm_lifecycle_policy$/, "description", 500],
  ] as const)("%s: a %s of no more than %i characters", (type, attribute, limit) => {
    const texts = resources(type).flatMap((block) => block[attribute] ?? []);
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts as string[]) {
      expect(text.length).toBeLessThanOrEqual(limit);
    }
  });
});
