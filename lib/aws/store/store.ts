import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { S3Object, type S3ObjectConfig } from "@cdktf/provider-aws/lib/s3-object";
import { AssetType, type ITerraformDependable, Lazy, TerraformAsset, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { type HostFile, pythonModule } from "../../host/host-file";
import { packageKey } from "../../host/host-part";
import type { Configuration } from "../../host/mail-host";
import type { Programs } from "../../host/programs";
import type { PackageFile } from "../../input/debian-package";
import { addressed } from "../../terraform/address";
import { terraformLiteral, terraformLiterals } from "../../terraform/literal";
import type { Statement } from "../server/instance-role";

/** Fetches the programs of a host. It lies in the user data. */
export const BOOT_FILES: readonly HostFile[] = [pythonModule(__dirname, "boot")];

export const STORE_FILES: readonly HostFile[] = [pythonModule(__dirname, "store")];

/** Where the entry of the next file begins in the text of the programs. */
const BEFORE_FILE = /(?<=\n)(?= "\/)/;

/** What is stored, and how. */
export interface StoreProps {
  /** The value of the Name tag. */
  readonly name: string;
  /** The KMS key that encrypts it. @default - the key of S3 */
  readonly kmsKeyArn?: string;
  readonly programs: Programs;
  /** Debian packages that lie beside the stack, by the name of what they bring. */
  readonly packages: { readonly [name: string]: PackageFile | undefined };
  /** Produces the configuration at synthesis, when every domain is known. */
  readonly configuration: () => Configuration;
}

/**
 * A private bucket with what a host runs: its programs, under their checksum, and its
 * configuration, which the host looks at while it runs. Every deployment can make them anew, so the
 * bucket may go with all that is in it.
 */
export class Store extends Construct {
  private readonly bucket: S3Bucket;
  private readonly objects: S3Object[] = [];
  private readonly kmsKeyArn?: string;
  private readonly ready: ITerraformDependable[];
  private readonly configuration: TerraformLocal;

  constructor(scope: Construct, id: string, props: StoreProps) {
    super(scope, id);
    const { name, kmsKeyArn } = props;
    this.kmsKeyArn = kmsKeyArn;
    this.bucket = addressed(
      new S3Bucket(this, "Resource", {
        bucketPrefix: "backup-mx-",
        forceDestroy: true,
        tags: { Name: name },
      }),
    );
    const bucket = this.bucket.id;
    const access = addressed(
      new S3BucketPublicAccessBlock(this, "PublicAccessBlock", {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      }),
    );
    const encryption = addressed(
      new S3BucketServerSideEncryptionConfigurationA(this, "Encryption", {
        bucket,
        rule: [
          {
            applyServerSideEncryptionByDefault: {
              sseAlgorithm: kmsKeyArn === undefined ? "AES256" : "aws:kms",
              kmsMasterKeyId: kmsKeyArn,
            },
          },
        ],
      }),
    );
    const versioning = addressed(
      new S3BucketVersioningA(this, "Versioning", {
        bucket,
        versioningConfiguration: { status: "Enabled" },
      }),
    );
    const tls = addressed(
      new S3BucketPolicy(this, "Policy", {
        bucket,
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "TlsOnly",
              Effect: "Deny",
              Principal: "*",
              Action: "s3:*",
              Resource: [this.bucket.arn, `${this.bucket.arn}/*`],
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ],
        }),
        // Two changes of a bucket's access at once fail.
        dependsOn: [access],
      }),
    );
    addressed(
      new S3BucketLifecycleConfiguration(this, "Lifecycle", {
        bucket,
        rule: [
          {
            id: "old-versions",
            status: "Enabled",
            filter: [{ prefix: "" }],
            noncurrentVersionExpiration: [{ noncurrentDays: 30 }],
            abortIncompleteMultipartUpload: [{ daysAfterInitiation: 1 }],
          },
        ],
        dependsOn: [versioning],
      }),
    );
    this.ready = [encryption, versioning, tls];
    const { text, sha256 } = props.programs;
    // File by file: Terraform takes twenty seconds to read one literal of all of them.
    const pieces = text.split(BEFORE_FILE).map(terraformLiteral);
    const programs = addressed(new TerraformLocal(this, "ProgramText", pieces));
    this.add("Programs", `programs/${sha256}`, { content: `\${join("", ${programs.fqn})}` });
    for (const [name, file] of Object.entries(props.packages)) {
      if (file !== undefined) {
        this.addPackage(name, file);
      }
    }
    // A local value: line by line in what is synthesized, and in the plan.
    this.configuration = addressed(
      new TerraformLocal(
        this,
        "Content",
        Lazy.anyValue({ produce: () => terraformLiterals(props.configuration()) }),
      ),
    );
    this.add("Configuration", "configuration", {
      content: `\${jsonencode(${this.configuration.fqn})}`,
    });
  }

  /** Where the host finds the objects. */
  get url(): string {
    return `https://${this.bucket.bucketRegionalDomainName}`;
  }

  /** The checksum by which the host tells which configuration is live. */
  get configurationSha256(): string {
    return `\${sha256(jsonencode(${this.configuration.fqn}))}`;
  }

  /** What must be there before the host asks for it. */
  get contents(): ITerraformDependable[] {
    return [...this.objects];
  }

  /** To read these objects and nothing else. */
  rights(): Statement[] {
    const objects = this.objects.map(({ key }) => `${this.bucket.arn}/${key}`);
    return [
      { Sid: "ReadStore", Effect: "Allow", Action: ["s3:GetObject"], Resource: objects },
      ...(this.kmsKeyArn === undefined
        ? []
        : [
            {
              Sid: "DecryptStore",
              Effect: "Allow",
              Action: ["kms:Decrypt"],
              Resource: this.kmsKeyArn,
              Condition: { StringEquals: { "kms:EncryptionContext:aws:s3:arn": objects } },
            } as const,
          ]),
    ];
  }

  private addPackage(name: string, { path, sha256 }: PackageFile): void {
    const { path: source } = new TerraformAsset(this, name, { path, type: AssetType.FILE });
    this.add(`${name}Package`, packageKey(sha256), {
      source,
      // Where the file lies follows from the place of the construct; what is in it, from the key.
      lifecycle: { ignoreChanges: ["source"] },
    });
  }

  private add(id: string, key: string, content: Partial<S3ObjectConfig>): void {
    this.objects.push(
      addressed(
        new S3Object(this, id, {
          bucket: this.bucket.id,
          key,
          dependsOn: this.ready,
          ...content,
        }),
      ),
    );
  }
}
