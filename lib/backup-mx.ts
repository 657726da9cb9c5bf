import { isIPv6 } from "node:net";
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import type { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { Annotations, type TerraformProvider, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { Certificate } from "./aws/certificate/certificate";
import { logsFiles } from "./aws/logs/journal";
import { LogGroup } from "./aws/logs/log-group";
import { Logs } from "./aws/logs/logs";
import { Alarms, metricsRights } from "./aws/monitoring/alarms";
import { figuresFiles } from "./aws/monitoring/figures";
import type { Monitoring } from "./aws/monitoring/monitoring";
import {
  needsPort25,
  OutboundPort25,
  PORT_25_REMEDY,
  warnOfPort25,
} from "./aws/port-25/outbound-port-25";
import { useProvider } from "./aws/provider";
import { AWS_REQUEST } from "./aws/request/aws-request";
import { sessionManagerRights } from "./aws/server/instance-role";
import { MailServer, type MailServerProps } from "./aws/server/mail-server";
import { EC2_USER_DATA_LIMIT, userDataSize } from "./aws/server/user-data";
import { RecipientStore } from "./aws/store/recipient-store";
import { recipientsFiles } from "./aws/store/recipients";
import type { HostRecords, IDnsZone, MtaStsPolicy, MxRecordSet } from "./dns/dns-zone";
import { MxRecords } from "./dns/mx-records";
import { mailHostUserData } from "./host/mail-host";
import { type Operations, type OperationsProps, operations } from "./host/upkeep/operations";
import { badInput } from "./input/bad-input";
import { isDeferred } from "./input/deferred-value";
import { domainName } from "./input/domain-name";
import { wholeNumber } from "./input/whole-number";
import { refuseContradictions } from "./mail/contradictions";
import { hasLocalResolver } from "./mail/local-resolver";
import {
  type MailDomain,
  type MailDomainProps,
  mailDomain,
  mailExchanges,
} from "./mail/mail-domain";
import { type MailPolicy, type MailPolicyProps, mailPolicy } from "./mail/mail-policy";
import { queueReserve } from "./mail/postfix/queue-reserve";
import { recipientList } from "./mail/recipients/recipient-list";

/** For the domains of a further node: their records are published by the first. */
const PUBLISHED_BY_ANOTHER: IDnsZone = {
  bindHost() {},
  bindMx() {},
  releaseMx() {},
};

const NO_DOMAIN = "domains is empty; name at least one domain, in the props or with addDomain()";

/** A domain of the backup, and where its MX records are published. */
export interface BackupMxDomain extends MailDomainProps {
  /**
   * The DNS zone that holds the domain's MX records.
   *
   * @default - nothing is published; a warning says what to publish by hand
   */
  readonly zone?: IDnsZone;
  /**
   * What is published in the zone: `withBackup()`, `primariesOnly()` or `released()`.
   *
   * @default MxRecords.withBackup()
   */
  readonly mxRecords?: MxRecords;
}

/** One more backup for the same domains: what it has of its own. */
export interface BackupMxNodeProps extends MailServerProps {
  /** The fully qualified name of the node: HELO name, A record and MX target alike. */
  readonly hostname: string;
  /**
   * A provider of another region, or another account. Ids, images and keys are those of its region.
   *
   * @default - that of the stack
   */
  readonly provider?: TerraformProvider;
  /**
   * By how much the node's preference is greater than that of the backup. Of nodes with the same,
   * senders take any.
   *
   * @default 0
   */
  readonly preferenceIncrement?: number;
  /**
   * The DNS zone that holds the node's hostname.
   *
   * @default - as for the backup
   */
  readonly zone?: IDnsZone;
  /**
   * The time of day, UTC, at which the node restarts when a security update needs it.
   *
   * @default "04:30"
   */
  readonly restartTime?: string;
  /**
   * Who hears when something is wrong with the node.
   *
   * @default - as for the backup
   */
  readonly monitoring?: Monitoring;
  /**
   * The certificate that the node shows to those who send mail to it.
   *
   * @default - as for the backup, for its own hostname
   */
  readonly certificate?: Certificate;
  /**
   * Where the logs of the node go.
   *
   * @default - as for the backup, to a log group of its own
   */
  readonly logs?: Logs;
  /**
   * Whether AWS lets the node send to port 25: it is asked for each region.
   *
   * @default - as for the backup; with a provider of its own OutboundPort25.requested()
   */
  readonly outboundPort25?: OutboundPort25;
}

/** A backup MX. */
export interface BackupMxProps extends MailPolicyProps, MailServerProps, OperationsProps {
  /** The fully qualified name of the backup: HELO name, A record and MX target alike. */
  readonly hostname: string;
  /**
   * The domains to stand in for.
   *
   * @default - none; add at least one with `addDomain()`
   */
  readonly domains?: BackupMxDomain[];
  /**
   * The DNS zone that holds the hostname.
   *
   * @default - the zone of the domain in `domains` that the hostname is in; without one, nothing is
   * published and a warning says what to publish by hand
   */
  readonly zone?: IDnsZone;
  /**
   * Whether the address gets the hostname as its name in reverse DNS. Without a zone, set it only
   * when the A record is published: AWS looks it up and refuses otherwise.
   *
   * @default - whether the A record is published by this construct
   */
  readonly reverseDns?: boolean;
  /**
   * Who hears when something is wrong, and what is watched.
   *
   * @default Monitoring.none()
   */
  readonly monitoring?: Monitoring;
  /**
   * The certificate that the host shows to those who send mail to it.
   *
   * @default Certificate.selfSigned()
   */
  readonly certificate?: Certificate;
  /**
   * Where the logs of the host go.
   *
   * @default Logs.none()
   */
  readonly logs?: Logs;
  /**
   * Whether AWS lets the backup send to port 25 of public addresses. It does not by default.
   *
   * @default OutboundPort25.requested()
   */
  readonly outboundPort25?: OutboundPort25;
  /**
   * Further backups for the same domains, each with a name, an address, a queue and alarms of its
   * own. None touches another when it comes or goes.
   *
   * @default - none
   */
  readonly nodes?: BackupMxNodeProps[];
}

/**
 * A backup MX: a VM that takes the mail of some domains while their own mail servers do not
 * answer, keeps it and forwards it when they do; with its firewall, its fixed address and the MX
 * records that send mail there last.
 */
export class BackupMx extends Construct {
  /** The VM. */
  readonly instance: Instance;
  /** The firewall: port 25 is open, nothing else. */
  readonly securityGroup: SecurityGroup;
  /** The IAM role of the instance: what the host may do in AWS, which is nothing by default. */
  readonly role: IamRole;
  /** The disk with the queue and the quarantine; it outlives the VM and refuses to be destroyed. */
  readonly queueVolume: EbsVolume;
  /** The log group with the host's journal, if `logs` asks for one. */
  readonly logGroup?: CloudwatchLogGroup;
  /** The fixed IPv4 address, from which the primaries get their mail. */
  readonly publicIp: string;
  /** The fully qualified name of the backup. */
  readonly hostname: string;
  /** The further nodes, each a backup of its own. */
  readonly nodes: BackupMx[] = [];

  private readonly policy: MailPolicy;
  private readonly server: MailServer;
  private readonly operations: Operations;
  private readonly certificate: Certificate;
  private readonly alarms?: Alarms;
  private readonly logs?: LogGroup;
  private readonly outboundPort25: OutboundPort25;
  private readonly kmsKeyArn?: string;
  /** Where the lists of recipients that come from files are; made with the first of them. */
  private recipients?: RecipientStore;
  private readonly domains: MailDomain[] = [];
  private readonly nodeProps: readonly BackupMxNodeProps[];

  /**
   * @throws if a prop cannot be used; the message names the prop, the value and the remedy
   */
  constructor(scope: Construct, id: string, props: BackupMxProps) {
    super(scope, id);
    this.policy = mailPolicy(props.hostname, props);
    this.hostname = this.policy.hostname;
    this.operations = operations(props);
    this.outboundPort25 = props.outboundPort25 ?? OutboundPort25.requested();
    this.kmsKeyArn = props.kmsKeyArn;
    const { messageSizeLimit } = this.policy;
    this.server = new MailServer(this, "Server", {
      hostname: this.hostname,
      defaultInstanceType: this.policy.mailScanner.clamAv ? "t4g.medium" : "t4g.small",
      // As much again for mail that waits.
      leastQueueVolumeSize: Math.ceil((2 * queueReserve(messageSizeLimit)) / 1024 ** 3),
      userData: () => this.userData(),
      subnetId: props.subnetId,
      vpcId: props.vpcId,
      vpcCidr: props.vpcCidr,
      availabilityZone: props.availabilityZone,
      instanceType: props.instanceType,
      amiId: props.amiId,
      volumeSize: props.volumeSize,
      kmsKeyArn: props.kmsKeyArn,
      terminationProtection: props.terminationProtection,
      detailedMonitoring: props.detailedMonitoring,
      queueVolumeSize: props.queueVolumeSize,
      queueSnapshots: props.queueSnapshots,
    });
    this.instance = this.server.instance;
    this.role = this.server.role.role;
    if (this.operations.sessionManager.isInstalled) {
      this.server.role.grant("SessionManager", ...sessionManagerRights(this.instance.arn));
    }
    if (props.monitoring?.isOn) {
      this.server.role.grant("Metrics", ...metricsRights());
      this.alarms = new Alarms(this, "Alarms", {
        hostname: this.hostname,
        instance: this.instance,
        eip: this.server.address.eip,
        monitoring: props.monitoring,
      });
    }
    const { logs = Logs.none() } = props;
    if (logs.areSent) {
      this.logs = new LogGroup(this, "Logs", { hostname: this.hostname, logs });
      this.logGroup = this.logs.group;
      this.server.role.grant("Logs", ...this.logs.rights());
    }
    this.certificate = props.certificate ?? Certificate.selfSigned();
    if (this.certificate.authority !== undefined) {
      this.server.role.grant("Certificate", ...this.certificate.rights(this.hostname));
    }
    this.securityGroup = this.server.firewall.securityGroup;
    this.queueVolume = this.server.queue.volume;
    this.publicIp = this.server.address.eip.publicIp;

    this.nodeProps = props.nodes ?? [];
    this.nodeProps.forEach((node, index) => {
      this.nodes.push(this.furtherNode(`nodes[${index}]`, node, props));
    });
    for (const domain of props.domains ?? []) {
      this.addDomain(domain);
    }
    this.publishHost(props);
    if (!this.policy.mailScanner.isInstalled) {
      Annotations.of(this).addWarning(
        "mail is forwarded without being scanned; spammers aim at a backup MX first",
      );
    }
    if (this.policy.relayhost !== undefined) {
      const port = /:([0-9]+)$/.exec(this.policy.relayhost)?.[1] ?? "25";
      this.server.firewall.allowOut(Number(port), "Mail of the backup itself to its relayhost");
    }
    this.node.addValidation({ validate: () => this.problems() });
  }

  /** What must be in DNS for the backup itself. */
  get hostRecords(): HostRecords {
    return { hostname: this.hostname, ipv4Address: this.publicIp };
  }

  /** What must be in DNS for the domains: one set of MX records each. */
  get mxRecords(): MxRecordSet[] {
    return this.domains.map((domain) => this.mxRecordSet(domain));
  }

  /** What the MTA-STS policies of the domains must name, for those that have one. */
  get mtaStsPolicies(): MtaStsPolicy[] {
    return this.mxRecords.map(({ name, exchanges }) => ({
      name,
      mx: exchanges.map(({ hostname }) => hostname),
    }));
  }

  /**
   * Stands in for one more domain.
   *
   * @throws if a prop of the domain cannot be used, or the backup has it already
   */
  addDomain(props: BackupMxDomain): void {
    const domain = mailDomain(`domains[${this.domains.length}]`, props, this.hostname);
    if (this.domains.some(({ name }) => name === domain.name)) {
      throw badInput(`${domain.prop}.name`, domain.name, "is listed twice; name each domain once");
    }
    refuseContradictions(this.policy, domain);
    // An error in the recipients is due now, not at synthesis.
    domain.recipients.accessEntries(`${domain.prop}.recipients`, domain.name, "");
    if (hasLocalResolver(this.policy, [domain])) {
      this.server.firewall.allowDns();
    }
    this.domains.push(domain);
    if (domain.recipients.isFromFile) {
      this.recipients ??= this.recipientStore();
    }
    domain.primaries.forEach(({ port, address }, index) => {
      const name = isDeferred(port) ? `Domain${this.domains.length - 1}Primary${index}` : port;
      const version = isIPv6(address ?? "") ? "Ipv6" : "Ipv4";
      this.server.firewall.allowOut(port, "Mail to the primaries", name, version);
    });

    this.warnOfBlockedPort(domain);
    if (domain.primaries.some(needsPort25)) {
      this.alarms?.watchPort25();
    }

    const id = isDeferred(domain.name) ? `Domain${this.domains.length - 1}` : domain.name;
    const scope = new Construct(this, id);
    this.nodes.forEach((node, index) => {
      const { preferenceIncrement = 0, provider } = this.nodeProps[index];
      node.addDomain({
        ...props,
        zone: PUBLISHED_BY_ANOTHER,
        backupPreference: domain.backupPreference + preferenceIncrement,
        // By the MX records its mail would go to a node before it, and come back from there.
        ignoreMx: props.ignoreMx ?? preferenceIncrement > 0,
      });
      if (provider !== undefined) {
        useProvider(node, provider);
      }
    });
    this.publishMx(scope, domain, props);
    const primaryIsAsked = this.policy.smtpdRecipientRestrictions.includes(
      "reject_unverified_recipient",
    );
    if (domain.recipients.acceptsAll || (domain.recipients.asksPrimary && !primaryIsAsked)) {
      Annotations.of(scope).addWarning(
        `every recipient of ${domain.name} is accepted; mail to those that do not exist will be bounced to forged senders`,
      );
    }
  }

  private recipientStore(): RecipientStore {
    const store = new RecipientStore(this, "Recipients", {
      name: this.hostname,
      kmsKeyArn: this.kmsKeyArn,
      list: () => recipientList(this.domains),
    });
    this.server.role.grant("Recipients", ...store.rights());
    return store;
  }

  /** Nobody deploys a backup that cannot deliver without being told; once is enough. */
  private warnOfBlockedPort({ name, primaries }: MailDomain): void {
    const id = "OutboundPort25";
    if (
      this.outboundPort25.isGranted ||
      !primaries.some(needsPort25) ||
      this.node.tryFindChild(id) !== undefined
    ) {
      return;
    }
    warnOfPort25(this, id, this.hostname, this.server.address.eip);
    Annotations.of(this).addWarning(
      `mail for ${name} cannot be delivered while AWS blocks outbound port 25: ${PORT_25_REMEDY}`,
    );
  }

  /** A node is a backup as any other, whose domains the first one publishes. */
  private furtherNode(prop: string, node: BackupMxNodeProps, props: BackupMxProps): BackupMx {
    const { provider } = node;
    wholeNumber(`${prop}.preferenceIncrement`, node.preferenceIncrement ?? 0, 0, 65535);
    if (
      provider === undefined &&
      (node.subnetId ?? node.availabilityZone ?? node.vpcCidr) === undefined
    ) {
      throw badInput(
        `${prop}.hostname`,
        node.hostname,
        "could stand in the zone of another node and fail with it; set subnetId, availabilityZone or vpcCidr",
      );
    }
    const hostname = domainName(`${prop}.hostname`, node.hostname);
    if ([this, ...this.nodes].some((other) => other.hostname === hostname)) {
      throw badInput(`${prop}.hostname`, hostname, "is the name of another node; give it its own");
    }
    const monitoring = node.monitoring ?? props.monitoring;
    if (provider !== undefined && node.monitoring === undefined && monitoring?.topicArn) {
      throw new Error(
        `${prop}.monitoring is missing; an alarm reaches no topic of another region, name one there`,
      );
    }
    if (provider !== undefined && node.logs === undefined && props.logs?.kmsKeyArn) {
      throw new Error(`${prop}.logs is missing; a key belongs to its region, name one there`);
    }
    const scope = this.node.tryFindChild("Nodes") ?? new Construct(this, "Nodes");
    const further = new BackupMx(scope as Construct, hostname, {
      ...props,
      // What belongs to a place is not passed on, and a key or image only within its region.
      subnetId: undefined,
      vpcId: undefined,
      vpcCidr: undefined,
      availabilityZone: undefined,
      restartTime: "04:30",
      ...(provider === undefined
        ? {}
        : { amiId: undefined, kmsKeyArn: undefined, outboundPort25: undefined }),
      ...node,
      monitoring,
      logs: node.logs ?? props.logs,
      certificate: node.certificate ?? props.certificate,
      hostname,
      zone: node.zone ?? this.zoneAround(hostname, props),
      domains: [],
      nodes: [],
    });
    if (provider !== undefined) {
      useProvider(further, provider);
    }
    return further;
  }

  private publishMx(
    scope: Construct,
    domain: MailDomain,
    { zone, mxRecords }: BackupMxDomain,
  ): void {
    const published = mxRecords ?? MxRecords.withBackup();
    const waiting = [this, ...this.nodes].filter(
      ({ outboundPort25 }) =>
        !published.hasBackup || (outboundPort25.withholdsMx && domain.primaries.some(needsPort25)),
    );
    if (zone === undefined) {
      Annotations.of(scope).addWarning(
        `${domain.name} has no zone; publish its MX records yourself: ${this.mxText(domain)}`,
      );
    } else if (published.isReleased) {
      zone.releaseMx(scope);
    } else {
      const { name, exchanges } = this.mxRecordSet(domain);
      zone.bindMx(scope, {
        name,
        exchanges: exchanges.filter(
          ({ hostname }) => !waiting.some((node) => node.hostname === hostname),
        ),
      });
    }
  }

  private publishHost(props: BackupMxProps): void {
    const { reverseDns } = props;
    const hostZone = props.zone ?? this.zoneAround(this.hostname, props);
    const scope = new Construct(this, "Host");
    if (hostZone === undefined) {
      Annotations.of(scope).addWarning(
        `${this.hostname} has no zone; publish an A record for the address in publicIp yourself, and then set reverseDns`,
      );
    } else {
      hostZone.bindHost(scope, this.hostRecords);
    }
    if (reverseDns ?? hostZone !== undefined) {
      // Whatever the zone made of the records, with whichever provider.
      const records = scope.node
        .findAll()
        .filter((child) => TerraformResource.isTerraformResource(child));
      this.server.address.reverseTo(this.hostname, records);
    }
  }

  /** The zone of the domain that the name is in; of several, the innermost. */
  private zoneAround(name: string, { domains = [] }: BackupMxProps): IDnsZone | undefined {
    return domains
      .map((domain, index) => ({
        zone: domain.zone,
        domain: domainName(`domains[${index}].name`, domain.name),
      }))
      .filter(({ zone, domain }) => zone !== undefined && name.endsWith(`.${domain}`))
      .sort((a, b) => b.domain.length - a.domain.length)[0]?.zone;
  }

  private mxRecordSet(domain: MailDomain): MxRecordSet {
    const further = this.nodes.map(({ hostname }, index) => ({
      preference: domain.backupPreference + (this.nodeProps[index].preferenceIncrement ?? 0),
      hostname,
    }));
    return {
      name: domain.name,
      exchanges: [...mailExchanges(domain, this.hostname), ...further],
    };
  }

  private mxText(domain: MailDomain): string {
    return this.mxRecordSet(domain)
      .exchanges.map(({ preference, hostname }) => `${preference} ${hostname}`)
      .join(", ");
  }

  private userData(): string {
    if (this.domains.length === 0) {
      throw new Error(NO_DOMAIN);
    }
    const figures =
      this.alarms === undefined
        ? []
        : figuresFiles({
            usesPort25: this.domains.some(({ primaries }) => primaries.some(needsPort25)),
          });
    const logs = this.logs === undefined ? [] : logsFiles(this.logs.destination);
    const recipients = this.recipients === undefined ? [] : recipientsFiles(this.recipients.url);
    const awsFiles = [...figures, ...logs, ...recipients];
    const host = {
      publicAddress: this.publicIp,
      queueVolumeId: this.queueVolume.id,
      upkeep: this.operations,
      authority: this.certificate.authority,
      awsFiles: awsFiles.length > 0 ? [AWS_REQUEST, ...awsFiles] : [],
    };
    const text = mailHostUserData(this.policy, this.domains, host);
    return userDataSize(text).compressed <= EC2_USER_DATA_LIMIT
      ? text
      : mailHostUserData(this.policy, this.domains, { ...host, isCommented: false });
  }

  /** What can be known only when every domain was added. */
  private problems(): string[] {
    return this.domains.length === 0 ? [NO_DOMAIN] : this.server.problems();
  }
}
