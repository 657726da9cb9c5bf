import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, S3Backend, TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  BackupMx,
  Certificate,
  Logs,
  Monitoring,
  Network,
  OutboundPort25,
  PrimaryTls,
  RecipientVerification,
  Resolver,
  Route53Zone,
  Scanner,
  SessionManager,
} from "../../lib";

/** A backup MX with every feature. */
class CompleteStack extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    // A team shares the state. The lock keeps two of them from deploying at once.
    new S3Backend(this, {
      bucket: "example-terraform-state",
      key: `${id}.tfstate`,
      region: "eu-central-1",
      encrypt: true,
    });
    this.addOverride("terraform.backend.s3.use_lockfile", true);
    new AwsProvider(this, "Aws", {
      region: "eu-central-1",
      defaultTags: [{ tags: { service: "backup-mx" } }],
    });
    // The probe from outside has its figures and its alarm in this region alone.
    const virginia = new AwsProvider(this, "Virginia", { region: "us-east-1", alias: "us-east-1" });

    const zone = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ", {
      ttl: 3600,
      zoneName: "example.com",
      // The MX records of the primaries are there already.
      importMx: true,
    });
    const mx = new BackupMx(this, "Mx2", {
      hostname: "mx2.example.com",
      domains: [
        {
          name: "example.com",
          primaries: [
            { hostname: "mx1.example.com", preference: 10, tls: PrimaryTls.dane() },
            { hostname: "mx3.example.com", preference: 20, port: 2525, tls: PrimaryTls.verify() },
          ],
          recipients: RecipientVerification.listThenCallOut(["postmaster@example.com"]),
          backupPreference: 90,
          zone,
        },
      ],
      postmaster: "ops@example.org",
      maximalQueueLifetime: "30d",
      postscreenDnsblSites: ["zen.example.org*2", "bl.example.org*1"],
      postscreenDnsblThreshold: 2,
      resolver: Resolver.local({ privateZones: ["corp.example"] }),
      scanner: Scanner.mailScanner({
        clamAv: true,
        settings: { "Required SpamAssassin Score": "5" },
      }),
      postfixSettings: { smtp_tls_loglevel: "1" },

      network: Network.own("10.25.0.0/28", { availabilityZone: "eu-central-1a" }),
      instanceType: "t4g.medium",
      queueVolumeSize: 50,
      queueSnapshots: 7,
      kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
      outboundPort25: OutboundPort25.requested({ withholdMx: true }),
      certificate: Certificate.acme({ zone, email: "ops@example.org" }),
      monitoring: Monitoring.toEmail("ops@example.org", {
        dashboard: true,
        outsideProbe: { provider: virginia },
      }),
      logs: Logs.toLogGroup({ retentionInDays: 90 }),
      sessionManager: SessionManager.install(),
      restartTime: "03:30",
    });

    new TerraformOutput(this, "Address", { value: mx.publicIp });
    new TerraformOutput(this, "MtaStsPolicies", { value: mx.mtaStsPolicies });
  }
}

const app = new App();
new CompleteStack(app, "backup-mx-complete");
app.synth();
