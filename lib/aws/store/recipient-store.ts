import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { S3Object } from "@cdktf/provider-aws/lib/s3-object";
import { Lazy } from "cdktf";
import { Construct } from "constructs";
import { addressed } from "../../terraform/address";
import type { Statement } from "../server/instance-role";
import { terraformLiteral } from "../server/user-data";

/** What is stored, and how. */
export interface RecipientStoreProps {
  /** The value of the Name tag. */
  readonly name: string;
  /** The KMS key that encrypts it. @default - the key of S3 */
  readonly kmsKeyArn?: string;
  /** Produces the list at synthesis, when every domain is known. */
  readonly list: () => string;
}

/**
 * A private bucket with one object, the list of recipients. The list is made anew from its files by
 * every deployment, so the bucket may go with all that is in it.
 */
export class RecipientStore extends Construct {
  private readonly bucket: S3Bucket;
  private readonly object: S3Object;
  private readonly kmsKeyArn?: string;

  constructor(scope: Construct, id: string, { name, kmsKeyArn, list }: RecipientStoreProps) {
    super(scope, id);
    this.kmsKeyArn = kmsKeyArn;
    this.bucket = addressed(
      new S3Bucket(this, "Resource", {
        bucketPrefix: "backup-mx-",
        forceDestroy: true,
        tags: { Name: `${name} recipients` },
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
            id: "old-lists",
            status: "Enabled",
            filter: [{ prefix: "" }],
            noncurrentVersionExpiration: [{ noncurrentDays: 30 }],
            abortIncompleteMultipartUpload: [{ daysAfterInitiation: 1 }],
          },
        ],
        dependsOn: [versioning],
      }),
    );
    this.object = addressed(
      new S3Object(this, "List", {
        bucket,
        key: "recipients",
        content: Lazy.stringValue({ produce: () => terraformLiteral(list()) }),
        contentType: "text/plain",
        dependsOn: [encryption, versioning, tls],
      }),
    );
  }

  /** Where the host finds the list. Whoever refers to it waits until the list is there. */
  get url(): string {
    return `https://${this.bucket.bucketRegionalDomainName}/${this.object.key}`;
  }

  /** To read this one object. */
  rights(): Statement[] {
    const object = `${this.bucket.arn}/recipients`;
    return [
      { Sid: "ReadRecipients", Effect: "Allow", Action: ["s3:GetObject"], Resource: object },
      ...(this.kmsKeyArn === undefined
        ? []
        : [
            {
              Sid: "DecryptRecipients",
              Effect: "Allow",
              Action: ["kms:Decrypt"],
              Resource: this.kmsKeyArn,
              Condition: { StringEquals: { "kms:EncryptionContext:aws:s3:arn": object } },
            } as const,
          ]),
    ];
  }
}
