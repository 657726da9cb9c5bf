export { AcmeServer } from "./aws/acme-server";
export { Aws, type AwsAnswer, type AwsRequest, type AwsService } from "./aws/aws";
export { Bucket } from "./aws/bucket";
export { CloudWatch, type Datum } from "./aws/cloudwatch";
export { CloudWatchLogs } from "./aws/cloudwatch-logs";
export {
  archivedFiles,
  type DeployedHost,
  deployedHost,
  QUEUE_DEVICE,
  QUEUE_VOLUME,
  readConfiguration,
  type SynthesizedStack,
  synthesized,
  type WrittenFile,
  writtenFiles,
} from "./aws/deployed-stack";
export { Route53, ZONE } from "./aws/route53";
export { type DnsRecords, DnsServer } from "./dns/dns-server";
export { SignedDns } from "./dns/signed-dns";
export { ValidatingResolver } from "./dns/validating-resolver";
export { DebianImage, type Suite } from "./machine/debian-image";
export { Disk } from "./machine/disk";
export { changeSetting } from "./machine/host-configuration";
export { Machine, type MachineFile } from "./machine/machine";
export { MountNamespace } from "./machine/mount-namespace";
export { UnsafeDisk } from "./machine/unsafe-disk";
export { archive, bomb } from "./mail/archive";
export { EICAR, SIGNATURES } from "./mail/clamav-signatures";
export { Crowd } from "./mail/crowd";
export { Judge, type JudgeSection } from "./mail/judge";
export { Load, type Outcome } from "./mail/load";
export { message } from "./mail/message";
export { OddPrimary, type Script } from "./mail/odd-primary";
export { Postfix, type QueuedMail } from "./mail/postfix";
export { type Mood, Primary, SLOW_SECONDS } from "./mail/primary";
export { type RawMail, type RawReplies, type RawSending, sendRaw } from "./mail/raw-sender";
export { configure, type RenderedPolicy, renderedPolicy } from "./mail/rendered-policy";
export { type ArrivedMail, Sink } from "./mail/sink";
export {
  SmtpConnection,
  type SmtpDialogue,
  type SmtpReplies,
  type SmtpReply,
  smtp,
} from "./mail/smtp-client";
export { Watch, type WatchSection } from "./mail/watch";
export { DownloadServer } from "./net/download-server";
export { Network, NetworkHost } from "./net/network";
export { PackageMirror } from "./net/package-mirror";
export { eventually } from "./process/eventually";
export { type Execution, execute, succeed } from "./process/execution";
export { Server } from "./process/server";
export { fuse, program, pythonModule, type Requirement, root } from "./requirements";
export { type HostBucket, type HostOptions, HostWorld } from "./worlds/host-world";
export { GOOD, MailHost } from "./worlds/mail-host";
export { PolicyWorld, type PolicyWorldOptions } from "./worlds/policy-world";
