import { join } from "node:path";
import { BackupMx, type BackupMxProps, Network, RecipientVerification } from "../../../../lib";
import { newStack, only, synthesize } from "../../../support/stack";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const FROM_FILE = {
  name: "example.com",
  primaries: [{ hostname: "mx1.example.com" }],
  recipients: RecipientVerification.listFile(join(__dirname, "../../../support/recipients.txt")),
};

function resources(props: Partial<BackupMxProps> = {}) {
  const stack = newStack();
  new BackupMx(stack, "Mx2", { hostname: "mx2.example.net", domains: [FROM_FILE], ...props });
  const json = synthesize(stack);
  return { ...json.resource, userData: Object.values<string>(json.locals)[0] };
}

describe("a list of recipients from a file", () => {
  test("is an object of a bucket; what is special to Terraform is none of its business", () => {
    const { aws_s3_object } = resources();
    expect(only({ aws_s3_object }, "aws_s3_object").content).toBe(
      "a$${b}c@example.com\ninfo@example.com\nsales@example.com\n# 3 recipients\n",
    );
  });

  test("is in no user data, which know its place", () => {
    const { userData } = resources();
    expect(userData).not.toContain("sales@");
    expect(userData).toMatch(
      /RECIPIENTS_URL='https:\/\/\$\{aws_s3_bucket\.\w+\.bucket_regional_domain_name\}\/\$\{aws_s3_object\.\w+\.key\}'/,
    );
  });

  const rights = (props: Partial<BackupMxProps> = {}) =>
    JSON.parse(only(resources(props), "aws_iam_role_policy").policy).Statement;
  const object = expect.stringMatching(/^\$\{aws_s3_bucket\.\w+\.arn\}\/recipients$/);

  test("may be read by the instance, and nothing else of S3", () => {
    expect(rights()).toEqual([
      { Sid: "ReadRecipients", Effect: "Allow", Action: ["s3:GetObject"], Resource: object },
    ]);
  });

  test("may be decrypted by it where a key is given, and nothing else by that key", () => {
    expect(rights({ kmsKeyArn: KEY })[1]).toEqual({
      Sid: "DecryptRecipients",
      Effect: "Allow",
      Action: ["kms:Decrypt"],
      Resource: KEY,
      Condition: { StringEquals: { "kms:EncryptionContext:aws:s3:arn": object } },
    });
  });

  test("makes one bucket for all domains of a node, and each node has its own", () => {
    const example = { ...FROM_FILE, name: "example.org" };
    const recipients = RecipientVerification.listFileThenCallOut("/dev/null");
    const domains = [FROM_FILE, { ...example, recipients }];
    expect(Object.keys(resources({ domains }).aws_s3_bucket)).toHaveLength(1);
    const nodes = [
      {
        hostname: "mx3.example.net",
        network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
      },
    ];
    expect(Object.keys(resources({ domains, nodes }).aws_s3_bucket)).toHaveLength(2);
  });

  test("without one there is no bucket, and nothing of it on the host", () => {
    const recipients = RecipientVerification.list(["info@example.com"]);
    const { aws_s3_bucket, aws_iam_role_policy, userData } = resources({
      domains: [{ ...FROM_FILE, recipients }],
    });
    expect([aws_s3_bucket, aws_iam_role_policy]).toEqual([undefined, undefined]);
    expect(userData).not.toMatch(/backup-mx-recipients|s3/);
  });
});
