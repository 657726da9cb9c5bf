import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackupMx, Network, OutboundPort25, RecipientVerification } from "../../lib";
import { describeWith, program } from "../support/requirements";
import { newStack, synthesize } from "../support/stack";
import { awsProvider, forgetProviders } from "../support/terraform";
import { changes, TerraformProject } from "../support/terraform-project";

describeWith(
  [program("terraform", "terraform, from hashicorp.com"), awsProvider],
  "a list of recipients from a file, planned by Terraform and its AWS provider",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "recipients-"));
    const project = new TerraformProject();

    const configuration = (users: string[]) => {
      const file = join(folder, "recipients.txt");
      writeFileSync(file, users.join("\n"));
      const stack = newStack();
      new BackupMx(stack, "Mx2", {
        hostname: "mx2.example.com",
        amiId: "ami-0123456789abcdef0",
        network: Network.defaultVpc({ availabilityZone: "eu-central-1a" }),
        outboundPort25: OutboundPort25.granted(),
        kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        domains: [
          {
            name: "example.com",
            primaries: [{ hostname: "mx1.example.com" }],
            recipients: RecipientVerification.listFile(file),
          },
        ],
      });
      return synthesize(stack);
    };

    afterAll(() => {
      project.remove();
      forgetProviders();
      rmSync(folder, { recursive: true });
    });

    test("a changed list changes the object and nothing else: no new instance", async () => {
      project.configure(configuration(["info@example.com", `a\${b}c@example.com`]));
      expect(await project.run("validate", "-no-color")).toContain("The configuration is valid.");
      const first = changes(await project.plan());
      expect(new Set(first.map(({ change }) => change.actions.join()))).toEqual(
        new Set(["create"]),
      );
      const [object] = first.filter(({ type }) => type === "aws_s3_object");
      expect(object.change.after.content).toBe(
        `a\${b}c@example.com\ninfo@example.com\n# 2 recipients\n`,
      );
      await project.applyMocked();
      expect(await project.steps("-refresh=false")).toEqual([]);
      project.configure(configuration(["info@example.com", "late@example.com"]));
      expect(await project.steps("-refresh=false")).toEqual([
        expect.stringMatching(/^update aws_s3_object\.\w+$/),
      ]);
    });
  },
);
