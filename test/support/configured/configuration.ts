import {
  type BackupMxDomain,
  type BackupMxProps,
  RecipientVerification,
  Scanner,
} from "../../../lib";
import { mailDomain } from "../../../lib/mail/mail-domain";
import { mailPolicy } from "../../../lib/mail/mail-policy";
import { postfixSection } from "../../../lib/mail/postfix/postfix";

export const HOSTNAME = "mx2.example.net";
export const VERSION = "0123456789abcdef";

/** A configuration as it lies in the bucket. */
export interface Configuration {
  hostname: string;
  version: string;
  postfix: {
    "main.cf": string[];
    postscreen: boolean;
    transport: string[];
    tls_policy: string[];
    recipients: string[];
    aliases: string[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: each section is its part's
  [section: string]: any;
}

/** The configuration of a host for some domains. */
export function configurationOf(
  domains: readonly (string | BackupMxDomain)[] = ["example.com"],
  props: Partial<BackupMxProps> = {},
): Configuration {
  const policy = mailPolicy(HOSTNAME, {
    scanner: Scanner.none(),
    greetTest: false,
    ...props,
  });
  const postfix = postfixSection(
    policy,
    domains.map((domain, n) =>
      mailDomain(
        `domains[${n}]`,
        typeof domain === "string"
          ? {
              name: domain,
              primaries: [{ hostname: "mx1.example.com" }],
              recipients: RecipientVerification.list([`anna@${domain}`]),
            }
          : domain,
        HOSTNAME,
      ),
    ),
    "203.0.113.25",
  );
  return {
    hostname: HOSTNAME,
    version: VERSION,
    // Tests spoil it.
    postfix: structuredClone(postfix) as Configuration["postfix"],
    judge: { scanner: policy.scanner.kind },
    watch: { interval: "30s", domains: [] },
    upkeep: { restartTime: "03:30" },
    undeliverable: { refusedQueueLifetime: "5d", nonDeliveryReports: "proven" },
  };
}
