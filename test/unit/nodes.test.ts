import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import {
  BackupMx,
  type BackupMxNodeProps,
  type BackupMxProps,
  Monitoring,
  Network,
  OutboundPort25,
  Route53Zone,
} from "../../lib";
import { configurationIn, hostIn } from "../support/host-files";
import { newStack, synthesize } from "../support/stack";

const DOMAIN = {
  name: "example.com",
  primaries: [{ hostname: "mx1.example.com" }],
  zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ"),
};
const MX3: BackupMxNodeProps = {
  hostname: "mx3.example.com",
  network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
};
const TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms";

function backup(nodes: BackupMxNodeProps[], props: Partial<BackupMxProps> = {}) {
  const stack = newStack();
  const mx = new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [DOMAIN],
    ...props,
    nodes,
  });
  return { mx, synthesized: synthesize(stack) };
}

// biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
function records(synthesized: any, type: string): { name: string; records: string[] }[] {
  return Object.values<{ type: string; name: string; records: string[] }>(
    synthesized.resource.aws_route53_record,
  ).filter((record) => record.type === type);
}

/** The configuration of each node by the node's name. */
// biome-ignore lint/suspicious/noExplicitAny: Terraform's JSON has no types
function configurations(synthesized: any): { [hostname: string]: any } {
  return Object.fromEntries(
    Object.keys(synthesized.resource.aws_instance).map((_, index) => {
      const configuration = configurationIn(synthesized, index);
      return [configuration.hostname, configuration];
    }),
  );
}

test("a node has a name, an address, reverse DNS and a queue of its own", () => {
  const { mx, synthesized } = backup([MX3]);
  const { resource } = synthesized;
  for (const type of [
    ...["aws_instance", "aws_eip", "aws_eip_domain_name", "aws_security_group"],
    ...["aws_ebs_volume", "aws_s3_bucket"],
  ]) {
    expect(Object.keys(resource[type])).toHaveLength(2);
  }
  expect(
    records(synthesized, "A")
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["mx2.example.com", "mx3.example.com"]);
  const own = configurations(synthesized);
  expect(Object.keys(own).sort()).toEqual(["mx2.example.com", "mx3.example.com"]);
  expect(own["mx3.example.com"].postfix["main.cf"]).toContain("myhostname = mx3.example.com");
  expect(mx.furtherNodes.map(({ hostname }) => hostname)).toEqual(["mx3.example.com"]);
});

test("all nodes are in one set of MX records, with the preference that each has", () => {
  const mx4 = {
    hostname: "mx4.example.com",
    network: Network.defaultVpc({ availabilityZone: "eu-central-1c" }),
    preferenceIncrement: 5,
  };
  const { mx, synthesized } = backup([MX3, mx4]);
  const expected = [
    "10 mx1.example.com",
    "20 mx2.example.com",
    "20 mx3.example.com",
    "25 mx4.example.com",
  ];
  expect(records(synthesized, "MX")).toMatchObject([{ name: "example.com", records: expected }]);
  expect(
    mx.mxRecords[0].exchanges.map(({ preference, hostname }) => `${preference} ${hostname}`),
  ).toEqual(expected);
  expect(mx.mtaStsPolicies[0].mx).toEqual(expected.map((value) => value.split(" ")[1]));
});

test("what the first node is and does, does not depend on the others", () => {
  const first = (nodes: BackupMxNodeProps[]) => {
    const { synthesized } = backup(nodes);
    const index = Object.keys(synthesized.resource.aws_instance).indexOf("mx2_example_com_Server");
    return hostIn(synthesized, index);
  };
  expect(first([{ ...MX3, preferenceIncrement: 10 }])).toEqual(first([]));
});

test("a node behind another one sends to the primaries, and not to that other", () => {
  const route = (node: BackupMxNodeProps) =>
    configurations(backup([node]).synthesized)["mx3.example.com"].postfix.transport;
  expect(route(MX3)).toEqual(["example.com relay:[mx1.example.com]:25"]);
  expect(route({ ...MX3, preferenceIncrement: 10 })).toEqual([
    "example.com relay:[mx1.example.com]:25",
  ]);
});

test("a domain that is added later is on every node", () => {
  const stack = newStack();
  const mx = new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [DOMAIN],
    nodes: [MX3],
  });
  mx.addDomain({ name: "example.net", primaries: [{ hostname: "mx1.example.com" }] });
  const all = Object.values(configurations(synthesize(stack)));
  expect(all).toHaveLength(2);
  for (const { postfix } of all) {
    expect(postfix.transport).toContain("example.net relay:[mx1.example.com]:25");
  }
});

test("a node in another region is made by its provider, and every part of it", () => {
  const stack = newStack();
  const provider = new AwsProvider(stack, "Dublin", { region: "eu-west-1", alias: "dublin" });
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [{ ...DOMAIN, primaries: [{ hostname: "mx1.example.com", port: 2525 }] }],
    monitoring: Monitoring.toEmail("ops@example.org"),
    amiId: "ami-0123456789abcdef0",
    nodes: [{ hostname: "mx3.example.com", provider }],
  });
  const { resource, data } = synthesize(stack);
  const made = Object.values<Record<string, { provider?: string }>>({
    ...resource,
    ...data,
  }).flatMap((named) => Object.entries(named));
  for (const [name, { provider }] of made) {
    expect([name, provider]).toEqual([
      name,
      name.startsWith("mx3_example_com_") ? "aws.dublin" : undefined,
    ]);
  }
  // The image of the first node is not there.
  expect(Object.keys(data.aws_ssm_parameter)).toHaveLength(1);
});

test("in another region port 25 has to be asked for again", () => {
  const stack = newStack();
  const provider = new AwsProvider(stack, "Dublin", { region: "eu-west-1", alias: "dublin" });
  const granted = OutboundPort25.granted();
  const nodes = [{ hostname: "mx3.example.com", provider }];
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [DOMAIN],
    outboundPort25: granted,
    nodes,
  });
  expect(Object.keys(synthesize(stack).check)).toEqual(["mx3_example_com_OutboundPort25"]);
});

test("each node has alarms of its own", () => {
  const { synthesized } = backup([MX3], { monitoring: Monitoring.toTopic(TOPIC) });
  const alarms = Object.values<{ alarm_name: string }>(
    synthesized.resource.aws_cloudwatch_metric_alarm,
  );
  const of = (hostname: string) =>
    alarms.map(({ alarm_name }) => alarm_name).filter((name) => name.startsWith(hostname));
  expect(of("mx3.example.com")).toEqual(
    of("mx2.example.com").map((name) => name.replace("mx2", "mx3")),
  );
});

test.each<[string, BackupMxNodeProps[], Partial<BackupMxProps>, string]>([
  [
    "no place",
    [{ hostname: "mx3.example.com" }],
    {},
    'nodes[0].hostname "mx3.example.com" could stand in the zone of another node',
  ],
  [
    "the name of the first",
    [{ ...MX3, hostname: "MX2.example.com" }],
    {},
    'nodes[0].hostname "mx2.example.com" is the name of another node',
  ],
  [
    "the name of another",
    [MX3, MX3],
    {},
    'nodes[1].hostname "mx3.example.com" is the name of another node',
  ],
  [
    "the name of a primary",
    [{ ...MX3, hostname: "mx1.example.com" }],
    {},
    'domains[0].primaries[0].hostname "mx1.example.com" is the backup itself',
  ],
  [
    "a preference before the first",
    [{ ...MX3, preferenceIncrement: -5 }],
    {},
    "nodes[0].preferenceIncrement -5 is out of range",
  ],
  [
    "a preference that DNS has not",
    [{ ...MX3, preferenceIncrement: 65530 }],
    {},
    "domains[0].backupPreference 65550 is out of range",
  ],
])("a node with %s is refused", (_, nodes, props, message) => {
  expect(() => backup(nodes, props)).toThrow(message);
});

test("a node in another region needs a topic there", () => {
  const stack = newStack();
  const provider = new AwsProvider(stack, "Dublin", { region: "eu-west-1", alias: "dublin" });
  const nodes = [{ hostname: "mx3.example.com", provider }];
  const monitoring = Monitoring.toTopic(TOPIC);
  expect(
    () =>
      new BackupMx(stack, "Mx2", {
        hostname: "mx2.example.com",
        domains: [DOMAIN],
        monitoring,
        nodes,
      }),
  ).toThrow("nodes[0].monitoring is missing");
});
