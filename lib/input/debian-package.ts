import { badInput } from "./bad-input";
import { isDeferred } from "./deferred-value";

/**
 * The URL of a Debian package that the host downloads.
 *
 * @throws if it is not one
 */
export function packageUrl(prop: string, value: string): string {
  if (!isDeferred(value) && !/^https?:\/\/[\w.:[\]-]+\/[\w./%+~@=-]+\.deb$/.test(value)) {
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
  if (value !== "" && !isDeferred(value) && !/^[0-9a-f]{64}$/i.test(value)) {
    throw badInput(
      prop,
      value,
      "is not a SHA-256 checksum; give the 64 hexadecimal digits that sha256sum prints",
    );
  }
  return isDeferred(value) ? value : value.toLowerCase();
}
