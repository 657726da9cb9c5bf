export { type AcmeProps, Certificate, type HostedZone } from "./aws/certificate";
export { type LogGroupProps, Logs } from "./aws/logs";
export type { MailServerProps } from "./aws/mail-server";
export { Monitoring, type MonitoringProps, type OutsideProbeProps } from "./aws/monitoring";
export { OutboundPort25, type RequestedPort25Props } from "./aws/outbound-port-25";
export {
  BackupMx,
  type BackupMxDomain,
  type BackupMxNodeProps,
  type BackupMxProps,
} from "./backup-mx";
export type { HostRecords, IDnsZone, MtaStsPolicy, MxRecordSet } from "./dns/dns-zone";
export { MxRecords } from "./dns/mx-records";
export { Route53Zone, type Route53ZoneProps } from "./dns/route53-zone";
export type { OperationsProps } from "./host/operations";
export { SessionManager, type SessionManagerProps } from "./host/session-manager";
export type { MailDomainProps, MailExchange, PrimaryProps } from "./mail/mail-domain";
export type { MailPolicyProps } from "./mail/mail-policy";
export { MailScanner, type MailScannerProps } from "./mail/mailscanner";
export { PrimaryTls } from "./mail/primary-tls";
export {
  type CallOutOptions,
  RecipientVerification,
  WhenUnreachable,
} from "./mail/recipient-verification";
