import type { BackupMxProps } from "../../lib";
import { backup } from "./backup";
import { deployedUserData } from "./synthesized";
import { type WrittenFile, writtenFiles } from "./user-data";

/** The address of every host of `hostFiles`. */
export const PUBLIC_ADDRESS = "203.0.113.25";

/** The user data of a backup's host as the instance receives it. */
export function hostUserData(props: Partial<BackupMxProps> = {}): string {
  return deployedUserData(backup(props), PUBLIC_ADDRESS);
}

/** The files that cloud-init writes on a backup's host, by path. */
export function hostFiles(props: Partial<BackupMxProps> = {}): {
  readonly [path: string]: WrittenFile;
} {
  return writtenFiles(hostUserData(props));
}
