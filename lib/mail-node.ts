import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import type { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { AwsHost, BoundFeature } from "./aws/feature";
import { kmsKeyArn } from "./aws/kms-key";
import { MailServer, type MailServerProps } from "./aws/server/mail-server";
import { BOOT_FILES, Store } from "./aws/store/store";
import type { HostRecords } from "./dns/dns-zone";
import { type BoundFeatures, bindFeatures, type FeatureProps } from "./features";
import { clamAvPart } from "./host/clamav/clamav";
import type { HostPart } from "./host/host-part";
import { judgePart } from "./host/judge/judge";
import { type MailHost, mailHost, userData } from "./host/mail-host";
import { mailscannerPart } from "./host/mailscanner/mailscanner";
import { postfixPart } from "./host/postfix/postfix";
import { rspamdPart } from "./host/rspamd/rspamd";
import { undeliverablePart } from "./host/undeliverable/undeliverable";
import { type UpkeepProps, upkeepPart } from "./host/upkeep/upkeep";
import { watchPart } from "./host/watch/watch";
import type { MailDomain } from "./mail/mail-domain";
import type { MailPolicy } from "./mail/mail-policy";
import { queueReserve } from "./mail/postfix/queue-reserve";
import { hostPrograms } from "./programs";

/** One host: the VM, what is on it beside mail, and how it is kept up to date. */
export interface MailNodeProps extends MailServerProps, UpkeepProps, FeatureProps {
  /** The fully qualified name of the host: HELO name, A record and MX target alike. */
  readonly hostname: string;
}

/** One host that takes mail. */
export class MailNode {
  /** The fully qualified name of the host. */
  readonly hostname: string;
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

  private readonly store: Store;
  private readonly server: MailServer;
  private readonly upkeep: HostPart;
  private readonly features: BoundFeatures;
  /** The features in their order, those that no prop switches on behind the others. */
  private readonly bound: readonly BoundFeature[];
  private readonly domains: MailDomain[] = [];
  /** For how many domains it was put together, and what came of it. */
  private host?: { readonly domains: number; readonly host: MailHost };

  /**
   * @param scope where its constructs go
   * @param policy what it does with mail
   * @throws if a prop cannot be used; the message names the prop, the value and the remedy
   *
   * @internal
   */
  static create(scope: Construct, policy: MailPolicy, props: MailNodeProps): MailNode {
    return new MailNode(scope, policy, props);
  }

  private constructor(
    scope: Construct,
    private readonly policy: MailPolicy,
    props: MailNodeProps,
  ) {
    this.upkeep = upkeepPart(props);
    this.hostname = policy.hostname;
    this.store = new Store(scope, "Store", {
      name: this.hostname,
      kmsKeyArn: kmsKeyArn(props.kmsKeyArn),
      programs: hostPrograms(),
      packages: { MailScanner: policy.scanner.packageFile },
      configuration: () => this.mailHost().configuration,
    });
    this.server = new MailServer(scope, "Server", {
      ...props,
      hostname: this.hostname,
      defaultInstanceType: policy.scanner.clamAv ? "t4g.medium" : "t4g.small",
      // As much again for mail that waits.
      leastQueueVolumeSize: Math.ceil((2 * queueReserve(policy.messageSizeLimit)) / 1024 ** 3),
      store: this.store,
      userData: () => this.userData(),
    });
    const host: AwsHost = { scope, policy, server: this.server, kmsKeyArn: props.kmsKeyArn };
    this.features = bindFeatures(props, host);
    this.bound = Object.values(this.features);

    this.instance = this.server.instance;
    this.securityGroup = this.server.firewall.securityGroup;
    this.role = this.server.role.role;
    this.queueVolume = this.server.queue.volume;
    this.logGroup = this.features.logs.group;
    this.publicIp = this.server.address.eip.publicIp;
    if (policy.relayhost !== undefined) {
      const port = /:([0-9]+)$/.exec(policy.relayhost)?.[1] ?? "25";
      this.server.firewall.allowOut(Number(port), "Mail of the backup itself to its relayhost");
    }
  }

  /** What must be in DNS for the host. */
  get hostRecords(): HostRecords {
    return { hostname: this.hostname, ipv4Address: this.publicIp };
  }

  /**
   * Looks at a domain before anything is made for it.
   *
   * @throws if a feature and the domain contradict each other
   *
   * @internal
   */
  check(domain: MailDomain): void {
    for (const feature of this.bound) {
      feature.check?.(domain);
    }
  }

  /** Takes the mail of one more domain. @internal */
  addDomain(domain: MailDomain): void {
    for (const feature of this.bound) {
      feature.addDomain?.(domain);
    }
    this.server.allowPrimaries(domain, this.domains.length);
    this.domains.push(domain);
  }

  /** Whether senders may be told of this host. @internal */
  announces(domain: MailDomain): boolean {
    return this.features.outboundPort25.announces(domain);
  }

  /**
   * Gives the address the hostname as its name in reverse DNS.
   *
   * @param records what makes the hostname lead to the address
   *
   * @internal
   */
  reverse(records: ITerraformDependable[]): void {
    this.server.address.reverseTo(this.hostname, records);
  }

  /**
   * The SHA-256 checksum of the configuration, known when it is deployed: `backup-mx wait` on the
   * host waits until that one is live.
   */
  get configurationSha256(): string {
    return this.store.configurationSha256;
  }

  /** Everything that is on the host, once every domain is known. */
  private mailHost(): MailHost {
    const { policy, domains, hostname } = this;
    if (this.host?.domains !== domains.length) {
      const further = [
        this.upkeep,
        ...this.bound.map((feature) => feature.part()),
        judgePart(policy),
        mailscannerPart(policy.scanner),
        rspamdPart(policy.scanner),
        clamAvPart(policy.scanner),
        watchPart(policy, domains),
        undeliverablePart(policy),
      ];
      const mainCf = further.flatMap((part) => part.mainCf ?? []);
      const parts = [postfixPart(policy, domains, this.publicIp, mainCf), ...further];
      const host = mailHost({ hostname, programs: hostPrograms().sha256, parts });
      this.host = { domains: domains.length, host };
    }
    return this.host.host;
  }

  private userData(): string {
    return userData({
      host: this.mailHost(),
      programs: hostPrograms().sha256,
      processor: this.server.processor,
      queue: this.server.queue.disk,
      store: this.store.url,
      boot: BOOT_FILES,
    });
  }
}
