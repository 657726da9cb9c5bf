import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, LocalBackend, TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { BackupMx, type HostRecords, type IDnsZone, type MxRecordSet } from "../../lib";

/**
 * A zone that Terraform cannot change: its records go to outputs, as lines of a zone file, and a
 * person or a program publishes them.
 *
 * For a DNS service that has a Terraform provider, make its resource in the place of the output. A
 * service that keeps all records of a name as one set, as Route 53 does, is given all exchanges. A
 * service that keeps single records is given the last one alone: it has those of the primaries.
 */
class ZoneFile implements IDnsZone {
  bindHost(scope: Construct, { hostname, ipv4Address }: HostRecords): void {
    new TerraformOutput(scope, "A", { value: `${hostname}. 3600 IN A ${ipv4Address}` });
  }

  bindMx(scope: Construct, { name, exchanges }: MxRecordSet): void {
    new TerraformOutput(scope, "MX", {
      value: exchanges.map(
        ({ preference, hostname }) => `${name}. 3600 IN MX ${preference} ${hostname}.`,
      ),
    });
  }

  releaseMx(): void {
    // There is nothing that Terraform could delete.
  }
}

/** A backup MX whose domain is in a DNS service of the user's own. */
class OwnDnsStack extends TerraformStack {
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
          primaries: [{ hostname: "mx1.example.com" }],
          zone: new ZoneFile(),
        },
      ],
      // AWS looks the A record up, and refuses while it is not published. Then set it to true.
      reverseDns: false,
    });
  }
}

const app = new App();
new OwnDnsStack(app, "backup-mx-own-dns");
app.synth();
