import { createHash } from "node:crypto";

/** A label that looks random, hence does not compress, and is the same in every run. */
export function randomName(index: number): string {
  return `d${createHash("sha256").update(String(index)).digest("hex").slice(0, 20)}`;
}
