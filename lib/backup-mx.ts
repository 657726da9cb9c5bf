import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import type { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { Annotations, type TerraformProvider } from "cdktf";
import { Construct } from "constructs";
import { useProvider } from "./aws/provider";
import { claim, mustBeFree } from "./claims";
import type { HostRecords, IDnsZone, MtaStsPolicy, MxRecordSet } from "./dns/dns-zone";
import type { MxRecords } from "./dns/mx-records";
import { DomainWarnings } from "./domain-warnings";
import { inheritFeatures } from "./features";
import { badInput } from "./input/bad-input";
import { isDeferred } from "./input/deferred-value";
import { domainName } from "./input/domain-name";
import { wholeNumber } from "./input/whole-number";
import { refuseContradictions } from "./mail/contradictions";
import {
  type MailDomain,
  type MailDomainProps,
  mailDomain,
  mailExchanges,
} from "./mail/mail-domain";
import { type MailPolicy, type MailPolicyProps, mailPolicy } from "./mail/mail-policy";
import { tlsPoliciesOf } from "./mail/postfix/tls-policies";
import { MailNode, type MailNodeProps } from "./mail-node";
import { publishHost, publishMx } from "./publishing";
import { nameAfter } from "./terraform/address";
import { fixedValue } from "./terraform/fixed-value";

const NO_DOMAIN = "domains is empty; name at least one domain, in the props or with addDomain()";
const NO_ZONE =
  "these domains have no zone; publish their MX records yourself, mxRecords has all of them";
const ACCEPTS_ALL =
  "every recipient of these domains is accepted; mail to those that do not exist will be bounced to forged senders";

/** A domain of the backup, and where its MX records are published. */
export interface BackupMxDomain extends MailDomainProps {
  /**
   * The DNS zone that holds the domain's MX records.
   *
   * @default - nothing is published; a warning says what to publish by hand
   */
  readonly zone?: IDnsZone | undefined;
  /**
   * What is published in the zone: `withBackup()`, `primariesOnly()` or `released()`.
   *
   * @default MxRecords.withBackup()
   */
  readonly mxRecords?: MxRecords | undefined;
}

/**
 * One more backup for the same domains. What it does not set is as for the first, but for what
 * belongs to a place: its network, and in another region image, key and `outboundPort25`.
 */
export interface BackupMxNodeProps extends MailNodeProps {
  /**
   * A provider of another region, or another account. Ids, images and keys are those of its region.
   *
   * @default - that of the stack
   */
  readonly provider?: TerraformProvider | undefined;
  /**
   * By how much the node's preference is greater than that of the backup. Senders take any of the
   * nodes with the same preference.
   *
   * @default 0
   */
  readonly preferenceIncrement?: number | undefined;
  /**
   * The DNS zone that holds the node's hostname.
   *
   * @default - as for the backup
   */
  readonly zone?: IDnsZone | undefined;
  /**
   * The time of day, UTC, at which the node restarts when a security update needs it.
   *
   * @default "04:30"
   */
  readonly restartTime?: string | undefined;
}

/** What a backup MX is made from. */
export interface BackupMxProps extends MailPolicyProps, MailNodeProps {
  /**
   * The domains to stand in for.
   *
   * @default - none; add at least one with `addDomain()`
   */
  readonly domains?: readonly BackupMxDomain[] | undefined;
  /**
   * The DNS zone that holds the hostname.
   *
   * @default - the zone of the domain in `domains` that the hostname is in; without one, nothing is
   * published and a warning says what to publish by hand
   */
  readonly zone?: IDnsZone | undefined;
  /**
   * Whether the address gets the hostname as its name in reverse DNS. Without a zone, set it only
   * when the A record is published: AWS looks it up and refuses otherwise.
   *
   * @default - whether the A record is published by this construct
   */
  readonly reverseDns?: boolean | undefined;
  /**
   * Further backups for the same domains, each with a name, an address, a queue and alarms of its
   * own. A node that comes or goes changes no other.
   *
   * @default - none
   */
  readonly nodes?: readonly BackupMxNodeProps[] | undefined;
}

/** A node, and how its domains differ from those of the first. */
interface Member {
  readonly node: MailNode;
  readonly scope: Construct;
  readonly preferenceIncrement: number;
  readonly provider?: TerraformProvider;
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
  /** The IAM role of the instance: what the host may do in AWS. By default it reads what it runs. */
  readonly role: IamRole;
  /** The disk with the queue and the quarantine; it outlives the VM and refuses to be destroyed. */
  readonly queueVolume: EbsVolume;
  /** The log group with the host's journal, if `logs` asks for one. */
  readonly logGroup?: CloudwatchLogGroup;
  /** The fixed IPv4 address, from which the primaries get their mail. */
  readonly publicIp: string;
  /** The fully qualified name of the backup. */
  readonly hostname: string;

  private readonly policy: MailPolicy;
  private readonly first: Member;
  private readonly further: readonly Member[];
  private readonly domains = new Map<string, MailDomain>();
  /** How mail to the primaries of all domains is encrypted. */
  private readonly tlsPolicies = new Map<string, string>();
  private readonly warnings = new DomainWarnings(this);

  /**
   * @throws if a prop cannot be used; the message names the prop, the value and the remedy
   */
  constructor(scope: Construct, id: string, props: BackupMxProps) {
    super(scope, id);
    this.policy = mailPolicy(props.hostname, props);
    nameAfter(this, this.policy.hostname);
    claim(this, "hostname", this.policy.hostname);
    const node = MailNode.create(this, this.policy, props);
    this.first = { node, scope: this, preferenceIncrement: 0 };
    this.hostname = node.hostname;
    this.instance = node.instance;
    this.securityGroup = node.securityGroup;
    this.role = node.role;
    this.queueVolume = node.queueVolume;
    this.logGroup = node.logGroup;
    this.publicIp = node.publicIp;

    const further: Member[] = [];
    (props.nodes ?? []).forEach((own, index) => {
      further.push(this.furtherNode(`nodes[${index}]`, own, props, further));
    });
    this.further = further;
    for (const domain of props.domains ?? []) {
      this.addDomain(domain);
    }
    publishHost(this, node, {
      zone: props.zone ?? zoneAround(this.hostname, props),
      reverseDns: props.reverseDns,
    });
    if (this.policy.scanner.kind === "none") {
      Annotations.of(this).addWarning(
        "mail is forwarded without being scanned; spammers aim at a backup MX first",
      );
    }
    // The addresses of all else follow from the name: with another one, what guards the queue would
    // be gone together with the queue.
    fixedValue(this, "FixedHostname", this.hostname, props.preventDestroy ?? true);
    this.node.addValidation({ validate: () => this.problems() });
  }

  /** The further backups, in the order of `nodes`. */
  get furtherNodes(): readonly MailNode[] {
    return this.further.map(({ node }) => node);
  }

  /**
   * The SHA-256 checksum of the configuration, known when it is deployed: `backup-mx wait` on the
   * host waits until that one is live.
   */
  get configurationSha256(): string {
    return this.first.node.configurationSha256;
  }

  /** What must be in DNS for the backup itself. */
  get hostRecords(): HostRecords {
    return this.first.node.hostRecords;
  }

  /** What must be in DNS for the domains: one set of MX records each. */
  get mxRecords(): MxRecordSet[] {
    return [...this.domains.values()].map((domain) => this.mxRecordSet(domain));
  }

  /** What the MTA-STS policies of the domains must name, for those that have one. */
  get mtaStsPolicies(): MtaStsPolicy[] {
    return this.mxRecords.map(({ name, exchanges }) => ({
      name,
      mx: exchanges.map(({ hostname }) => hostname),
    }));
  }

  /**
   * Stands in for one more domain. If it throws, nothing has changed.
   *
   * @throws if a prop of the domain cannot be used, or the backup has it already
   */
  addDomain(props: BackupMxDomain): void {
    const prop = `domains[${this.domains.size}]`;
    const domain = mailDomain(prop, props, this.hostname);
    if (this.domains.has(domain.name)) {
      throw badInput(`${prop}.name`, domain.name, "is listed twice; name each domain once");
    }
    mustBeFree(this, `${prop}.name`, domain.name);
    refuseContradictions(this.policy, domain);
    // What could not be rendered is an error now, not at synthesis.
    domain.recipients.accessEntries(`${prop}.recipients`, domain.name, "");
    const policies = tlsPoliciesOf(domain, this.tlsPolicies);
    const ofMembers = this.members.map((member) => ({
      ...member,
      domain: this.domainOf(member, props, domain),
    }));
    for (const member of ofMembers) {
      member.node.check(member.domain);
    }

    this.publish(domain, props);
    claim(this, `${prop}.name`, domain.name);
    this.domains.set(domain.name, domain);
    for (const [primary, policy] of policies) {
      this.tlsPolicies.set(primary, policy);
    }
    for (const member of ofMembers) {
      member.node.addDomain(member.domain);
      if (member.provider !== undefined) {
        useProvider(member.scope, member.provider);
      }
    }
  }

  private get members(): readonly Member[] {
    return [this.first, ...this.further];
  }

  /** A domain as a node sees it. */
  private domainOf(member: Member, props: BackupMxDomain, domain: MailDomain): MailDomain {
    return member === this.first
      ? domain
      : mailDomain(
          domain.prop,
          {
            ...props,
            backupPreference: domain.backupPreference + member.preferenceIncrement,
          },
          member.node.hostname,
        );
  }

  private publish(domain: MailDomain, { zone, mxRecords }: BackupMxDomain): void {
    const records = this.mxRecordSet(domain);
    if (zone === undefined) {
      const values = records.exchanges.map(
        ({ preference, hostname }) => `${preference} ${hostname}`,
      );
      this.warnings.add(NO_ZONE, `${domain.name}: ${values.join(", ")}`);
    } else {
      this.publishIn(zone, domain, records, mxRecords);
    }
    const primaryIsAsked = this.policy.smtpdRecipientRestrictions.includes(
      "reject_unverified_recipient",
    );
    if (domain.recipients.acceptsAll || (domain.recipients.asksPrimary && !primaryIsAsked)) {
      this.warnings.add(ACCEPTS_ALL, domain.name);
    }
  }

  private publishIn(
    zone: IDnsZone,
    domain: MailDomain,
    records: MxRecordSet,
    mxRecords?: MxRecords,
  ): void {
    const id = isDeferred(domain.name) ? `Domain${this.domains.size}` : domain.name;
    const scope = new Construct(this, id);
    nameAfter(scope, domain.name);
    const isAnnounced = mxRecords?.hasBackup ?? true;
    const waiting = this.members.filter(({ node }) => !(isAnnounced && node.announces(domain)));
    try {
      publishMx(scope, {
        records,
        waiting: waiting.map(({ node }) => node.hostname),
        zone,
        mxRecords,
      });
    } catch (error) {
      // Of a domain that its zone refuses nothing is left, so that it can be added again.
      this.node.tryRemoveChild(id);
      throw error;
    }
  }

  /** One more node: a host as the first, whose domains the first publishes. */
  private furtherNode(
    prop: string,
    own: BackupMxNodeProps,
    props: BackupMxProps,
    others: readonly Member[],
  ): Member {
    const { provider, preferenceIncrement = 0 } = own;
    wholeNumber(`${prop}.preferenceIncrement`, preferenceIncrement, 0, 65535);
    if (provider === undefined && !own.network?.isChosen) {
      throw badInput(
        `${prop}.hostname`,
        own.hostname,
        'could stand in the zone of another node and fail with it; set its network, such as Network.defaultVpc({ availabilityZone: "eu-central-1b" })',
      );
    }
    const hostname = domainName(`${prop}.hostname`, own.hostname);
    if ([this.first, ...others].some(({ node }) => node.hostname === hostname)) {
      throw badInput(`${prop}.hostname`, hostname, "is the name of another node; give it its own");
    }
    claim(this, `${prop}.hostname`, hostname);
    const isElsewhere = provider !== undefined;
    const nodes = (this.node.tryFindChild("Nodes") as Construct) ?? new Construct(this, "Nodes");
    const scope = new Construct(nodes, hostname);
    nameAfter(scope, hostname);
    const node = MailNode.create(scope, mailPolicy(hostname, props), {
      ...props,
      // What belongs to a place is not passed on, and a key or image only within its region.
      network: undefined,
      restartTime: "04:30",
      ...(isElsewhere ? { amiId: undefined, kmsKeyArn: undefined } : {}),
      ...own,
      ...inheritFeatures(prop, own, props, isElsewhere),
    });
    publishHost(scope, node, {
      zone: own.zone ?? zoneAround(hostname, props),
      reverseDns: props.reverseDns,
    });
    if (provider !== undefined) {
      useProvider(scope, provider);
    }
    return { node, scope, preferenceIncrement, provider };
  }

  private mxRecordSet(domain: MailDomain): MxRecordSet {
    const further = this.further.map(({ node, preferenceIncrement }) => ({
      preference: domain.backupPreference + preferenceIncrement,
      hostname: node.hostname,
    }));
    return {
      name: domain.name,
      exchanges: [...mailExchanges(domain, this.hostname), ...further],
    };
  }

  /** What can be known only when every domain was added. */
  private problems(): string[] {
    return this.domains.size === 0 ? [NO_DOMAIN] : [];
  }
}

/** The zone of the domain that the name is in; of several, the innermost. */
function zoneAround(name: string, { domains = [] }: BackupMxProps): IDnsZone | undefined {
  return domains
    .map((domain, index) => ({
      zone: domain.zone,
      domain: domainName(`domains[${index}].name`, domain.name),
    }))
    .filter(({ zone, domain }) => zone !== undefined && name.endsWith(`.${domain}`))
    .sort((a, b) => b.domain.length - a.domain.length)[0]?.zone;
}
