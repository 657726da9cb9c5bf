import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { type AwsHost, type BoundFeature, NO_FEATURE } from "../feature";
import type { Statement } from "../server/instance-role";
import { type AcmeAuthority, certbotPart } from "./certbot";

/** Let's Encrypt. Source: https://letsencrypt.org/docs/acme-protocol-updates/ */
const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";

/** A zone of Route 53, such as a `Route53Zone`. */
export interface HostedZone {
  /** Its id, such as `Z0123456789ABCDEFGHIJ`. */
  readonly zoneId: string;
  /**
   * That a name is in the zone, as far as it is known.
   *
   * @throws if it is not
   */
  mustContain(name: string): void;
}

/** Who signs the certificate, and how the host proves that it has the name. */
export interface AcmeProps {
  /** The zone of Route 53 with the hostname: the host puts its proof there, and may no more. */
  readonly zone: HostedZone;
  /**
   * The address that the authority may write to.
   *
   * @default - nobody
   */
  readonly email?: string | undefined;
  /**
   * The directory of the authority, by the protocol ACME (RFC 8555). Its terms of service are
   * agreed to.
   *
   * @default - that of Let's Encrypt
   */
  readonly directoryUrl?: string | undefined;
}

/** The certificate that the host shows to those who send mail to it. */
export class Certificate {
  /**
   * Of an authority, for the hostname: got by certbot on the host (DNS-01, no open port), renewed
   * in time, its key kept on the queue volume. Until it is there, and if it cannot be had, a
   * self-signed one serves.
   *
   * @throws if a prop cannot be used
   */
  static acme(props: AcmeProps): Certificate {
    const { email, directoryUrl = LETS_ENCRYPT } = props;
    if (email !== undefined && !isDeferred(email) && !/^[\w.%+=~-]+@[\w.-]+\.[\w-]+$/.test(email)) {
      throw badInput("certificate.email", email, "is not a mail address; write it in full");
    }
    if (!isDeferred(directoryUrl) && !/^https:\/\/[\w.:[\]-]+\/[\w./%+~@=-]+$/.test(directoryUrl)) {
      throw badInput(
        "certificate.directoryUrl",
        directoryUrl,
        `is not the URL of an ACME directory; give one such as "${LETS_ENCRYPT}"`,
      );
    }
    return new Certificate(props.zone, { directoryUrl, email });
  }

  /** Signed by itself: mail on its way is encrypted, but nobody can tell to whom it goes. */
  static selfSigned(): Certificate {
    return new Certificate();
  }

  private constructor(
    private readonly zone?: HostedZone,
    /** Who signs it, if it is not the host itself. */
    private readonly authority?: AcmeAuthority,
  ) {}

  /**
   * @throws if the zone does not contain the hostname
   *
   * @internal
   */
  bind({ server: { hostname, role } }: AwsHost): BoundFeature {
    const { zone, authority } = this;
    if (zone === undefined || authority === undefined) {
      return NO_FEATURE;
    }
    zone.mustContain(hostname);
    role.grant("Certificate", ...rights(zone.zoneId, hostname));
    return { part: () => certbotPart(authority) };
  }
}

/**
 * The rights by which a host proves that it has a name: one TXT record of that very name, and what
 * certbot asks beside.
 *
 * Source: https://certbot-dns-route53.readthedocs.io and
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
 */
function rights(zoneId: string, hostname: string): Statement[] {
  return [
    {
      Sid: "FindZone",
      Effect: "Allow",
      Action: ["route53:ListHostedZones"],
      Resource: "*",
    },
    {
      Sid: "AwaitChange",
      Effect: "Allow",
      Action: ["route53:GetChange"],
      Resource: "arn:*:route53:::change/*",
    },
    {
      Sid: "Prove",
      Effect: "Allow",
      Action: ["route53:ChangeResourceRecordSets"],
      Resource: `arn:*:route53:::hostedzone/${zoneId}`,
      Condition: {
        "ForAllValues:StringEquals": {
          "route53:ChangeResourceRecordSetsNormalizedRecordNames": [`_acme-challenge.${hostname}`],
          "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
          "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
        },
      },
    },
  ];
}
