import { setTimeout as sleep } from "node:timers/promises";
import { PATIENCE_SECONDS } from "./patience";

/**
 * Waits until a question has an answer, and returns it.
 *
 * @param question asked again and again until it returns something else than false or nothing
 * @param seconds the patience, after which it throws
 */
export async function eventually<T>(
  question: () => T | Promise<T>,
  seconds = PATIENCE_SECONDS,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const asked = Date.now();
    const answer = await question();
    if (answer !== false && answer !== null && answer !== undefined) {
      return answer as Exclude<T, false | null | undefined>;
    }
    if (Date.now() > deadline) {
      throw new Error(`still not after ${seconds} s: ${question}`);
    }
    // A question that takes long keeps the machine busy: asking takes a third of the time at most.
    await sleep(Math.max(50, 2 * (Date.now() - asked)));
  }
}
