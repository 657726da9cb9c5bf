/**
 * How many processes of a kind Postfix runs, and so how many senders it serves at a time.
 * `default_process_limit`, https://www.postfix.org/postconf.5.html; Postfix's own default is 100.
 */
export const PROCESS_LIMIT = 50;

/** Messages that MailScanner may have on the disk twice: a batch of ten, unpacked and put back. */
const SCANNER_COPIES = 20;

/**
 * The disk space in bytes below which Postfix takes no more mail. Postfix looks only when a mail
 * begins: all senders may then send the largest message at once, and the scanner still has to put
 * back what it took out of the queue.
 */
export function queueReserve(messageSizeLimit: number): number {
  return (PROCESS_LIMIT + SCANNER_COPIES) * messageSizeLimit;
}
