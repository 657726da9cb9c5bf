import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import { Construct } from "constructs";
import {
  BackupMx,
  type BackupMxNodeProps,
  Network,
  RecipientVerification,
  Route53Zone,
} from "../lib";
import { hostPrograms } from "../lib/programs";
import { byHand } from "./by-hand";

// How much longer it takes to synthesize backups than the same resources that somebody wrote by
// hand, with texts for the host that were there already; and one backup with many domains, beside as many bare
// constructs: npx tsx bench/synth.ts
const COUNT = 100;
const DOMAINS = 10_000;
const ROUNDS = 5;
const ZONE_ID = "Z0123456789ABCDEFGHIJ";

function milliseconds(fill: (stack: TerraformStack) => void): number {
  const stack = new TerraformStack(Testing.app(), "bench");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  const begin = performance.now();
  fill(stack);
  Testing.synth(stack, true);
  return performance.now() - begin;
}

/** A number of things, by their indices. */
function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const domain = (index: number) => `d${index}.example.com`;

const withLibrary = () =>
  milliseconds((stack) => {
    times(COUNT, (index) => {
      new BackupMx(stack, `Mx${index}`, {
        hostname: `mx2.${domain(index)}`,
        domains: [
          {
            name: domain(index),
            primaries: [{ hostname: `mx1.${domain(index)}` }],
            zone: Route53Zone.fromZoneId(ZONE_ID),
          },
        ],
      });
    });
  });

/** Each as long as that of a backup, with what is special to Terraform written as it wants it. */
const lines = (count: number) => Array.from({ length: count }, () => "# a line of some length");
const USER_DATA = `#cloud-config\n# VOLUME STORE\n${lines(200).join("\n")}`;
const PROGRAMS = hostPrograms().text.replace(/[$%](?=\{)/g, "$&$&");
const CONFIGURATION = { postfix: { "main.cf": lines(150) }, mailscanner: { settings: lines(100) } };

const withoutLibrary = () =>
  milliseconds((stack) => {
    times(COUNT, (index) =>
      byHand(stack, `Mx${index}`, {
        hostname: `mx2.${domain(index)}`,
        domain: domain(index),
        zoneId: ZONE_ID,
        userData: USER_DATA,
        programs: PROGRAMS,
        configuration: CONFIGURATION,
      }),
    );
  });

/** One backup with a recipient of each domain, on one host or on two. */
const withManyDomains = (nodes: BackupMxNodeProps[]) =>
  milliseconds((stack) => {
    new BackupMx(stack, "Mx2", {
      hostname: "mx2.example.net",
      nodes,
      domains: times(DOMAINS, (index) => ({
        name: domain(index),
        primaries: [{ hostname: `mx1.${domain(index)}` }],
        recipients: RecipientVerification.listThenCallOut([`info@${domain(index)}`]),
      })),
    });
  });

const bareConstructs = () =>
  milliseconds((stack) => {
    times(DOMAINS, (index) => new Construct(stack, domain(index)));
  });

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

// The first round warms up. Both in turn, so that what else the machine does meets both.
const rounds = times(ROUNDS + 1, () => ({
  library: withLibrary(),
  hand: withoutLibrary(),
})).slice(1);
const library = median(rounds.map((round) => round.library));
const hand = median(rounds.map((round) => round.hand));
const ratio = median(rounds.map((round) => round.library / round.hand));
console.log(
  `${COUNT} backups: ${Math.round(library)} ms, by hand ${Math.round(hand)} ms, ratio ${ratio.toFixed(2)}`,
);

const ANOTHER: BackupMxNodeProps = {
  hostname: "mx3.example.net",
  network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
};
const many = times(ROUNDS + 1, () => ({
  one: withManyDomains([]),
  two: withManyDomains([ANOTHER]),
  bare: bareConstructs(),
})).slice(1);
const bare = median(many.map((round) => round.bare));
console.log(`${DOMAINS} bare constructs: ${Math.round(bare)} ms`);
for (const [hosts, name] of [
  ["one host", "one"],
  ["two hosts", "two"],
] as const) {
  const took = median(many.map((round) => round[name]));
  const ratio = median(many.map((round) => round[name] / round.bare));
  console.log(
    `a backup with ${DOMAINS} domains on ${hosts}: ${Math.round(took)} ms, ratio ${ratio.toFixed(1)}`,
  );
}
