import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Construct } from "constructs";
import { addressed } from "../../terraform/address";

const SMTP = 25;
const DNS = 53;

/** Everywhere, by IP version. */
const EVERYWHERE = { Ipv4: { cidrIpv4: "0.0.0.0/0" }, Ipv6: { cidrIpv6: "::/0" } };

type IpVersion = keyof typeof EVERYWHERE;

/** Where the firewall stands and what it is called. */
export interface FirewallProps {
  /** The VPC of the host. @default - the default VPC */
  readonly vpcId?: string;
  /** The value of the Name tag. */
  readonly name: string;
}

/**
 * The only door is port 25. Out goes SMTP, and HTTP and HTTPS for packages and signatures, all of it
 * over IPv4, but for primaries that are given with an IPv6 address of their own.
 */
export class Firewall extends Construct {
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: FirewallProps) {
    super(scope, id);
    this.securityGroup = addressed(
      new SecurityGroup(this, "Resource", {
        namePrefix: "backup-mx-",
        description: "Backup MX: SMTP in; SMTP, HTTP and HTTPS out",
        vpcId: props.vpcId,
        tags: { Name: props.name },
        // An instance cannot be without a group while its group is replaced.
        lifecycle: { createBeforeDestroy: true },
      }),
    );
    for (const [version, everywhere] of Object.entries(EVERYWHERE)) {
      addressed(
        new VpcSecurityGroupIngressRule(this, `Smtp${version}`, {
          securityGroupId: this.securityGroup.id,
          description: "Mail from everywhere",
          ipProtocol: "tcp",
          fromPort: SMTP,
          toPort: SMTP,
          ...everywhere,
        }),
      );
    }
    this.allowOut(SMTP, "Mail to the primaries");
    this.allowOut(80, "Debian packages, signed");
    this.allowOut(443, "What the host runs, SpamAssassin rules, virus signatures");
  }

  /** Lets the host ask the name servers of the world. */
  allowDns(): void {
    this.allowOut(DNS, "Questions to name servers, long ones");
    if (this.node.tryFindChild("OutDnsIpv4") === undefined) {
      addressed(
        new VpcSecurityGroupEgressRule(this, "OutDnsIpv4", {
          securityGroupId: this.securityGroup.id,
          description: "Questions to name servers",
          ipProtocol: "udp",
          fromPort: DNS,
          toPort: DNS,
          ...EVERYWHERE.Ipv4,
        }),
      );
    }
  }

  /**
   * Opens a port to the outside; once is enough.
   *
   * @param name a name for the rule where the port is known only at deploy time
   */
  allowOut(
    port: number,
    description: string,
    name: string | number = port,
    version: IpVersion = "Ipv4",
  ): void {
    const id = `Out${name}${version}`;
    if (this.node.tryFindChild(id) === undefined) {
      addressed(
        new VpcSecurityGroupEgressRule(this, id, {
          securityGroupId: this.securityGroup.id,
          description,
          ipProtocol: "tcp",
          fromPort: port,
          toPort: port,
          ...EVERYWHERE[version],
        }),
      );
    }
  }
}
