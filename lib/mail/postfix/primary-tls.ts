import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";

/** The policy that asks DNS for the certificate. */
export const DANE = "dane";

/**
 * How mail to a primary is encrypted. Where it says nothing, encryption is used if the primary
 * offers it. What does not meet it is not sent: mail waits, and recipients cannot be verified.
 *
 * Source: https://www.postfix.org/TLS_README.html#client_tls_levels
 */
export class PrimaryTls {
  /** Never in plain text. Whose certificate it is does not matter, so an attacker can be between. */
  static encrypt(): PrimaryTls {
    return new PrimaryTls("encrypt");
  }

  /** With a certificate of a public authority for the hostname of the primary. */
  static verify(): PrimaryTls {
    return new PrimaryTls("secure");
  }

  /**
   * With a certificate, of whatever authority, that has one of these fingerprints. Name the next
   * one beside the present before you renew it, or mail waits.
   *
   * @param sha256 as `openssl x509 -noout -fingerprint -sha256` prints them: 32 pairs of digits
   * @throws at synth time if there is none, or one is of another form
   */
  static fingerprint(...sha256: string[]): PrimaryTls {
    return new PrimaryTls("fingerprint", sha256);
  }

  /**
   * With the certificate that the primary names in DNS by a TLSA record, if its zone is signed. One
   * without such a record gets its mail as if no policy were given; with one that does not fit, or
   * whose signature is wrong, mail waits. Brings a validating resolver to the host, see
   * `Resolver.local()`.
   *
   * Source: https://www.postfix.org/TLS_README.html#client_tls_dane
   */
  static dane(): PrimaryTls {
    return new PrimaryTls(DANE);
  }

  private constructor(
    private readonly level: string,
    private readonly fingerprints: readonly string[] = [],
  ) {}

  /**
   * The value in a table of TLS policies.
   *
   * @param prop where this stands in the props
   * @param hostname the name that a certificate must be for
   * @param address where the primary is reached, if not where DNS says
   *
   * @internal
   */
  policy(prop: string, hostname: string, address?: string): string {
    switch (this.level) {
      case DANE:
        if (address !== undefined) {
          throw badInput(
            `${prop.replace(/\.tls$/, "")}.address`,
            address,
            "goes past DNS, where DANE finds the certificate; leave it out, or use PrimaryTls.fingerprint()",
          );
        }
        return DANE;
      case "encrypt":
        return this.level;
      case "secure":
        return `${this.level} match=${hostname}`;
    }
    if (this.fingerprints.length === 0) {
      throw new Error(`${prop} has no fingerprint; give that of the primary's certificate`);
    }
    const matches = this.fingerprints.map((fingerprint) => {
      if (!isDeferred(fingerprint) && !/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/i.test(fingerprint)) {
        throw badInput(
          prop,
          fingerprint,
          "is not a SHA-256 fingerprint; give the 32 pairs of digits that openssl prints, with colons",
        );
      }
      return `match=${isDeferred(fingerprint) ? fingerprint : fingerprint.toUpperCase()}`;
    });
    return [this.level, ...matches].join(" ");
  }
}
