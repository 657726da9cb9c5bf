/**
 * How many processes of a kind Postfix runs, and so how many senders it serves at a time.
 * `default_process_limit`, https://www.postfix.org/postconf.5.html; Postfix's own default is 100.
 */
export const PROCESS_LIMIT = 50;

/**
 * Messages that may be on the disk twice while they are handed on: the judge holds ten of the
 * largest at a time, in its own file and in the queue behind it, until Postfix deletes the first.
 */
const JUDGE_COPIES = 20;

/**
 * The disk space in bytes below which Postfix takes no more mail from strangers. Postfix looks only
 * when a mail begins: all senders may then send the largest message at once, and what the judge has
 * in hand still has to be written on its way to the primary.
 */
export function queueReserve(messageSizeLimit: number): number {
  return (PROCESS_LIMIT + JUDGE_COPIES) * messageSizeLimit;
}
