import {
  type BackupMxDomain,
  type BackupMxProps,
  Certificate,
  Logs,
  Monitoring,
  Network,
  OutboundPort25,
  PrimaryTls,
  RecipientVerification,
  Resolver,
  Route53Zone,
  Scanner,
  SessionManager,
  WhenUnreachable,
} from "../../lib";

/** A zone. */
export const ZONE = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ");
/** The smallest domain. */
export const EXAMPLE: BackupMxDomain = {
  name: "example.com",
  primaries: [{ hostname: "mx1.example.com" }],
  zone: ZONE,
};

/** A backup MX with every default. */
export const DEFAULTS: BackupMxProps = { hostname: "mx2.example.com", domains: [EXAMPLE] };

/** A backup MX with every prop set: the type wants the ones to come as well. */
export const EVERYTHING: Required<BackupMxProps> = {
  hostname: "mx2.example.net",
  zone: Route53Zone.fromZoneId("Z0NET", { ttl: 300 }),
  domains: [
    {
      name: "example.com",
      primaries: [
        { hostname: "mx1.example.com", preference: 5, port: 2525, address: "10.0.0.5" },
        {
          hostname: "mx3.example.com",
          preference: 7,
          address: "2001:db8::5",
          tls: PrimaryTls.encrypt(),
        },
      ],
      recipients: RecipientVerification.list(["info@example.com", "o'neill@example.com"]),
      backupPreference: 90,
      zone: Route53Zone.fromZoneId("Z0COM", { ttl: 600 }),
    },
    {
      name: "bücher.example",
      primaries: [{ hostname: "mx1.example.com" }],
      recipients: RecipientVerification.listThenCallOut(["info@bücher.example"]),
    },
    {
      name: "example.org",
      primaries: [{ hostname: "mx1.example.com" }],
      recipients: RecipientVerification.none(),
    },
    {
      name: "example.info",
      primaries: [{ hostname: "mx1.example.com" }],
      recipients: RecipientVerification.callOut({ whenUnreachable: WhenUnreachable.DEFER }),
      zone: ZONE,
    },
  ],
  postmaster: "ops@example.org",
  relayhost: "[smtp.example.org]:587",
  maximalQueueLifetime: "30d",
  bounceQueueLifetime: "2d",
  refusedQueueLifetime: "3d",
  nonDeliveryReports: "never",
  unverifiedRecipientRejectReason: "No such user here",
  unverifiedRecipientRejectCode: 553,
  unverifiedRecipientDeferCode: 450,
  addressVerifyNegativeExpireTime: "10m",
  watchInterval: "1m",
  addressVerifyNegativeRefreshTime: "2m",
  unknownAddressRejectCode: 450,
  smtpdSenderRestrictions: ["reject_unknown_sender_domain"],
  smtpdRecipientRestrictions: [
    "permit_mynetworks",
    "reject_non_fqdn_recipient",
    "reject_unauth_destination",
    "reject_unverified_recipient",
  ],
  greetTest: false,
  postscreenDnsblSites: [
    "zen.example.org*3",
    "bl.example.org=127.0.0.[2;4..6]",
    "wl.example.org*-2",
  ],
  postscreenDnsblThreshold: 3,
  resolver: Resolver.local({ privateZones: ["corp.example"] }),
  smtputf8: "always",
  messageSizeLimit: 26214400,
  postfixSettings: { smtp_tls_loglevel: "1", biff: "yes" },
  scanner: Scanner.mailScanner({
    clamAv: true,
    timeLimit: "30s",
    unscanned: "quarantine",
    deliverUnscannedAfter: "4h",
    quarantineLifetime: "60d",
    quarantineShare: 40,
    quarantineWhenFull: "wait",
    packageUrl: "https://mirror.example.net/MailScanner-5.5.3-2.noarch.deb",
    packageSha256: "0123456789abcdef".repeat(4),
    settings: { "Required SpamAssassin Score": "5", "Log Non Spam": "yes" },
  }),
  network: Network.subnet("subnet-0123456789abcdef0", { vpcId: "vpc-0123456789abcdef0" }),
  instanceType: "c7i.large",
  amiId: "ami-0123456789abcdef0",
  volumeSize: 40,
  queueVolumeSize: 50,
  queueSnapshots: 7,
  kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
  terminationProtection: false,
  preventDestroy: false,
  detailedMonitoring: true,
  reverseDns: true,
  outboundPort25: OutboundPort25.granted(),
  monitoring: Monitoring.toEmail("ops@example.org", { dashboard: true, outsideProbe: {} }),
  certificate: Certificate.acme({
    zone: Route53Zone.fromZoneId("Z0NET"),
    email: "ops@example.org",
  }),
  logs: Logs.toLogGroup({ retentionInDays: 365 }),
  sessionManager: SessionManager.install(),
  restartTime: "02:15",
  nodes: [
    {
      hostname: "mx4.example.net",
      network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
    },
  ],
};
