import {
  AnnotationMetadataEntryType,
  TerraformOutput,
  TerraformStack,
  TerraformVariable,
  Testing,
  Token,
} from "cdktf";
import { Construct } from "constructs";
import {
  BackupMx,
  type BackupMxDomain,
  type BackupMxProps,
  type IDnsZone,
  Network,
  OutboundPort25,
  PrimaryTls,
  RecipientVerification,
  Resolver,
  Route53Zone,
  Scanner,
} from "../../lib";
import { configurationIn, factsIn, hostIn } from "../support/host-files";
import { outline } from "../support/outline";
import { DEFAULTS, EVERYTHING, EXAMPLE, ZONE } from "../support/props";
import { newStack, only, synthesize } from "../support/stack";

function build(props: BackupMxProps): { stack: TerraformStack; mx: BackupMx } {
  const stack = newStack();
  return { stack, mx: new BackupMx(stack, "Mx2", props) };
}

const NO_ZONE: IDnsZone = { bindHost() {}, bindMx() {}, releaseMx() {} };
const refuse = () => {
  throw new Error("no such zone");
};

const paths = (construct: Construct) =>
  construct.node.findAll().map((child) => `${child.node.path} ${child.constructor.name}`);

/** The warnings at synthesis, and where they stand. */
const warnings = (stack: TerraformStack) => {
  Testing.synth(stack);
  return stack.node
    .findAll()
    .flatMap(({ node }) =>
      node.metadata
        .filter(({ type }) => type === AnnotationMetadataEntryType.WARN)
        .map(({ data }) => `${node.path}: ${data}`),
    );
};

describe("a stack with a BackupMx", () => {
  test.each([
    ["defaults", DEFAULTS],
    ["everything", EVERYTHING],
  ])("by %s", (_, props) => {
    const { stack } = build(props);
    expect(outline(synthesize(stack))).toMatchSnapshot("what Terraform is given");
    expect(paths(stack)).toMatchSnapshot("the construct tree");
  });

  test("of the same props is the same", () => {
    expect(Testing.synth(build(EVERYTHING).stack)).toBe(Testing.synth(build(EVERYTHING).stack));
  });

  test("may hold a second one, whose resources are its own", () => {
    const { stack } = build(DEFAULTS);
    const first = synthesize(stack);
    new BackupMx(stack, "Mx3", {
      hostname: "mx3.example.org",
      domains: [{ ...EXAMPLE, name: "example.org" }],
    });
    const both = synthesize(stack);
    for (const type of Object.keys(first.resource)) {
      expect(both.resource[type]).toMatchObject(first.resource[type]);
      expect(Object.keys(both.resource[type])).toHaveLength(
        2 * Object.keys(first.resource[type]).length,
      );
    }
  });

  test("explains its settings on the host, however many domains there are", () => {
    const domains = Array.from({ length: 120 }, (_, index) => ({
      name: `d${index}.example`,
      primaries: [{ hostname: "mx1.example.com" }],
    }));
    const configuration = configurationIn(synthesize(build({ ...DEFAULTS, domains }).stack));
    const mainCf: string[] = configuration.postfix["main.cf"];
    expect(mainCf).toContain("relay_domains = $transport_maps");
    expect(mainCf.filter((line) => line.startsWith("# ")).length).toBeGreaterThan(20);
    expect(configuration.postfix.transport).toHaveLength(120);
  });

  test("creates no output and no provider", () => {
    const json = synthesize(build(EVERYTHING).stack);
    expect(json.output).toBeUndefined();
    expect(Object.keys(json.provider)).toEqual(["aws"]);
    expect(json.provider.aws).toHaveLength(1);
  });

  test("can be one construct in another", () => {
    const stack = newStack();
    new BackupMx(new Construct(stack, "Mail"), "Mx2", DEFAULTS);
    expect(Object.keys(synthesize(stack).resource.aws_instance)).toEqual([
      "mx2_example_com_Server",
    ]);
  });
});

describe("the parts of a BackupMx", () => {
  test("are exposed", () => {
    const { mx, stack } = build(DEFAULTS);
    const parts = {
      aws_instance: mx.instance.id,
      aws_security_group: mx.securityGroup.id,
      aws_eip: mx.publicIp,
    };
    for (const [type, value] of Object.entries(parts)) {
      new TerraformOutput(stack, type, { value });
    }
    const { output, resource } = synthesize(stack);
    for (const type of Object.keys(parts)) {
      const [name] = Object.keys(resource[type]);
      expect(output[type].value).toMatch(new RegExp(`^\\$\\{${type}\\.${name}\\.\\w+\\}$`));
    }
    expect(mx.hostname).toBe("mx2.example.com");
  });

  test("can be changed", () => {
    const { mx, stack } = build(DEFAULTS);
    mx.instance.addOverride("monitoring", true);
    expect(only(synthesize(stack).resource, "aws_instance").monitoring).toBe(true);
  });

  test("tell what belongs into DNS", () => {
    const { mx } = build({
      hostname: "MX2.example.net.",
      domains: [{ ...EXAMPLE, zone: undefined }],
    });
    expect(mx.hostRecords).toEqual({ hostname: "mx2.example.net", ipv4Address: mx.publicIp });
    expect(mx.mxRecords).toEqual([
      {
        name: "example.com",
        exchanges: [
          { preference: 10, hostname: "mx1.example.com" },
          { preference: 20, hostname: "mx2.example.net" },
        ],
      },
    ]);
    expect(mx.mtaStsPolicies).toEqual([
      { name: "example.com", mx: ["mx1.example.com", "mx2.example.net"] },
    ]);
  });
});

describe("a domain that is added later", () => {
  const added: BackupMxDomain = {
    name: "example.org",
    primaries: [{ hostname: "mx1.example.org", port: 2525 }],
    recipients: RecipientVerification.list(["info@example.org"]),
    zone: ZONE,
  };

  test("is the same as one in the props", () => {
    const inProps = build({ ...DEFAULTS, domains: [EXAMPLE, added] }).stack;
    const { mx, stack } = build(DEFAULTS);
    mx.addDomain(added);
    expect(synthesize(stack)).toEqual(synthesize(inProps));
    expect(mx.mxRecords).toHaveLength(2);
  });

  test("may be the first", () => {
    const { mx, stack } = build({ hostname: "mx2.example.com", zone: ZONE });
    mx.addDomain(EXAMPLE);
    expect(synthesize(stack)).toEqual(synthesize(build(DEFAULTS).stack));
  });

  test("is refused when it is there already, and errors count on", () => {
    const { mx } = build(DEFAULTS);
    expect(() => mx.addDomain({ ...EXAMPLE, name: "Example.COM." })).toThrow(
      /^domains\[1\]\.name "example\.com" is listed twice; name each domain once$/,
    );
    expect(() => mx.addDomain({ ...added, primaries: [] })).toThrow(
      /^domains\[1\]\.primaries is empty/,
    );
  });

  test("that was refused leaves nothing behind", () => {
    const { mx, stack } = build(DEFAULTS);
    const before = Testing.synth(stack);
    const tls = (policy: PrimaryTls) => ({
      primaries: [{ hostname: "mx1.example.org", port: 2525, tls: policy }],
    });
    mx.addDomain({ name: "example.net", ...tls(PrimaryTls.encrypt()) });
    const good = Testing.synth(stack);
    for (const wrong of [
      { primaries: [] },
      { recipients: RecipientVerification.list([]) },
      { zone: Route53Zone.fromZoneId("Z1", { zoneName: "example.com" }) },
      { zone: undefined, ...tls(PrimaryTls.verify()) },
      { zone: { ...NO_ZONE, bindMx: refuse } },
    ]) {
      expect(() => mx.addDomain({ ...added, ...wrong })).toThrow();
    }
    expect(good).not.toBe(before);
    expect(Testing.synth(stack)).toBe(good);
    expect(mx.mxRecords).toHaveLength(2);
  });

  test("that was refused can be added as soon as it is right", () => {
    const { mx, stack } = build(DEFAULTS);
    const wrong = Route53Zone.fromZoneId("Z1", { zoneName: "example.com" });
    expect(() => mx.addDomain({ ...added, zone: wrong })).toThrow(
      'zoneName "example.com" does not contain example.org',
    );
    mx.addDomain(added);
    expect(synthesize(stack)).toEqual(
      synthesize(build({ ...DEFAULTS, domains: [EXAMPLE, added] }).stack),
    );
  });

  test("that needs what the host has not is refused, and leaves nothing behind", () => {
    const { mx, stack } = build({ ...DEFAULTS, resolver: Resolver.ofVpc() });
    const before = Testing.synth(stack);
    const primaries = [{ hostname: "mx1.example.org", tls: PrimaryTls.dane() }];
    expect(() => mx.addDomain({ ...added, primaries })).toThrow(
      "resolver Resolver.ofVpc() leaves PrimaryTls.dane() without the resolver that it needs",
    );
    expect(Testing.synth(stack)).toBe(before);
  });
});

describe("two backups of one app", () => {
  const second: BackupMxProps = {
    hostname: "mx9.example.com",
    domains: [{ ...EXAMPLE, name: "example.org" }],
  };

  test("may stand in for different domains", () => {
    const { stack } = build(DEFAULTS);
    new BackupMx(stack, "Mx9", second);
    expect(Object.keys(synthesize(stack).resource.aws_instance).sort()).toEqual([
      "mx2_example_com_Server",
      "mx9_example_com_Server",
    ]);
  });

  test.each<[string, Partial<BackupMxProps>, string]>([
    ["a domain", { domains: [EXAMPLE] }, 'domains[0].name "example.com"'],
    ["the hostname", { hostname: "MX2.example.com" }, 'hostname "mx2.example.com"'],
    [
      "the hostname of a node",
      { nodes: [{ hostname: "mx2.example.com", network: Network.own("10.25.0.0/28") }] },
      'nodes[0].hostname "mx2.example.com"',
    ],
  ])("may not share %s", (_, shared, what) => {
    const inOneStack = build(DEFAULTS).stack;
    const inAnother = new TerraformStack(build(DEFAULTS).stack.node.root, "other");
    for (const stack of [inOneStack, inAnother]) {
      expect(() => new BackupMx(stack, "Mx9", { ...second, ...shared })).toThrow(
        `${what} belongs to test/Mx2 already, and both would own its records in DNS; for one more backup of the same domains use the nodes prop`,
      );
    }
  });

  test("may share them in different apps", () => {
    build(DEFAULTS);
    expect(() => build(DEFAULTS)).not.toThrow();
  });
});

describe("the addresses in Terraform's state", () => {
  const addresses = (props: BackupMxProps, id: string) => {
    const stack = newStack();
    new BackupMx(stack, id, props);
    const { resource, data, locals, check } = synthesize(stack);
    const { terraform_data, ...rest } = resource;
    return { guards: Object.keys(terraform_data), rest: { ...rest, ...data, locals, check } };
  };

  test("do not depend on where the construct is in the tree, but for that of the guard", () => {
    const one = addresses(EVERYTHING, "Mx2");
    const other = addresses(EVERYTHING, "Another");
    expect(other.rest).toEqual(one.rest);
    expect(other.guards).not.toEqual(one.guards);
  });

  test("follow from the hostname or the domain, each of them", () => {
    const { rest } = addresses(EVERYTHING, "Mx2");
    const names = Object.values(rest).flatMap((blocks) => Object.keys(blocks ?? {}));
    expect(names.length).toBeGreaterThan(90);
    expect(
      names.filter((name) => !/^(mx[24]_example_net|example_(com|info))_[A-Z]/.test(name)),
    ).toEqual([]);
  });

  test("of a name that begins with a digit are identifiers", () => {
    const { rest } = addresses({ ...DEFAULTS, hostname: "2.example.com" }, "Mx2");
    expect(Object.keys(rest.aws_instance)).toEqual(["_2_example_com_Server"]);
  });
});

describe("the instance type of a BackupMx", () => {
  const instanceType = (props: Partial<BackupMxProps>) =>
    only(synthesize(build({ ...DEFAULTS, ...props }).stack).resource, "aws_instance").instance_type;

  test("has the memory that the scanner needs", () => {
    expect(instanceType({})).toBe("t4g.small");
    expect(instanceType({ scanner: Scanner.none() })).toBe("t4g.small");
    expect(instanceType({ scanner: Scanner.mailScanner() })).toBe("t4g.small");
    expect(instanceType({ scanner: Scanner.rspamd() })).toBe("t4g.small");
    expect(instanceType({ scanner: Scanner.mailScanner({ clamAv: true }) })).toBe("t4g.medium");
    expect(instanceType({ scanner: Scanner.rspamd({ clamAv: true }) })).toBe("t4g.medium");
  });

  test("is the one that was given", () => {
    expect(instanceType({ instanceType: "c7i.large" })).toBe("c7i.large");
  });
});

describe("the firewall of a BackupMx", () => {
  const portsOut = (props: BackupMxProps) => {
    const rules: { to_port: number }[] = Object.values(
      synthesize(build(props).stack).resource.aws_vpc_security_group_egress_rule,
    );
    return rules.map(({ to_port }) => to_port).sort((a, b) => a - b);
  };

  test("opens the ports of the primaries and of the relayhost, each once", () => {
    const primaries = [
      { hostname: "mx1.example.com", port: 2525 },
      { hostname: "mx3.example.com", port: 2525 },
      { hostname: "mx4.example.com" },
    ];
    const domains = [{ ...EXAMPLE, primaries }];
    expect(portsOut({ ...DEFAULTS, domains })).toEqual([25, 80, 443, 2525]);
    expect(portsOut({ ...DEFAULTS, relayhost: "[smtp.example.org]:587" })).toEqual([
      25, 80, 443, 587,
    ]);
    expect(portsOut({ ...DEFAULTS, relayhost: "smtp.example.org" })).toEqual([25, 80, 443]);
  });
});

describe("a warning", () => {
  const GRANTED = { ...DEFAULTS, outboundPort25: OutboundPort25.granted() };

  test("is not given where nothing is to be done", () => {
    expect(warnings(build(GRANTED).stack)).toEqual([]);
  });

  test("says what to publish by hand", () => {
    const domains = [{ ...EXAMPLE, zone: undefined }];
    expect(warnings(build({ ...GRANTED, hostname: "mx2.example.net", domains }).stack)).toEqual([
      "test/Mx2: these domains have no zone; publish their MX records yourself, mxRecords has all of them:\n" +
        "  example.com: 10 mx1.example.com, 20 mx2.example.net",
      "test/Mx2/Host: mx2.example.net has no zone; publish an A record for the address in publicIp yourself, and then set reverseDns",
    ]);
  });

  test("says what it costs to accept every recipient", () => {
    const domains = [{ ...EXAMPLE, recipients: RecipientVerification.none() }];
    expect(warnings(build({ ...GRANTED, domains }).stack)).toEqual([
      expect.stringMatching(
        /^test\/Mx2: every recipient of these domains is accepted; .* forged senders:\n {2}example\.com$/,
      ),
    ]);
  });

  // The restriction that asks the primary was left out: all are accepted here as well.
  test("says so too where the restrictions do not verify what the domain relies on", () => {
    const smtpdRecipientRestrictions = ["permit_mynetworks", "reject_unauth_destination"];
    expect(warnings(build({ ...GRANTED, smtpdRecipientRestrictions }).stack)).toEqual([
      expect.stringMatching(/every recipient of these domains is accepted; .*\n {2}example\.com$/),
    ]);
    const domains = [{ ...EXAMPLE, recipients: RecipientVerification.list(["info@example.com"]) }];
    expect(warnings(build({ ...GRANTED, domains, smtpdRecipientRestrictions }).stack)).toEqual([]);
  });

  test("is one for however many domains it is about, and names the first ten of them", () => {
    const { stack, mx } = build({
      ...GRANTED,
      domains: Array.from({ length: 150 }, (_, index) => ({
        name: `d${index}.example.com`,
        primaries: [{ hostname: "mx1.example.com" }],
        recipients: RecipientVerification.none(),
      })),
      zone: ZONE,
    });
    const lists = warnings(stack).map((text) => text.split("\n  ").slice(1));
    const names = Array.from({ length: 10 }, (_, index) => `d${index}.example.com`);
    expect(lists).toEqual([
      [...names.map((name) => `${name}: 10 mx1.example.com, 20 mx2.example.com`), "and 140 more"],
      [...names, "and 140 more"],
    ]);
    expect(mx.mxRecords).toHaveLength(150);
  });

  test("is given once, and another for domains that came after a synthesis", () => {
    const { stack, mx } = build({
      ...GRANTED,
      domains: [{ ...EXAMPLE, zone: undefined }],
      zone: ZONE,
    });
    const first = warnings(stack);
    expect(first).toHaveLength(1);
    expect(warnings(stack)).toEqual(first);
    mx.addDomain({ name: "example.org", primaries: EXAMPLE.primaries });
    expect(warnings(stack)).toEqual([
      ...first,
      expect.stringMatching(/:\n {2}example\.org: 10 mx1\.example\.com, 20 mx2\.example\.com$/),
    ]);
  });

  test("is not given for a domain that was refused", () => {
    const { stack, mx } = build(GRANTED);
    const wrong = { name: "example.org", primaries: EXAMPLE.primaries, zone: undefined };
    expect(() => mx.addDomain({ ...wrong, recipients: RecipientVerification.list([]) })).toThrow();
    expect(warnings(stack)).toEqual([]);
  });

  test("says what it costs not to scan", () => {
    expect(warnings(build({ ...GRANTED, scanner: Scanner.none() }).stack)).toEqual([
      expect.stringMatching(/^test\/Mx2: mail is forwarded without being scanned; /),
    ]);
    for (const scanner of [undefined, Scanner.mailScanner(), Scanner.rspamd()]) {
      expect(warnings(build({ ...GRANTED, scanner }).stack)).toEqual([]);
    }
  });
});

describe("a value that is known at deploy time only", () => {
  function deferred(
    make: (text: (name: string) => string, number: (name: string) => number) => BackupMxProps,
  ) {
    const stack = newStack();
    const variable = (name: string, type: string) => new TerraformVariable(stack, name, { type });
    new BackupMx(
      stack,
      "Mx2",
      make(
        (name) => variable(name, "string").stringValue,
        (name) => Token.asNumber(variable(name, "number").value),
      ),
    );
    const text = Testing.synth(stack, true);
    // Neither a marker of CDK for Terraform nor a number that encodes one may be left.
    expect(text.match(/.{0,40}(TfToken|-\d\.\d+e\+\d+).{0,20}/g)).toBeNull();
    const stackGiven = JSON.parse(text);
    const { resource } = stackGiven;
    const configuration = configurationIn(stackGiven);
    const { postfix } = configuration;
    const facts = factsIn(hostIn(stackGiven));
    const records: { type: string; zone_id: string; records: string[] }[] = Object.values(
      resource.aws_route53_record ?? {},
    );
    const mx = records.find(({ type }) => type === "MX");
    return { resource, facts, configuration, postfix, mx, records };
  }

  test("may be the hostname", () => {
    const { facts, configuration, postfix, mx, resource } = deferred((text) => ({
      ...DEFAULTS,
      hostname: text("hostname"),
      zone: ZONE,
    }));
    expect(postfix["main.cf"]).toContain(`myhostname = \${var.hostname}`);
    expect([facts.hostname, configuration.hostname]).toEqual([
      `\${var.hostname}`,
      `\${var.hostname}`,
    ]);
    expect(mx?.records).toEqual(["10 mx1.example.com", `20 \${var.hostname}`]);
    expect(only(resource, "aws_instance").tags.Name).toBe(`\${var.hostname}`);
  });

  test("may be the name of a domain", () => {
    const { configuration, postfix, mx } = deferred((text) => ({
      ...DEFAULTS,
      domains: [{ ...EXAMPLE, name: text("domain") }],
      zone: ZONE,
    }));
    expect(postfix.transport).toEqual([`\${var.domain} relay:[mx1.example.com]:25`]);
    expect(postfix.aliases).toContain(`root postmaster@\${var.domain}`);
    expect(configuration.watch.domains).toEqual([`\${var.domain} accept [mx1.example.com]:25`]);
    expect(mx).toMatchObject({ name: `\${var.domain}` });
  });

  test("may be the name, preference, address and port of a primary", () => {
    const { postfix, mx, resource } = deferred((text, number) => ({
      ...DEFAULTS,
      domains: [
        {
          ...EXAMPLE,
          primaries: [
            {
              hostname: text("primary"),
              preference: number("preference"),
              address: text("address"),
              port: number("port"),
            },
          ],
          backupPreference: 100,
        },
      ],
    }));
    expect(mx?.records).toEqual([`\${var.preference} \${var.primary}`, "100 mx2.example.com"]);
    expect(postfix.transport).toEqual([`example.com relay:[\${var.address}]:\${var.port}`]);
    const ports = Object.values(resource.aws_vpc_security_group_egress_rule).map(
      (rule) => (rule as { to_port: unknown }).to_port,
    );
    expect(ports).toContain(`\${var.port}`);
  });

  test("may be the preference of the backup", () => {
    const { mx } = deferred((_, number) => ({
      ...DEFAULTS,
      domains: [{ ...EXAMPLE, backupPreference: number("preference") }],
    }));
    expect(mx?.records).toEqual(["10 mx1.example.com", `\${var.preference} mx2.example.com`]);
  });

  test("may be the id of a zone, subnet, VPC and image, and the size of the disk", () => {
    const { resource, records } = deferred((text, number) => ({
      ...DEFAULTS,
      domains: [{ ...EXAMPLE, zone: Route53Zone.fromZoneId(text("zone")) }],
      network: Network.subnet(text("subnet"), { vpcId: text("vpc") }),
      amiId: text("ami"),
      instanceType: text("type"),
      volumeSize: number("size"),
    }));
    expect(records.map(({ zone_id }) => zone_id)).toEqual([`\${var.zone}`, `\${var.zone}`]);
    expect(only(resource, "aws_instance")).toMatchObject({
      subnet_id: `\${var.subnet}`,
      ami: `\${var.ami}`,
      instance_type: `\${var.type}`,
      root_block_device: { volume_size: `\${var.size}` },
    });
    expect(only(resource, "aws_security_group").vpc_id).toBe(`\${var.vpc}`);
  });

  test("may be a text of the policy", () => {
    const { facts, configuration, postfix } = deferred((text) => ({
      ...DEFAULTS,
      postmaster: text("postmaster"),
      relayhost: text("relayhost"),
      maximalQueueLifetime: text("lifetime"),
      unverifiedRecipientRejectReason: text("reason"),
      postfixSettings: { mail_name: text("mail_name") },
      scanner: Scanner.mailScanner({
        packageUrl: text("url"),
        packageSha256: text("sha256"),
        settings: { "Required SpamAssassin Score": text("score") },
      }),
    }));
    expect(postfix.aliases).toContain(`root \${var.postmaster}`);
    for (const line of [
      `relayhost = \${var.relayhost}`,
      `maximal_queue_lifetime = \${var.lifetime}`,
      `unverified_recipient_reject_reason = \${var.reason}`,
      `mail_name = \${var.mail_name}`,
    ]) {
      expect(postfix["main.cf"]).toContain(line);
    }
    expect(facts.downloads).toEqual({
      mailscanner: { url: `\${var.url}`, sha256: `\${var.sha256}` },
    });
    expect(configuration.mailscanner.settings).toContain(
      `Required SpamAssassin Score = \${var.score}`,
    );
  });

  test("may be what the judge is told, and the scores of rspamd", () => {
    const { configuration } = deferred((text, number) => ({
      ...DEFAULTS,
      scanner: Scanner.rspamd({
        deliverUnscannedAfter: text("patience"),
        quarantineLifetime: text("lifetime"),
        quarantineShare: number("share"),
        spamScore: number("spam"),
        highSpamScore: number("high"),
      }),
    }));
    expect(configuration.judge).toMatchObject({
      deliverUnscannedAfter: `\${var.patience}`,
      quarantineLifetime: `\${var.lifetime}`,
      quarantineShare: `\${var.share}`,
    });
    expect(configuration.rspamd).toEqual({
      spamScore: `\${var.spam}`,
      highSpamScore: `\${var.high}`,
    });
  });

  test("may be a reply code of the policy", () => {
    const { postfix } = deferred((_, number) => ({
      ...DEFAULTS,
      domains: [{ ...EXAMPLE, recipients: RecipientVerification.list(["info@example.com"]) }],
      unverifiedRecipientRejectCode: number("reject"),
      unverifiedRecipientDeferCode: number("defer"),
      unknownAddressRejectCode: number("unknown"),
    }));
    for (const line of [
      `unverified_recipient_reject_code = \${var.reject}`,
      `unverified_recipient_defer_code = \${var.defer}`,
      `unknown_address_reject_code = \${var.unknown}`,
    ]) {
      expect(postfix["main.cf"]).toContain(line);
    }
    expect(postfix.recipients).toContain(`example.com \${var.reject} Address lookup failed`);
  });

  // The markers of CDK for Terraform are numbered through a whole app. An unrelated resource before
  // this one must not change an id, or a line's place: that would be another instance.
  test("leaves the rest as it is, however many others there are in the app", () => {
    const synthesized = (unrelated: number) => {
      const stack = newStack();
      const texts = Array.from(
        { length: 12 },
        (_, index) => new TerraformVariable(stack, `domain${index}`, { type: "string" }),
      );
      const port = new TerraformVariable(stack, "port", { type: "number" });
      for (let index = 0; index < unrelated; index++) {
        Token.asString({ unrelated: index });
        Token.asNumber({ unrelated: index });
      }
      new BackupMx(stack, "Mx2", {
        ...DEFAULTS,
        domains: texts.map((text, index) => ({
          ...EXAMPLE,
          name: text.stringValue,
          primaries: [{ hostname: `primary${index}.example.com`, port: port.numberValue }],
        })),
        zone: ZONE,
      });
      return Testing.synth(stack);
    };
    expect(synthesized(995)).toBe(synthesized(0));
  });
});
