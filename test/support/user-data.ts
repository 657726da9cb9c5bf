import { parse } from "yaml";

/** A file as cloud-init writes it. */
export interface WrittenFile {
  readonly content: string;
  readonly permissions?: string;
}

/** The files of a `#cloud-config` document by path. */
export function writtenFiles(userData: string): { readonly [path: string]: WrittenFile } {
  const entries: ({ path: string } & WrittenFile)[] = parse(userData).write_files;
  return Object.fromEntries(entries.map(({ path, ...file }) => [path, file]));
}
