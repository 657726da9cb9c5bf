import type { BackupMxProps } from "../../lib";
import { backup } from "./backup";
import {
  archivedFiles,
  type DeployedHost,
  deployedHost,
  readConfiguration,
  type SynthesizedStack,
  type WrittenFile,
  writtenFiles,
} from "./synthesized";

/** The address of every host of `hostOf`. */
export const PUBLIC_ADDRESS = "203.0.113.25";

/** The bucket of every host of `hostOf`. */
export const BUCKET = "backup-mx-20261101120000123400000001.s3.eu-central-1.amazonaws.com";

/** A host of a stack, as it is deployed. */
export function hostIn(stack: SynthesizedStack, index = 0): DeployedHost {
  return deployedHost(stack, { publicAddress: PUBLIC_ADDRESS, bucket: BUCKET }, index);
}

/** The host of a backup with these props, as it is deployed. */
export function hostOf(props: Partial<BackupMxProps> = {}): DeployedHost {
  return hostIn(backup(props));
}

/** The configuration of a host of a stack, as the host reads it. */
// biome-ignore lint/suspicious/noExplicitAny: each section is its program's
export function configurationIn(stack: SynthesizedStack, index = 0): any {
  return readConfiguration(hostIn(stack, index).objects.configuration);
}

/** The configuration of a backup with these props, as its host reads it. */
// biome-ignore lint/suspicious/noExplicitAny: each section is its program's
export function configurationOf(props: Partial<BackupMxProps> = {}): any {
  return configurationIn(backup(props));
}

/** What an instance is for all its life. */
export interface InstanceFacts {
  readonly hostname: string;
  readonly version: string;
  readonly store: string;
  readonly programs: string;
  readonly processor?: string;
  readonly queue: { readonly volume: string; readonly devices: readonly string[] };
  readonly parts: readonly string[];
  readonly downloads: { readonly [name: string]: object };
}

/** What an instance is for all its life, out of its user data. */
export function factsIn({ userData }: DeployedHost): InstanceFacts {
  return JSON.parse(writtenFiles(userData)["/etc/backup-mx/host.json"].content);
}

/** What the instance of a backup with these props is for all its life. */
export function factsOf(props: Partial<BackupMxProps> = {}): InstanceFacts {
  return factsIn(hostOf(props));
}

/** The programs of a host by path, as it unpacks them. */
export function programsIn({ objects }: DeployedHost): { readonly [path: string]: WrittenFile } {
  const [archive] = Object.entries(objects).flatMap(([key, text]) =>
    key.startsWith("programs/") ? [text] : [],
  );
  return archivedFiles(archive);
}
