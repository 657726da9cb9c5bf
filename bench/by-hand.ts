import { DataAwsEc2InstanceTypeOfferings } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type-offerings";
import { DataAwsSsmParameter } from "@cdktf/provider-aws/lib/data-aws-ssm-parameter";
import { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { EipAssociation } from "@cdktf/provider-aws/lib/eip-association";
import { EipDomainName } from "@cdktf/provider-aws/lib/eip-domain-name";
import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { S3Object } from "@cdktf/provider-aws/lib/s3-object";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VolumeAttachment } from "@cdktf/provider-aws/lib/volume-attachment";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { DataResource, Fn, TerraformLocal, type TerraformStack } from "cdktf";

/** What is different from backup to backup. */
export interface ByHandProps {
  readonly hostname: string;
  readonly domain: string;
  readonly zoneId: string;
  /** User data that are there already, as a file beside a stack that somebody wrote by hand. */
  readonly userData: string;
  /** The programs of the host, the same. */
  readonly programs: string;
  /** The configuration of the host, the same. */
  readonly configuration: object;
}

/** The resources of a backup with every default, as somebody writes them without the library. */
export function byHand(stack: TerraformStack, id: string, props: ByHandProps): void {
  const { hostname, domain, zoneId } = props;
  const instanceType = "t4g.small";
  const tags = { Name: hostname };
  new DataResource(stack, `${id}Name`, {
    input: { hostname },
    lifecycle: { preventDestroy: true },
  });
  const zones = new DataAwsEc2InstanceTypeOfferings(stack, `${id}Zones`, {
    locationType: "availability-zone",
    filter: [{ name: "instance-type", values: [instanceType] }],
  });
  const availabilityZone = Fn.element(Fn.sort(zones.locations), 0);
  const image = new DataAwsSsmParameter(stack, `${id}Image`, {
    name: "/aws/service/debian/release/13/latest/arm64",
  });
  const group = new SecurityGroup(stack, `${id}Group`, {
    namePrefix: "backup-mx-",
    description: "Backup MX",
    tags,
    lifecycle: { createBeforeDestroy: true },
  });
  const tcp = (port: number) => ({
    securityGroupId: group.id,
    description: "Mail and packages",
    ipProtocol: "tcp",
    fromPort: port,
    toPort: port,
  });
  new VpcSecurityGroupIngressRule(stack, `${id}In4`, { ...tcp(25), cidrIpv4: "0.0.0.0/0" });
  new VpcSecurityGroupIngressRule(stack, `${id}In6`, { ...tcp(25), cidrIpv6: "::/0" });
  for (const port of [25, 80, 443]) {
    new VpcSecurityGroupEgressRule(stack, `${id}Out${port}`, {
      ...tcp(port),
      cidrIpv4: "0.0.0.0/0",
    });
  }
  const eip = new Eip(stack, `${id}Address`, { domain: "vpc", tags });
  const role = new IamRole(stack, `${id}Role`, {
    namePrefix: "backup-mx-",
    assumeRolePolicy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["sts:AssumeRole"],
          Principal: { Service: "ec2.amazonaws.com" },
        },
      ],
    }),
    tags,
  });
  const profile = new IamInstanceProfile(stack, `${id}Profile`, {
    namePrefix: "backup-mx-",
    role: role.name,
    tags,
  });
  const volume = new EbsVolume(stack, `${id}Queue`, {
    availabilityZone,
    size: 20,
    type: "gp3",
    encrypted: true,
    finalSnapshot: true,
    tags,
    lifecycle: { preventDestroy: true, ignoreChanges: ["availability_zone"] },
  });
  const bucket = new S3Bucket(stack, `${id}Store`, {
    bucketPrefix: "backup-mx-",
    forceDestroy: true,
    tags,
  });
  const access = new S3BucketPublicAccessBlock(stack, `${id}StoreAccess`, {
    bucket: bucket.id,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  const encryption = new S3BucketServerSideEncryptionConfigurationA(stack, `${id}StoreEncryption`, {
    bucket: bucket.id,
    rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
  });
  const versioning = new S3BucketVersioningA(stack, `${id}StoreVersioning`, {
    bucket: bucket.id,
    versioningConfiguration: { status: "Enabled" },
  });
  const tls = new S3BucketPolicy(stack, `${id}StorePolicy`, {
    bucket: bucket.id,
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [bucket.arn, `${bucket.arn}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    }),
    dependsOn: [access],
  });
  new S3BucketLifecycleConfiguration(stack, `${id}StoreLifecycle`, {
    bucket: bucket.id,
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
  });
  const configuration = new TerraformLocal(stack, `${id}StoreContent`, {
    ...props.configuration,
    address: eip.publicIp,
  });
  const objects = [
    ["programs", props.programs],
    ["configuration", `\${jsonencode(${configuration.fqn})}`],
  ].map(
    ([key, content]) =>
      new S3Object(stack, `${id}Store_${key}`, {
        bucket: bucket.id,
        key,
        content,
        contentType: "application/json",
        dependsOn: [encryption, versioning, tls],
      }),
  );
  const right = new IamRolePolicy(stack, `${id}StoreRight`, {
    namePrefix: "store-",
    role: role.id,
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["s3:GetObject"],
          Resource: objects.map(({ key }) => `${bucket.arn}/${key}`),
        },
      ],
    }),
  });
  const instance = new Instance(stack, `${id}Instance`, {
    ami: image.insecureValue,
    instanceType,
    availabilityZone,
    vpcSecurityGroupIds: [group.id],
    userData: props.userData
      .replace("VOLUME", volume.id)
      .replace("STORE", bucket.bucketRegionalDomainName),
    userDataReplaceOnChange: true,
    metadataOptions: {
      httpEndpoint: "enabled",
      httpTokens: "required",
      httpPutResponseHopLimit: 1,
    },
    rootBlockDevice: { encrypted: true, volumeType: "gp3", volumeSize: 10, tags },
    iamInstanceProfile: profile.name,
    disableApiTermination: true,
    monitoring: false,
    ebsOptimized: true,
    tags,
    lifecycle: { ignoreChanges: ["ami", "availability_zone"] },
    dependsOn: [...objects, right],
  });
  new EipAssociation(stack, `${id}Association`, { allocationId: eip.id, instanceId: instance.id });
  new VolumeAttachment(stack, `${id}Attachment`, {
    deviceName: "/dev/sdf",
    volumeId: volume.id,
    instanceId: instance.id,
    stopInstanceBeforeDetaching: true,
  });
  const record = { zoneId, ttl: 3600 };
  const a = new Route53Record(stack, `${id}A`, {
    ...record,
    name: hostname,
    type: "A",
    records: [eip.publicIp],
  });
  new Route53Record(stack, `${id}Mx`, {
    ...record,
    name: domain,
    type: "MX",
    records: [`10 mx1.${domain}`, `20 ${hostname}`],
    lifecycle: { preventDestroy: true },
  });
  new EipDomainName(stack, `${id}ReverseDns`, {
    allocationId: eip.id,
    domainName: hostname,
    dependsOn: [a],
  });
}
