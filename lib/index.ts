export type { MailServerProps } from "./aws/mail-server";
export { BackupMx, type BackupMxDomain, type BackupMxProps } from "./backup-mx";
export type { HostRecords, IDnsZone, MxRecordSet } from "./dns/dns-zone";
export { Route53Zone, type Route53ZoneProps } from "./dns/route53-zone";
export type { MailDomainProps, MailExchange, PrimaryProps } from "./mail/mail-domain";
export type { MailPolicyProps } from "./mail/mail-policy";
export { MailScanner, type MailScannerProps } from "./mail/mailscanner";
export { PrimaryTls } from "./mail/primary-tls";
export {
  type CallOutOptions,
  RecipientVerification,
  WhenUnreachable,
} from "./mail/recipient-verification";
