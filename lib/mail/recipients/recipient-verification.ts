import type { TableEntry } from "../postfix/lookup-table";
import { recipientAddress } from "./recipient-address";
import { RecipientFile } from "./recipient-file";

/** What happens to a recipient while every primary is down, so that nobody can be asked. */
export enum WhenUnreachable {
  /** Accept the recipient; some of this mail will prove undeliverable. */
  ACCEPT = "accept",
  /** The sender is told to try again with 450, unless the primary has confirmed him before. */
  DEFER = "defer",
}

/** How the primary is asked. */
export interface CallOutOptions {
  /**
   * What happens to a recipient while every primary is down.
   *
   * @default WhenUnreachable.ACCEPT
   */
  readonly whenUnreachable?: WhenUnreachable | undefined;
}

/**
 * How the backup knows which recipients of a domain exist. A backup that accepts every recipient
 * is a magnet for spam, which its primary refuses later.
 */
export class RecipientVerification {
  /**
   * Asks the primary, and remembers its answer for 31 days. An unknown recipient is refused while
   * the primary answers. `whenUnreachable` says what happens while all primaries are down.
   *
   * Source: https://www.postfix.org/ADDRESS_VERIFICATION_README.html
   */
  static callOut(options: CallOutOptions = {}): RecipientVerification {
    return new RecipientVerification([], Unlisted.VERIFY, options.whenUnreachable);
  }

  /**
   * Accepts the listed recipients and no others, whether the primary answers or not; postmaster and
   * abuse of the domain, too, which every domain has to have (RFC 5321 4.5.1, RFC 2142).
   *
   * @param addresses every recipient of the domain, such as `info@example.com`
   * @throws at synth time if the list is empty or an address is of another domain
   */
  static list(addresses: readonly string[]): RecipientVerification {
    return new RecipientVerification(addresses, Unlisted.REJECT);
  }

  /**
   * Accepts the listed recipients at once and asks the primary for all others.
   *
   * @param addresses recipients of the domain, such as `info@example.com`
   * @throws at synth time if an address is of another domain
   */
  static listThenCallOut(
    addresses: readonly string[],
    options: CallOutOptions = {},
  ): RecipientVerification {
    return new RecipientVerification(addresses, Unlisted.VERIFY, options.whenUnreachable);
  }

  /**
   * As `list()`, from a text file that is read at synthesis: one address a line; lines that are
   * empty or begin with `#` mean nothing.
   *
   * @param path the file, absolute or from the working directory
   * @throws at synth time if the file cannot be read, has no address, or a line is not an address
   * of the domain
   */
  static listFile(path: string): RecipientVerification {
    return new RecipientVerification([], Unlisted.REJECT, undefined, RecipientFile.read(path));
  }

  /**
   * As `listThenCallOut()`, from a text file as for `listFile()`.
   *
   * @param path the file, absolute or from the working directory
   * @throws at synth time if the file cannot be read, or a line is not an address of the domain
   */
  static listFileThenCallOut(path: string, options: CallOutOptions = {}): RecipientVerification {
    const file = RecipientFile.read(path);
    return new RecipientVerification([], Unlisted.VERIFY, options.whenUnreachable, file);
  }

  /**
   * Accepts every recipient. Mail to one that does not exist is kept, and then refused by the
   * primary: the queue fills with spam.
   */
  static none(): RecipientVerification {
    return new RecipientVerification([], Unlisted.ACCEPT);
  }

  private readonly addresses: readonly string[];

  private constructor(
    addresses: readonly string[],
    private readonly unlisted: Unlisted,
    private readonly whenUnreachable = WhenUnreachable.ACCEPT,
    private readonly file?: RecipientFile,
  ) {
    this.addresses = [...addresses];
  }

  /** Whether unverified recipients are accepted while the primaries are down. @internal */
  get acceptsWhileUnreachable(): boolean {
    return this.unlisted === Unlisted.VERIFY && this.whenUnreachable === WhenUnreachable.ACCEPT;
  }

  /** Whether they are told to try again, as the user has asked for. @internal */
  get defersWhileUnreachable(): boolean {
    return this.unlisted === Unlisted.VERIFY && this.whenUnreachable === WhenUnreachable.DEFER;
  }

  /** Whether every recipient is accepted. @internal */
  get acceptsAll(): boolean {
    return this.unlisted === Unlisted.ACCEPT;
  }

  /** Whether the primary is asked about those that are on no list. @internal */
  get asksPrimary(): boolean {
    return this.unlisted === Unlisted.VERIFY;
  }

  /**
   * The entries of the access(5) table that decide before the primary is asked.
   *
   * @param prop the name of the prop, for errors
   * @param domain the relay domain
   * @param refusal what an unlisted recipient is answered when the list is all there is
   *
   * @internal
   */
  accessEntries(prop: string, domain: string, refusal: string): TableEntry[] {
    const listed = [
      ...this.addresses.map((address) => recipientAddress(prop, address, domain)),
      ...(this.file?.addresses(prop, domain) ?? []),
    ];
    if (listed.length === 0 && this.unlisted === Unlisted.REJECT) {
      throw new Error(
        `${prop} is an empty list and would refuse every recipient of ${domain}; ` +
          "list the recipients or use RecipientVerification.callOut()",
      );
    }
    if (this.unlisted === Unlisted.REJECT) {
      listed.push(`postmaster@${domain}`, `abuse@${domain}`);
    }
    const entries = [...new Set(listed)].map((key) => ({ key, value: "OK" }));
    switch (this.unlisted) {
      case Unlisted.VERIFY:
        return entries;
      case Unlisted.REJECT:
        return [...entries, { key: domain, value: refusal }];
      case Unlisted.ACCEPT:
        return [...entries, { key: domain, value: "OK" }];
    }
  }
}

/** What becomes of a recipient that is on no list. */
enum Unlisted {
  VERIFY,
  REJECT,
  ACCEPT,
}
