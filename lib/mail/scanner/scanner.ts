import { badInput } from "../../input/bad-input";
import { choice } from "../../input/choice";
import type { PackageFile } from "../../input/debian-package";
import { isDeferred } from "../../input/deferred-value";
import { duration, durationOr, seconds } from "../../input/duration";
import { propObject } from "../../input/prop-object";
import { wholeNumber } from "../../input/whole-number";
import { yesOrNo } from "../../input/yes-or-no";
import { MailScanner, type MailScannerProps } from "./mailscanner";
import { type RspamdProps, type SpamScores, spamScores } from "./rspamd";
import type { ScannerProps } from "./scanner-props";

/** How the host calls a scanner. */
export type ScannerKind = "mailscanner" | "rspamd" | "none";

/**
 * Who says what a mail is before it is forwarded. It is given a copy, and gives a verdict: the mail
 * itself stays with Postfix, and nothing of it is changed but that headers are added on top.
 */
export class Scanner {
  /**
   * MailScanner, with SpamAssassin inside. What may be spam is forwarded with the header
   * `X-Spam-Status: Yes`; what certainly is spam, and viruses, stay in the quarantine of the host.
   * Source: https://www.mailscanner.info
   *
   * @throws if a prop cannot be used
   */
  static mailScanner(props: MailScannerProps = {}): Scanner {
    const given = propObject("scanner", props);
    return new Scanner("mailscanner", given, { mailScanner: new MailScanner(given) });
  }

  /**
   * rspamd, Debian's package. What it finds is treated in the same way. It needs far less time for
   * a mail than MailScanner. Source: https://rspamd.com/doc/
   *
   * @throws if a prop cannot be used
   */
  static rspamd(props: RspamdProps = {}): Scanner {
    const given = propObject("scanner", props);
    return new Scanner("rspamd", given, { spamScores: spamScores(given) });
  }

  /** Nobody: mail is forwarded as it came. Spammers aim at the backup first: see docs/spam-and-viruses.md. */
  static none(): Scanner {
    return new Scanner("none", {});
  }

  /** Whether the host looks for viruses. @internal */
  readonly clamAv: boolean;
  /** For how long one mail is judged, as a duration. @internal */
  readonly timeLimit: string;
  /** What becomes of mail without a verdict. @internal */
  readonly unscanned: "deliver" | "quarantine";
  /** How long mail waits for a scanner that is down, as a duration or "never". @internal */
  readonly deliverUnscannedAfter: string;
  /** How long the quarantine keeps a mail, as a duration. @internal */
  readonly quarantineLifetime: string;
  /** The percent of the queue volume that the quarantine may fill. @internal */
  readonly quarantineShare: string;
  /** What becomes of mail for a quarantine that is full. @internal */
  readonly quarantineWhenFull: "deliver" | "wait";
  /** From which scores on mail is spam for rspamd; undefined of any other. @internal */
  readonly spamScores?: SpamScores;
  private readonly installed?: MailScanner;

  private constructor(
    /** Which it is. @internal */
    readonly kind: ScannerKind,
    props: ScannerProps,
    own: { readonly mailScanner?: MailScanner; readonly spamScores?: SpamScores } = {},
  ) {
    this.clamAv = yesOrNo("scanner.clamAv", props.clamAv ?? false);
    this.timeLimit = timeLimit(props.timeLimit ?? "60s");
    this.unscanned = choice("scanner.unscanned", props.unscanned ?? "deliver", [
      "deliver",
      "quarantine",
    ]);
    this.deliverUnscannedAfter = durationOr(
      ["never"],
      "scanner.deliverUnscannedAfter",
      props.deliverUnscannedAfter ?? "1h",
      "1m",
    );
    this.quarantineLifetime = duration(
      "scanner.quarantineLifetime",
      props.quarantineLifetime ?? "30d",
      "1d",
      "3650d",
    );
    this.quarantineShare = String(
      wholeNumber("scanner.quarantineShare", props.quarantineShare ?? 25, 1, 50),
    );
    this.quarantineWhenFull = choice(
      "scanner.quarantineWhenFull",
      props.quarantineWhenFull ?? "deliver",
      ["deliver", "wait"],
    );
    this.spamScores = own.spamScores;
    this.installed = own.mailScanner;
  }

  /** Where the package of MailScanner comes from; empty of any other. @internal */
  get packageUrl(): string {
    return this.installed?.packageUrl ?? "";
  }

  /** The package of MailScanner, where it is a file beside the stack. @internal */
  get packageFile(): PackageFile | undefined {
    return this.installed?.packageFile;
  }

  /** The expected checksum of the package in lower case; empty if none is known. @internal */
  get packageSha256(): string {
    return this.installed?.packageSha256 ?? "";
  }

  /** The lines of MailScanner's settings; none of any other. @internal */
  settingLines(): string[] {
    return this.installed?.settingLines(seconds(this.timeLimit)) ?? [];
  }
}

function timeLimit(value: string): string {
  if (isDeferred(value)) {
    throw badInput(
      "scanner.timeLimit",
      value,
      "is not known before deployment, and other limits of the host follow from it; give a duration",
    );
  }
  return duration("scanner.timeLimit", value, "10s", "10m");
}
