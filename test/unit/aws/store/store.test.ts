import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerraformOutput } from "cdktf";
import { deployedText } from "../../../../lab/aws/deployed-stack";
import {
  BackupMx,
  type BackupMxProps,
  Certificate,
  Network,
  RecipientVerification,
  Route53Zone,
  Scanner,
} from "../../../../lib";
import { hostPrograms } from "../../../../lib/programs";
import { backup } from "../../../support/backup";
import { factsOf, hostOf } from "../../../support/host-files";
import { EVERYTHING } from "../../../support/props";
import { newStack, only, synthesize } from "../../../support/stack";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const PRIMARIES = [{ hostname: "mx1.example.com" }];
const PROGRAMS = `programs/${hostPrograms().sha256}`;

const resources = (props: Partial<BackupMxProps> = {}) => backup(props).resource;

interface Block {
  readonly bucket: string;
  readonly key: string;
  readonly content?: string;
  readonly source?: string;
  readonly depends_on: string[];
  readonly [attribute: string]: unknown;
}

/** The objects in the bucket, by key. */
const objectsOf = (props: Partial<BackupMxProps> = {}): { readonly [key: string]: Block } =>
  Object.fromEntries(
    Object.values<Block>(resources(props).aws_s3_object).map((object) => [object.key, object]),
  );

describe("the bucket of a host", () => {
  test("is private, encrypted and versioned, with an end for what is old", () => {
    const resource = resources();
    const [bucket] = Object.keys(resource.aws_s3_bucket);
    const about = (type: string) => {
      const block = only(resource, type);
      expect(block.bucket).toBe(`\${aws_s3_bucket.${bucket}.id}`);
      return block;
    };
    expect(only(resource, "aws_s3_bucket")).toMatchObject({
      bucket_prefix: "backup-mx-",
      // Every deployment can make anew what is in it.
      force_destroy: true,
      tags: { Name: "mx2.example.com" },
    });
    expect(about("aws_s3_bucket_public_access_block")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(about("aws_s3_bucket_versioning").versioning_configuration.status).toBe("Enabled");
    expect(about("aws_s3_bucket_lifecycle_configuration").rule[0]).toMatchObject({
      status: "Enabled",
      noncurrent_version_expiration: [{ noncurrent_days: 30 }],
    });
    const { rule } = about("aws_s3_bucket_server_side_encryption_configuration");
    expect(rule[0].apply_server_side_encryption_by_default).toEqual({ sse_algorithm: "AES256" });
  });

  test("is encrypted by a key of the user's", () => {
    const { rule } = only(
      resources({ kmsKeyArn: KEY }),
      "aws_s3_bucket_server_side_encryption_configuration",
    );
    expect(rule[0].apply_server_side_encryption_by_default).toEqual({
      sse_algorithm: "aws:kms",
      kms_master_key_id: KEY,
    });
  });

  test("answers over TLS alone", () => {
    const resource = resources();
    const [bucket] = Object.keys(resource.aws_s3_bucket);
    const arn = `\${aws_s3_bucket.${bucket}.arn}`;
    expect(JSON.parse(only(resource, "aws_s3_bucket_policy").policy).Statement).toEqual([
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ]);
  });

  test("is made for each node, in its place", () => {
    const nodes = [
      {
        hostname: "mx3.example.com",
        network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
      },
    ];
    const { aws_s3_bucket, aws_s3_object } = resources({ nodes });
    expect(
      Object.values<{ tags: { Name: string } }>(aws_s3_bucket)
        .map(({ tags }) => tags.Name)
        .sort(),
    ).toEqual(["mx2.example.com", "mx3.example.com"]);
    expect(Object.keys(aws_s3_object)).toHaveLength(4);
  });
});

describe("what is in the bucket", () => {
  test("are the programs, by their checksum, and the configuration", () => {
    expect(Object.keys(objectsOf()).sort()).toEqual(["configuration", PROGRAMS]);
    expect(Object.keys(objectsOf(EVERYTHING)).sort()).toEqual(["configuration", PROGRAMS]);
  });

  // Terraform takes time by the square of the length of a text.
  test("is handed to Terraform in pieces, which make the programs again", () => {
    const { locals, resource } = backup({});
    const pieces: string[] = locals.mx2_example_com_Store_ProgramText;
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(40_000);
    const { content } = resource.aws_s3_object.mx2_example_com_Store_Programs;
    const text = deployedText(content, locals, () => undefined);
    expect(text).toBe(hostPrograms().text);
  });

  test("is put there only when the bucket is what it has to be", () => {
    const resource = resources();
    const before = [
      "aws_s3_bucket_server_side_encryption_configuration",
      "aws_s3_bucket_versioning",
      "aws_s3_bucket_policy",
    ].map((type) => `${type}.${Object.keys(resource[type])[0]}`);
    for (const { depends_on } of Object.values(objectsOf())) {
      expect([...depends_on].sort()).toEqual([...before].sort());
    }
  });

  test("the configuration is readable line by line in what is synthesized", () => {
    const { locals } = backup({
      domains: [
        {
          name: "example.com",
          primaries: PRIMARIES,
          recipients: RecipientVerification.list(["info@example.com", `a\${b}@example.com`]),
        },
      ],
    });
    const name = "mx2_example_com_Store_Content";
    const configuration: { postfix: { recipients: object } } = locals[name];
    expect(objectsOf().configuration.content).toBe(`\${jsonencode(local.${name})}`);
    expect(configuration).toMatchObject({
      hostname: "mx2.example.com",
      postfix: {
        "main.cf": expect.arrayContaining([
          "myhostname = mx2.example.com",
          expect.stringMatching(/^proxy_interfaces = \$\{aws_eip\.\w+\.public_ip\}$/),
        ]),
      },
    });
    expect(Object.values(configuration.postfix.recipients).flat().sort()).toEqual([
      // As Terraform has to be given it.
      `a$\${b}@example.com OK`,
      "abuse@example.com OK",
      "example.com 550 5.1.1 Address lookup failed",
      "info@example.com OK",
      "postmaster@example.com OK",
    ]);
  });

  test("the instance waits for it, and for the right to read it", () => {
    const resource = resources();
    const { depends_on } = only(resource, "aws_instance");
    expect(depends_on).toEqual(
      expect.arrayContaining([
        ...Object.keys(resource.aws_s3_object).map((name) => `aws_s3_object.${name}`),
        ...Object.keys(resource.aws_iam_role_policy).map((name) => `aws_iam_role_policy.${name}`),
      ]),
    );
    expect(Object.keys(resource.aws_s3_object)).toHaveLength(2);
  });

  test("is told by its checksum, known when it is deployed", () => {
    const stack = newStack();
    const mx = new BackupMx(stack, "Mx2", {
      hostname: "mx2.example.com",
      domains: [{ name: "example.com", primaries: PRIMARIES }],
    });
    new TerraformOutput(stack, "live", { value: mx.configurationSha256 });
    expect(synthesize(stack).output.live.value).toBe(
      `\${sha256(jsonencode(local.mx2_example_com_Store_Content))}`,
    );
  });
});

describe("the role of the host", () => {
  const statements = (props: Partial<BackupMxProps> = {}) => {
    const resource = resources(props);
    const [bucket] = Object.keys(resource.aws_s3_bucket);
    const keys = Object.entries<Block>(resource.aws_s3_object).map(
      ([name]) => `\${aws_s3_bucket.${bucket}.arn}/\${aws_s3_object.${name}.key}`,
    );
    const store = Object.values<{ policy: string }>(resource.aws_iam_role_policy)
      .flatMap(({ policy }) => JSON.parse(policy).Statement)
      .filter(({ Action }) => Action.some((action: string) => /^(s3|kms):/.test(action)));
    const [{ Resource }] = store;
    expect([...Resource].sort()).toEqual(keys.sort());
    return { keys: Resource, store };
  };

  test("may read these objects, and nothing else of S3", () => {
    const { keys, store } = statements();
    expect(store).toEqual([
      { Sid: "ReadStore", Effect: "Allow", Action: ["s3:GetObject"], Resource: keys },
    ]);
    expect(keys).toHaveLength(2);
  });

  test("may have them decrypted where a key is given, and nothing else by that key", () => {
    const { keys, store } = statements({ kmsKeyArn: KEY });
    expect(store.slice(1)).toEqual([
      {
        Sid: "DecryptStore",
        Effect: "Allow",
        Action: ["kms:Decrypt"],
        Resource: KEY,
        Condition: { StringEquals: { "kms:EncryptionContext:aws:s3:arn": keys } },
      },
    ]);
  });

  test("is told what of AWS it may use by policies of their own", () => {
    const zone = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ");
    const { store } = statements({ certificate: Certificate.acme({ zone }) });
    expect(store).toHaveLength(1);
  });
});

describe("a package that lies beside the stack", () => {
  const folder = mkdtempSync(join(tmpdir(), "package-"));
  const file = join(folder, "MailScanner.deb");
  const CONTENT = "!<arch>\ndebian-binary   the rest\n";
  writeFileSync(file, CONTENT);
  afterAll(() => rmSync(folder, { recursive: true }));

  const scanner = () => Scanner.mailScanner({ packageFile: file });

  test("goes into the bucket by its checksum, and the host is told the key", () => {
    const key = Object.keys(objectsOf({ scanner: scanner() })).find((name) =>
      name.startsWith("packages/"),
    );
    expect(key).toMatch(/^packages\/[0-9a-f]{64}\.deb$/);
    expect(factsOf({ scanner: scanner() }).downloads).toEqual({
      mailscanner: { key, sha256: key?.slice("packages/".length, -".deb".length) },
    });
  });

  test("is uploaded as a file, and once: what lies under a checksum never changes", () => {
    const objects = objectsOf({ scanner: scanner() });
    const [, object] = Object.entries(objects).find(([key]) => key.startsWith("packages/")) ?? [];
    expect(object).toMatchObject({
      source: expect.stringMatching(/MailScanner\.deb$/),
      lifecycle: { ignore_changes: ["source"] },
    });
    expect(object).not.toHaveProperty("content");
  });

  test("may be read by the host, which waits for it", () => {
    const resource = resources({ scanner: scanner() });
    const names = Object.keys(resource.aws_s3_object);
    expect(names).toHaveLength(3);
    const { policy } = only(resource, "aws_iam_role_policy");
    for (const name of names) {
      expect(policy).toContain(`\${aws_s3_object.${name}.key}`);
      expect(only(resource, "aws_instance").depends_on).toContain(`aws_s3_object.${name}`);
    }
  });

  test("with other content makes another version", () => {
    const before = factsOf({ scanner: scanner() });
    writeFileSync(file, `${CONTENT}more`);
    const after = factsOf({ scanner: scanner() });
    writeFileSync(file, CONTENT);
    expect(after.version).not.toBe(before.version);
    expect(after.downloads).not.toEqual(before.downloads);
    expect(hostOf({ scanner: scanner() }).userData).toContain(before.version);
  });
});
