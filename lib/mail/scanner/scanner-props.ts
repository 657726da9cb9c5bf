/** What is looked for, for how long, and what becomes of the mail. The same for every scanner. */
export interface ScannerProps {
  /**
   * Whether ClamAV looks for viruses. What has one stays in the quarantine. ClamAV needs 1.2 GiB of
   * memory, and twice that while it reads new signatures: take an instance with 4 GiB.
   * Source: https://docs.clamav.net/manual/Installing/Docker.html#memory-ram-requirements
   *
   * @default false
   */
  readonly clamAv?: boolean | undefined;
  /**
   * How long the scanner may work on one mail, from 10 seconds to 10 minutes. The first try ends
   * after a sixth of it, so that a bad mail holds up little else. A second try has the whole time;
   * with rspamd, which judges several mails at once, a sixth again. Then the scanner is started
   * anew, and the mail goes on as `unscanned` says.
   *
   * @default "60s"
   */
  readonly timeLimit?: string | undefined;
  /**
   * What becomes of a mail that the scanner could not judge: it took longer than `timeLimit`, or
   * the scanner broke at it, or was down for too long. `deliver` forwards the mail with the header
   * `X-Backup-MX: not scanned`, `quarantine` keeps it on the host.
   *
   * @default "deliver"
   */
  readonly unscanned?: "deliver" | "quarantine" | undefined;
  /**
   * How long a mail waits for a scanner that is down, at least a minute. Then it goes on as
   * `unscanned` says. With `never` it waits until the scanner is back, and is given up after
   * `maximalQueueLifetime`.
   *
   * @default "1h"
   */
  readonly deliverUnscannedAfter?: string | undefined;
  /**
   * How long a mail is kept in the quarantine, from a day to ten years. Then it is deleted.
   *
   * @default "30d"
   */
  readonly quarantineLifetime?: string | undefined;
  /**
   * How much of the queue volume the quarantine may fill, in percent: a whole number from 1 to 50.
   *
   * @default 25
   */
  readonly quarantineShare?: number | undefined;
  /**
   * What becomes of a mail for a quarantine that is full; nothing is deleted before its time to
   * make room. `deliver` forwards the mail, marked as what it is. With `wait` it waits in the queue
   * until there is room, and is given up after `maximalQueueLifetime`.
   *
   * @default "deliver"
   */
  readonly quarantineWhenFull?: "deliver" | "wait" | undefined;
}
