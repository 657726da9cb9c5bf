import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { badInput } from "./bad-input";
import { isDeferred } from "./deferred-value";
import { singleLine } from "./text";

/**
 * The URL of a Debian package that the host downloads.
 *
 * @throws if it is not one
 */
export function packageUrl(prop: string, value: string): string {
  const isUrl =
    typeof value === "string" && /^https?:\/\/[\w.:[\]-]+\/[\w./%+~@=-]+\.deb$/.test(value);
  if (!isDeferred(value) && !isUrl) {
    throw badInput(
      prop,
      value,
      "is not the URL of a Debian package; give one that begins with https:// and ends in .deb",
    );
  }
  return value;
}

/**
 * A SHA-256 checksum in lower case; empty if none is known.
 *
 * @throws if it is not one
 */
export function packageSha256(prop: string, value = ""): string {
  const isSum = typeof value === "string" && /^([0-9a-f]{64})?$/i.test(value);
  if (!isDeferred(value) && !isSum) {
    throw badInput(
      prop,
      value,
      "is not a SHA-256 checksum; give the 64 hexadecimal digits that sha256sum prints",
    );
  }
  return isDeferred(value) ? value : value.toLowerCase();
}

/** A Debian package that lies on this machine. */
export interface PackageFile {
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
}

/** How every Debian package begins: an archive whose first file says of which format it is. */
const BEGINNING = "!<arch>\ndebian-binary";

/**
 * @param expected its checksum as `packageSha256()` returns it
 * @throws if the file cannot be read, is no Debian package, or has another checksum
 */
export function packageFile(prop: string, path: string, expected: string): PackageFile {
  singleLine(prop, path);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw badInput(
      prop,
      path,
      `cannot be read (${(error as NodeJS.ErrnoException).code}); give the path of a Debian package`,
    );
  }
  if (content.toString("latin1", 0, BEGINNING.length) !== BEGINNING) {
    throw badInput(prop, path, "is no Debian package; give the .deb file as it was downloaded");
  }
  const sha256 = createHash("sha256").update(content).digest("hex");
  if (expected !== "" && !isDeferred(expected) && expected !== sha256) {
    throw badInput(prop, path, `has the checksum ${sha256}, not the expected ${expected}`);
  }
  return { path: resolve(path), sha256 };
}
