import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until a question has an answer, and returns it.
 *
 * @param question asked again and again until it returns something else than false or nothing
 * @param seconds the patience, after which it throws
 */
export async function eventually<T>(
  question: () => T | Promise<T>,
  seconds = 10,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer !== false && answer !== null && answer !== undefined) {
      return answer as Exclude<T, false | null | undefined>;
    }
    if (Date.now() > deadline) {
      throw new Error(`still not after ${seconds} s: ${question}`);
    }
    await sleep(50);
  }
}
