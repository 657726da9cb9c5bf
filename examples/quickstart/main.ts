import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, LocalBackend, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { BackupMx, Route53Zone } from "../../lib";

/** A backup MX for one domain. */
class QuickstartStack extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Beside cdktf.json: the path starts in cdktf.out/stacks/<stack>, and cdktf empties cdktf.out.
    new LocalBackend(this, { path: `../../../terraform.${id}.tfstate` });
    new AwsProvider(this, "Aws", { region: "eu-central-1" });

    new BackupMx(this, "Mx2", {
      hostname: "mx2.example.com",
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com", preference: 10 }],
          zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ"),
        },
      ],
    });
  }
}

const app = new App();
new QuickstartStack(app, "backup-mx");
app.synth();
