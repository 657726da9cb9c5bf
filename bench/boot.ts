import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { stringify } from "yaml";
import { HostWorld } from "../lab";

// How long a fresh Debian 13 boots until it takes mail, beside one whose cloud-init installs the same
// packages and nothing else; packages are at hand. As root: npx tsx bench/boot.ts
const ROUNDS = 3;
const PACKAGES = JSON.parse(
  execFileSync(
    "python3",
    [...["-B", "-c", "import json, packages; print(json.dumps(packages.OF_EVERY_HOST))"]],
    {
      encoding: "utf8",
      env: {
        ...process.env,
        PYTHONPATH: ["setup", "machine"]
          .map((folder) => resolve(__dirname, "../lib/host", folder))
          .join(":"),
      },
    },
  ),
);
const BARE = `#cloud-config\n${stringify({ package_update: true, packages: PACKAGES })}`;

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function measure(): Promise<void> {
  const world = await HostWorld.open();
  const seconds = async (userData?: string) => {
    const begin = Date.now();
    const host = await world.boot({ userData });
    try {
      await (userData === undefined ? world.answers(host) : host.cloudInit());
      return (Date.now() - begin) / 1000;
    } finally {
      await host.remove();
    }
  };
  try {
    // Whoever comes first, fetches the packages.
    await seconds(BARE);
    const bare: number[] = [];
    const ours: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await seconds(BARE));
      ours.push(await seconds());
    }
    const ratio = median(ours.map((time, round) => time / bare[round]));
    console.log(
      `takes mail after ${median(ours).toFixed(1)} s, bare cloud-init ${median(bare).toFixed(1)} s, ratio ${ratio.toFixed(2)}`,
    );
  } finally {
    await world.close();
  }
}

void measure();
