import type { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { Annotations } from "cdktf";
import { Construct } from "constructs";
import { MailServer, type MailServerProps } from "./aws/mail-server";
import type { HostRecords, IDnsZone, MxRecordSet } from "./dns/dns-zone";
import { mailHostUserData } from "./host/mail-host";
import { badInput } from "./mail/bad-input";
import { isDeferred } from "./mail/deferred-value";
import {
  type MailDomain,
  type MailDomainProps,
  mailDomain,
  mailExchanges,
} from "./mail/mail-domain";
import { type MailPolicy, type MailPolicyProps, mailPolicy } from "./mail/mail-policy";
import { queueReserve } from "./mail/queue-reserve";

const NO_DOMAIN = "domains is empty; name at least one domain, in the props or with addDomain()";

/** A domain of the backup, and where its MX records are published. */
export interface BackupMxDomain extends MailDomainProps {
  /**
   * The DNS zone that holds the domain's MX records.
   *
   * @default - nothing is published; a warning says what to publish by hand
   */
  readonly zone?: IDnsZone;
}

/** A backup MX. */
export interface BackupMxProps extends MailPolicyProps, MailServerProps {
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
  /** The disk with the queue and the quarantine; it outlives the VM and refuses to be destroyed. */
  readonly queueVolume: EbsVolume;
  /** The fixed IPv4 address, from which the primaries get their mail. */
  readonly publicIp: string;
  /** The fully qualified name of the backup. */
  readonly hostname: string;

  private readonly policy: MailPolicy;
  private readonly server: MailServer;
  private readonly domains: MailDomain[] = [];

  /**
   * @throws if a prop cannot be used; the message names the prop, the value and the remedy
   */
  constructor(scope: Construct, id: string, props: BackupMxProps) {
    super(scope, id);
    this.policy = mailPolicy(props.hostname, props);
    this.hostname = this.policy.hostname;
    const { messageSizeLimit } = this.policy;
    this.server = new MailServer(this, "Server", {
      hostname: this.hostname,
      defaultInstanceType: this.policy.mailScanner.clamAv ? "t4g.medium" : "t4g.small",
      // As much again for mail that waits.
      leastQueueVolumeSize: Math.ceil((2 * queueReserve(messageSizeLimit)) / 1024 ** 3),
      userData: () => this.userData(),
      subnetId: props.subnetId,
      vpcId: props.vpcId,
      instanceType: props.instanceType,
      amiId: props.amiId,
      volumeSize: props.volumeSize,
      queueVolumeSize: props.queueVolumeSize,
      queueSnapshots: props.queueSnapshots,
    });
    this.instance = this.server.instance;
    this.securityGroup = this.server.firewall.securityGroup;
    this.queueVolume = this.server.queue.volume;
    this.publicIp = this.server.address.eip.publicIp;

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
      this.server.firewall.allowOut(Number(port), "The backup's own mail to its relayhost");
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
    // An error in the recipients is due now, not at synthesis.
    domain.recipients.accessEntries(`${domain.prop}.recipients`, domain.name, "");
    this.domains.push(domain);
    for (const { port } of domain.primaries) {
      this.server.firewall.allowOut(port, "Mail to the primaries");
    }

    const id = isDeferred(domain.name) ? `Domain${this.domains.length - 1}` : domain.name;
    const scope = new Construct(this, id);
    if (props.zone === undefined) {
      Annotations.of(scope).addWarning(
        `${domain.name} has no zone; publish its MX records yourself: ${this.mxText(domain)}`,
      );
    } else {
      props.zone.bindMx(scope, this.mxRecordSet(domain));
    }
    if (domain.recipients.acceptsAll) {
      Annotations.of(scope).addWarning(
        `every recipient of ${domain.name} is accepted; mail to those that do not exist will be bounced to forged senders`,
      );
    }
  }

  private publishHost({ zone, domains }: BackupMxProps): void {
    const hostZone = zone ?? this.zoneAround(this.hostname, domains ?? []);
    const scope = new Construct(this, "Host");
    if (hostZone === undefined) {
      Annotations.of(scope).addWarning(
        `${this.hostname} has no zone; publish an A record for the address in publicIp yourself`,
      );
    } else {
      hostZone.bindHost(scope, this.hostRecords);
    }
  }

  /** The zone of the domain that the name is in; of several, the innermost. */
  private zoneAround(name: string, domains: readonly BackupMxDomain[]): IDnsZone | undefined {
    return domains
      .map(({ zone }, index) => ({ zone, domain: this.domains[index].name }))
      .filter(({ zone, domain }) => zone !== undefined && name.endsWith(`.${domain}`))
      .sort((a, b) => b.domain.length - a.domain.length)[0]?.zone;
  }

  private mxRecordSet(domain: MailDomain): MxRecordSet {
    return { name: domain.name, exchanges: mailExchanges(domain, this.hostname) };
  }

  private mxText(domain: MailDomain): string {
    return mailExchanges(domain, this.hostname)
      .map(({ preference, hostname }) => `${preference} ${hostname}`)
      .join(", ");
  }

  private userData(): string {
    if (this.domains.length === 0) {
      throw new Error(NO_DOMAIN);
    }
    return mailHostUserData(this.policy, this.domains, this.publicIp, this.queueVolume.id);
  }

  /** What can be known only when every domain was added. */
  private problems(): string[] {
    return this.domains.length === 0 ? [NO_DOMAIN] : this.server.problems();
  }
}
