import { gunzipSync } from "node:zlib";
import { parse } from "yaml";

/** A file as cloud-init writes it. */
export interface WrittenFile {
  readonly content: string;
  readonly permissions?: string;
}

/** The files of a `#cloud-config` document by path, decoded as cloud-init decodes them. */
export function writtenFiles(userData: string): { readonly [path: string]: WrittenFile } {
  const entries: { path: string; content: string; encoding?: string; permissions?: string }[] =
    parse(userData).write_files;
  return Object.fromEntries(
    entries.map(({ path, content, encoding, permissions }) => [
      path,
      {
        content:
          encoding === "gz+b64"
            ? gunzipSync(Buffer.from(content, "base64")).toString("utf8")
            : content,
        ...(permissions === undefined ? {} : { permissions }),
      },
    ]),
  );
}
