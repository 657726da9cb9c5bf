export { type AcmeProps, Certificate, type HostedZone } from "./aws/certificate/certificate";
export { type LogGroupProps, Logs } from "./aws/logs/logs";
export { Monitoring } from "./aws/monitoring/monitoring";
export type { MonitoringProps, OutsideProbeProps } from "./aws/monitoring/monitoring-props";
export { OutboundPort25, type RequestedPort25Props } from "./aws/port-25/outbound-port-25";
export { type LocalResolverProps, Resolver } from "./aws/resolver/resolver";
export type { MailServerProps } from "./aws/server/mail-server";
export { Network, type SubnetProps, type ZoneProps } from "./aws/server/network";
export type { QueueVolumeProps } from "./aws/server/queue-volume";
export { SessionManager, type SessionManagerProps } from "./aws/session-manager/session-manager";
export {
  BackupMx,
  type BackupMxDomain,
  type BackupMxNodeProps,
  type BackupMxProps,
} from "./backup-mx";
export type { HostRecords, IDnsZone, MtaStsPolicy, MxRecordSet } from "./dns/dns-zone";
export { MxRecords } from "./dns/mx-records";
export { Route53Zone, type Route53ZoneProps } from "./dns/route53-zone";
export type { FeatureProps } from "./features";
export type { UpkeepProps } from "./host/upkeep/upkeep";
export type { MailDomainProps, MailExchange, PrimaryProps } from "./mail/mail-domain";
export type { MailPolicyProps } from "./mail/mail-policy";
export { PrimaryTls } from "./mail/postfix/primary-tls";
export {
  type CallOutOptions,
  RecipientVerification,
  WhenUnreachable,
} from "./mail/recipients/recipient-verification";
export type { MailScannerProps } from "./mail/scanner/mailscanner";
export type { RspamdProps } from "./mail/scanner/rspamd";
export { Scanner } from "./mail/scanner/scanner";
export type { ScannerProps } from "./mail/scanner/scanner-props";
export { MailNode, type MailNodeProps } from "./mail-node";
