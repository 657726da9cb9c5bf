import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import { BackupMx, Route53Zone } from "../lib";

// How long it takes to synthesize a stack with so many backups.
for (const count of [1, 10, 100]) {
  const stack = new TerraformStack(Testing.app(), "bench");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  const begin = performance.now();
  for (let index = 0; index < count; index++) {
    new BackupMx(stack, `Mx${index}`, {
      hostname: `mx${index}.example.net`,
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com" }],
          zone: Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ"),
        },
      ],
    });
  }
  Testing.synth(stack, true);
  const milliseconds = Math.round(performance.now() - begin);
  console.log(`${count} backups: ${milliseconds} ms`);
}
