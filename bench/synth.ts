import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack, Testing } from "cdktf";
import { BackupMx, Route53Zone } from "../lib";
import { byHand } from "./by-hand";

// How much longer it takes to synthesize backups than the same resources that somebody wrote by
// hand, with user data that were there already: npx tsx bench/synth.ts
const COUNT = 100;
const ROUNDS = 5;
const ZONE_ID = "Z0123456789ABCDEFGHIJ";

function milliseconds(fill: (stack: TerraformStack, index: number) => void): number {
  const stack = new TerraformStack(Testing.app(), "bench");
  new AwsProvider(stack, "Aws", { region: "eu-central-1" });
  const begin = performance.now();
  for (let index = 0; index < COUNT; index++) {
    fill(stack, index);
  }
  Testing.synth(stack, true);
  return performance.now() - begin;
}

const domain = (index: number) => `d${index}.example.com`;

const withLibrary = () =>
  milliseconds((stack, index) => {
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

/** As long as those of a backup. */
const USER_DATA = `#cloud-config\n# VOLUME ADDRESS\n${"# a line of user data\n".repeat(2000)}`;

const withoutLibrary = () =>
  milliseconds((stack, index) =>
    byHand(stack, `Mx${index}`, {
      hostname: `mx2.${domain(index)}`,
      domain: domain(index),
      zoneId: ZONE_ID,
      userData: USER_DATA,
    }),
  );

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

// The first round warms up. Both in turn, so that what else the machine does meets both.
const rounds = Array.from({ length: ROUNDS + 1 }, () => ({
  library: withLibrary(),
  hand: withoutLibrary(),
})).slice(1);
const library = median(rounds.map((round) => round.library));
const hand = median(rounds.map((round) => round.hand));
const ratio = median(rounds.map((round) => round.library / round.hand));
console.log(
  `${COUNT} backups: ${Math.round(library)} ms, by hand ${Math.round(hand)} ms, ratio ${ratio.toFixed(2)}`,
);
