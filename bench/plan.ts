import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import { Construct } from "constructs";
import { Route53, ZONE } from "../lab/aws/route53";
import { Route53Zone } from "../lib";
import { TerraformProject } from "../test/support/terraform-project";

// How long Terraform plans MX records that are published and right already, beside a stand-in for
// Route 53 that takes as many requests a second as AWS says. Terraform and its AWS provider have to
// be there:
//   npx tsx bench/plan.ts 1000
const COUNT = Number(process.argv[2] ?? 100);
const EXCHANGES = [
  { preference: 10, hostname: "mx1.example.com" },
  { preference: 20, hostname: "mx2.example.net" },
];

/**
 * What all requests of an account share: each takes a token of a bucket, into which so many fall
 * in a second.
 *
 * Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html
 */
interface Rate {
  readonly capacity: number;
  readonly perSecond: number;
}

const LIMITS: { readonly [what: string]: Rate | undefined } = {
  "no limit": undefined,
  "10 requests a second, 50 at once": { capacity: 50, perSecond: 10 },
  "5 requests a second": { capacity: 5, perSecond: 5 },
};

const THROTTLED =
  '<?xml version="1.0"?>\n<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>' +
  "<Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>";

/** A Route 53 that has one zone with many names, and no patience. */
class BusyRoute53 {
  answered = 0;
  refused = 0;
  private rate?: Rate;
  private tokens = 0;
  private filled = performance.now();
  private readonly names = new Map<string, Route53>();
  private readonly server: Server = createServer(async (request, response) => {
    const body = await text(request);
    const url = request.url ?? "";
    const { status, body: answer } = this.mayAsk()
      ? this.at(url).answer({ url, body })
      : { status: 400, body: THROTTLED };
    response.writeHead(status, { "Content-Type": "text/xml" }).end(answer);
  });

  constructor(names: readonly string[]) {
    for (const name of names) {
      const route53 = new Route53("example.com");
      const values = EXCHANGES.map(({ preference, hostname }) => `${preference} ${hostname}`);
      route53.put({ name, type: "MX", ttl: 3600, values });
      this.names.set(name, route53);
    }
  }

  async start(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** From now on it takes so many requests. */
  limit(rate?: Rate): void {
    this.rate = rate;
    this.tokens = rate?.capacity ?? 0;
    this.filled = performance.now();
    this.answered = 0;
    this.refused = 0;
  }

  private mayAsk(): boolean {
    if (this.rate !== undefined) {
      const now = performance.now();
      const fresh = ((now - this.filled) / 1000) * this.rate.perSecond;
      this.tokens = Math.min(this.rate.capacity, this.tokens + fresh);
      this.filled = now;
      if (this.tokens < 1) {
        this.refused++;
        return false;
      }
      this.tokens--;
    }
    this.answered++;
    return true;
  }

  /** The names of a zone are listed from the one that is asked for. */
  private at(url: string): Route53 {
    const name = new URL(url, "http://localhost").searchParams.get("name")?.replace(/\.$/, "");
    const [first] = this.names.values();
    return (name === undefined ? undefined : this.names.get(name)) ?? first;
  }
}

/** A stack of MX records, as those of a backup. */
function records(names: readonly string[]): object {
  const stack = new TerraformStack(Testing.app(), "bench");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  const zone = Route53Zone.fromZoneId(ZONE);
  for (const name of names) {
    zone.bindMx(new Construct(stack, name), { name, exchanges: EXCHANGES });
  }
  return stack.toTerraform();
}

/** What Terraform remembers once they are published. */
function state(synthesized: { resource?: { aws_route53_record?: object } }): object {
  const resources = Object.entries(synthesized.resource?.aws_route53_record ?? {}).map(
    ([name, record]) => ({
      mode: "managed",
      type: "aws_route53_record",
      name,
      provider: 'provider["registry.terraform.io/hashicorp/aws"]',
      instances: [
        {
          schema_version: 2,
          attributes: {
            id: `${ZONE}_${record.name}_MX`,
            zone_id: ZONE,
            name: record.name,
            fqdn: record.name,
            type: "MX",
            ttl: 3600,
            records: record.records,
          },
        },
      ],
    }),
  );
  return {
    version: 4,
    terraform_version: "1.7.0",
    serial: 1,
    lineage: "x",
    outputs: {},
    resources,
  };
}

async function measure(): Promise<void> {
  const names = Array.from({ length: COUNT }, (_, index) => `d${index}.example.com`);
  const route53 = new BusyRoute53(names);
  // As many attempts as the provider makes by itself.
  const env = { AWS_ENDPOINT_URL_ROUTE_53: await route53.start(), AWS_MAX_ATTEMPTS: "25" };
  const project = new TerraformProject(env);
  try {
    const synthesized = records(names);
    project.configure(synthesized);
    project.write("terraform.tfstate", JSON.stringify(state(synthesized)));
    const plan = async (what: string, rate?: Rate, ...args: string[]) => {
      route53.limit(rate);
      const begin = performance.now();
      const steps = await project.steps(...args);
      const seconds = (performance.now() - begin) / 1000;
      console.log(
        `${COUNT} record sets, ${what}: ${seconds.toFixed(1)} s, ${route53.answered} requests, ` +
          `${route53.refused} more refused, ${steps.length} changes`,
      );
    };
    await plan("nothing is asked for (-refresh=false)", undefined, "-refresh=false");
    for (const [what, rate] of Object.entries(LIMITS)) {
      await plan(what, rate);
    }
  } finally {
    project.remove();
    route53.stop();
  }
}

void measure();
