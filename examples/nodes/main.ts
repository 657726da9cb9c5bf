import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, LocalBackend, TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { BackupMx, Network, Route53Zone } from "../../lib";

/** A backup MX of three hosts: two in different zones of one region, one in another region. */
class NodesStack extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Beside cdktf.json: the path starts in cdktf.out/stacks/<stack>, and cdktf empties cdktf.out.
    new LocalBackend(this, { path: `../../../terraform.${id}.tfstate` });
    new AwsProvider(this, "Frankfurt", { region: "eu-central-1" });
    const ireland = new AwsProvider(this, "Ireland", { region: "eu-west-1", alias: "ireland" });

    const mx = new BackupMx(this, "Mx2", {
      hostname: "mx2.example.com",
      network: Network.defaultVpc({ availabilityZone: "eu-central-1a" }),
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com" }],
          zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ"),
        },
      ],
      nodes: [
        {
          hostname: "mx3.example.com",
          network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
        },
        {
          hostname: "mx4.example.com",
          provider: ireland,
          // Senders try it last.
          preferenceIncrement: 10,
        },
      ],
    });

    // The addresses that the primary gets its mail from, for its firewall and its spam filter.
    new TerraformOutput(this, "Addresses", {
      value: [mx, ...mx.furtherNodes].map(({ publicIp }) => publicIp),
    });
  }
}

const app = new App();
new NodesStack(app, "backup-mx-nodes");
app.synth();
