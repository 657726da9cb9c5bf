import { NOTHING } from "../../host/host-part";
import { unboundPart } from "../../host/resolver/unbound";
import { domainName } from "../../input/domain-name";
import { type MailDomain, usesDane } from "../../mail/mail-domain";
import type { MailPolicy } from "../../mail/mail-policy";
import type { AwsHost, BoundFeature } from "../feature";

/**
 * The resolver of a VPC, at the address that is the same in all of them.
 *
 * Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
 */
const VPC_RESOLVER = "169.254.169.253";

/** What the resolver of the host leaves to another. */
export interface LocalResolverProps {
  /**
   * Zones that exist in the private network only, such as `corp.example`: the resolver of the VPC is
   * asked about them, and they are not validated.
   *
   * @default - none
   */
  readonly privateZones?: readonly string[] | undefined;
}

/** Who resolves names for the host. */
export class Resolver {
  /** The resolver of the VPC, which many share: lists in DNS refuse it, and it does not validate. */
  static ofVpc(): Resolver {
    return new Resolver(false, []);
  }

  /**
   * A resolver on the host, unbound, which asks the servers of each domain and validates what is
   * signed. The firewall lets port 53 out.
   *
   * @throws if a zone is not a domain name
   */
  static local(props: LocalResolverProps = {}): Resolver {
    const zones = props.privateZones ?? [];
    return new Resolver(
      true,
      zones.map((zone, index) => domainName(`resolver.privateZones[${index}]`, zone)),
    );
  }

  /** A local one if anything needs it, otherwise that of the VPC. @internal */
  static readonly WHERE_NEEDED = new Resolver(undefined, []);

  private constructor(
    private readonly isLocal: boolean | undefined,
    private readonly privateZones: readonly string[],
  ) {}

  /** @internal */
  bind({ policy, server }: AwsHost): BoundFeature {
    let isLocal = this.isLocalFor(policy, []);
    if (isLocal) {
      server.firewall.allowDns();
    }
    return {
      check: (domain) => {
        this.isLocalFor(policy, [domain]);
      },
      addDomain: (domain) => {
        isLocal ||= this.isLocalFor(policy, [domain]);
        if (isLocal) {
          server.firewall.allowDns();
        }
      },
      part: () => (isLocal ? unboundPart(this.privateZones, VPC_RESOLVER) : NOTHING),
    };
  }

  /**
   * @throws if something needs a local one, and the user wants none
   */
  private isLocalFor(policy: MailPolicy, domains: readonly MailDomain[]): boolean {
    const user =
      policy.postscreenDnsblSites.length > 0
        ? "postscreenDnsblSites"
        : domains.some(usesDane)
          ? "PrimaryTls.dane()"
          : undefined;
    if (this.isLocal === false && user !== undefined) {
      throw new Error(
        `resolver Resolver.ofVpc() leaves ${user} without the resolver that it needs; leave the prop out`,
      );
    }
    return this.isLocal ?? user !== undefined;
  }
}
