import type { Construct } from "constructs";
import { type HostPart, NOTHING } from "../host/host-part";
import type { MailDomain } from "../mail/mail-domain";
import type { MailPolicy } from "../mail/mail-policy";
import type { MailServer } from "./server/mail-server";

/** The host that a feature is for. */
export interface AwsHost {
  /** Where its constructs go. */
  readonly scope: Construct;
  readonly policy: MailPolicy;
  /** The instance with its address, firewall, role and disk. */
  readonly server: MailServer;
  /** The KMS key that encrypts what the host stores. */
  readonly kmsKeyArn?: string;
}

/** A feature of a host: what the user chose, such as `Monitoring.toEmail(…)`. */
export interface Feature {
  /** Makes what the feature needs in AWS. */
  bind(host: AwsHost): BoundFeature;
  /**
   * What a node in another region gets of it, if it is not the same.
   *
   * @param prop where the node would have a feature of its own
   * @throws if it can serve no other region
   */
  elsewhere?(prop: string): Feature;
}

/** A feature that belongs to a host. */
export interface BoundFeature {
  /**
   * Looks at one more domain before anything is made for it.
   *
   * @throws if the feature and the domain contradict each other
   */
  check?(domain: MailDomain): void;
  /** Does what one more domain asks for. */
  addDomain?(domain: MailDomain): void;
  /** What it brings to the host; asked when every domain is known. */
  part(): HostPart;
}

/** A feature that is off. */
export const NO_FEATURE: BoundFeature = { part: () => NOTHING };
