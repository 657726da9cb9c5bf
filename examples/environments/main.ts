import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, LocalBackend, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { BackupMx, RecipientVerification, Route53Zone, Scanner } from "../../lib";

/** What differs between the environments; everything else is the same by construction. */
interface Environment {
  readonly domain: string;
  readonly zoneId: string;
  readonly region: string;
  /** Where the primary of the environment listens, if not on port 25. */
  readonly primaryPort?: number;
  readonly instanceType: string;
  readonly clamAv: boolean;
  readonly maximalQueueLifetime: string;
}

const ENVIRONMENTS: { readonly [name: string]: Environment } = {
  dev: {
    domain: "dev.example.com",
    zoneId: "Z0DEV56789ABCDEFGHIJ",
    region: "eu-central-1",
    primaryPort: 2525,
    instanceType: "t4g.small",
    clamAv: false,
    maximalQueueLifetime: "1d",
  },
  staging: {
    domain: "staging.example.com",
    zoneId: "Z0STAGING9ABCDEFGHIJ",
    region: "eu-central-1",
    instanceType: "t4g.medium",
    clamAv: true,
    maximalQueueLifetime: "5d",
  },
  prod: {
    domain: "example.com",
    zoneId: "Z0PROD6789ABCDEFGHIJ",
    region: "eu-west-1",
    instanceType: "t4g.medium",
    clamAv: true,
    maximalQueueLifetime: "21d",
  },
};

/** The backup MX of one environment. */
class BackupMxStack extends TerraformStack {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    const { domain } = environment;
    // Beside cdktf.json: the path starts in cdktf.out/stacks/<stack>, and cdktf empties cdktf.out.
    new LocalBackend(this, { path: `../../../terraform.${id}.tfstate` });
    new AwsProvider(this, "Aws", {
      region: environment.region,
      defaultTags: [{ tags: { service: "backup-mx", stack: id } }],
    });

    new BackupMx(this, "Mx2", {
      hostname: `mx2.${domain}`,
      domains: [
        {
          name: domain,
          primaries: [{ hostname: `mx1.${domain}`, port: environment.primaryPort }],
          recipients: RecipientVerification.listThenCallOut([`postmaster@${domain}`]),
          zone: Route53Zone.fromZoneId(environment.zoneId),
        },
      ],
      instanceType: environment.instanceType,
      scanner: Scanner.mailScanner({ clamAv: environment.clamAv }),
      maximalQueueLifetime: environment.maximalQueueLifetime,
    });
  }
}

const app = new App();
for (const [name, environment] of Object.entries(ENVIRONMENTS)) {
  new BackupMxStack(app, `backup-mx-${name}`, environment);
}
app.synth();
