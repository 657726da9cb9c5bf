import { join } from "node:path";
import { TerraformStack } from "cdktf";
import { parse } from "yaml";
import {
  BackupMx,
  type BackupMxDomain,
  type BackupMxProps,
  type FeatureProps,
  RecipientVerification,
  Scanner,
} from "../../lib";
import { FEATURE_NAMES } from "../../lib/features";
import { EVERYTHING } from "../support/props";
import { newStack, only } from "../support/stack";

// Every subset of the optional features, each with all that a host can have beside them, with one
// domain and with a hundred. The features are read from the library, their values from EVERYTHING:
// a feature that has none there stops the compiler, and the first test.
//
// This file alone: npx jest test/unit/features.test.ts
// One subset: add --testNamePattern "a host with logs, resolver:"

// CDK for Terraform takes a stack trace for each reference, and Jest looks up the source of each line
// of it: that would be half of the time.
Error.prepareStackTrace = String;

const EXAMPLES: Required<FeatureProps> = EVERYTHING;

/** What cloud-init is given at most: the rest travels apart. EC2 takes 16 KiB. */
const USER_DATA_LIMIT = 6 * 1024;

const LISTED = RecipientVerification.listFile(join(__dirname, "../support/recipients.txt"));
const DNS_LISTS = ["zen.example.org*2"];

/** What a host may have beside the features: each subset of them meets all of these. */
const BESIDE: readonly (Pick<BackupMxProps, "scanner" | "postscreenDnsblSites"> &
  Pick<BackupMxDomain, "recipients"> & { readonly count: number; readonly scanner: Scanner })[] = [
  { count: 1, scanner: Scanner.none() },
  { count: 100, scanner: Scanner.mailScanner(), recipients: LISTED },
  { count: 1, scanner: Scanner.mailScanner({ clamAv: true }), postscreenDnsblSites: DNS_LISTS },
  { count: 1, scanner: Scanner.rspamd(), recipients: LISTED, postscreenDnsblSites: DNS_LISTS },
  { count: 100, scanner: Scanner.rspamd({ clamAv: true }), postscreenDnsblSites: DNS_LISTS },
];

const SUBSETS = Array.from({ length: 2 ** FEATURE_NAMES.length }, (_, subset) =>
  FEATURE_NAMES.filter((_, feature) => (subset & (2 ** feature)) !== 0),
);

test.each(FEATURE_NAMES)("the feature %s has an example", (name) => {
  expect(EXAMPLES[name]).toBeDefined();
});

test("each scanner is among them", () => {
  const kinds = new Set(BESIDE.map(({ scanner }) => scanner.kind));
  expect([...kinds].sort()).toEqual(["mailscanner", "none", "rspamd"]);
});

test.each(SUBSETS.map((names) => [names.join(", ") || "no feature", names] as const))(
  "a host with %s: is synthesized, with one domain and with a hundred",
  (_, names) => {
    const features = Object.fromEntries(names.map((name) => [name, EXAMPLES[name]]));
    for (const { count, recipients, ...beside } of BESIDE) {
      const mx = new BackupMx(newStack(), "Mx2", {
        hostname: "mx2.example.net",
        ...features,
        ...beside,
      });
      const primaries = [{ hostname: "mx1.example.com" }];
      mx.addDomain({ name: "example.com", primaries, recipients });
      for (let index = 1; index < count; index++) {
        mx.addDomain({ name: `d${index}.example.com`, primaries });
      }
      const { userData, judge } = hostOf(mx);
      expect(userData.length).toBeLessThan(USER_DATA_LIMIT);
      expect(userData).toMatch(/^#cloud-config\n/);
      expect(parse(userData)).toMatchObject({
        fqdn: "mx2.example.net",
        runcmd: [expect.any(Array)],
      });
      const { kind, clamAv } = beside.scanner;
      expect(judge).toMatchObject({ scanner: kind, clamAv });
      expect(/"clamav"/.test(userData)).toBe(clamAv);
      expect(/"rspamd"/.test(userData)).toBe(kind === "rspamd");
      expect(/"mailscanner"/.test(userData)).toBe(kind === "mailscanner");
    }
  },
);

/** The user data of a backup, which has to be valid, and what its judge is told. */
function hostOf(mx: BackupMx): { readonly userData: string; readonly judge: object } {
  // Not those of the whole stack: CDK for Terraform asks for the version of Terraform each time.
  expect(mx.node.validate()).toEqual([]);
  const { resource, locals } = TerraformStack.of(mx).toTerraform();
  const { judge } = locals.mx2_example_net_Store_Content;
  return { userData: only(resource, "aws_instance").user_data, judge };
}
