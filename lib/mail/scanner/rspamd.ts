import { badInput } from "../../input/bad-input";
import { decimalNumber } from "../../input/decimal-number";
import { isDeferred } from "../../input/deferred-value";
import type { ScannerProps } from "./scanner-props";

/** The largest score that a prop may name: no mail has more, and it is written without an exponent. */
const HIGHEST = 1000;

/** From which scores on mail is spam for rspamd, and what it shares with every scanner. */
export interface RspamdProps extends ScannerProps {
  /**
   * The score from which mail is spam, from 0.1 to 1000 with at most one decimal: it is forwarded
   * with the header `X-Spam-Status: Yes`. rspamd's action `add header`.
   * Source: https://rspamd.com/doc/configuration/metrics.html
   *
   * @default 6
   */
  readonly spamScore?: number | undefined;
  /**
   * The score from which mail certainly is spam, from 0.1 to 1000 with at most one decimal and
   * greater than `spamScore`: it stays in the quarantine. rspamd's action `reject`.
   * Source: https://rspamd.com/doc/configuration/metrics.html
   *
   * @default 15
   */
  readonly highSpamScore?: number | undefined;
}

/** From which scores on mail is spam, as texts. */
export interface SpamScores {
  readonly spamScore: string;
  readonly highSpamScore: string;
}

/**
 * @throws if a score cannot be used, or the lower one is not lower
 */
export function spamScores(props: RspamdProps): SpamScores {
  const score = (name: keyof SpamScores, value: number) =>
    decimalNumber(`scanner.${name}`, value, 0.1, HIGHEST);
  const spam = score("spamScore", props.spamScore ?? 6);
  const highSpam = score("highSpamScore", props.highSpamScore ?? 15);
  if (!isDeferred(spam) && !isDeferred(highSpam) && spam >= highSpam) {
    throw badInput(
      "scanner.spamScore",
      spam,
      `is not less than ${highSpam}, from which mail certainly is spam; lower it, or raise highSpamScore`,
    );
  }
  return { spamScore: String(spam), highSpamScore: String(highSpam) };
}
