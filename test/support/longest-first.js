const { default: Sequencer } = require("@jest/test-sequencer");

/**
 * The files that take longest. The first two make an image of Debian each; what needs these images
 * as well comes when they are there.
 */
const LONGEST = [
  "host/queue.test.ts",
  "host/faults.test.ts",
  "host/configuration.test.ts",
  "host/setup.test.ts",
  "host/fidelity.test.ts",
  "host/operations.test.ts",
  "host/aws-services.test.ts",
  "text/lifecycle.test.ts",
  "text/what-replaces.test.ts",
  "behaviour/watch-crowd.test.ts",
  "behaviour/configuration.test.ts",
  "behaviour/judge-scanner.test.ts",
  "behaviour/outage-table.test.ts",
  "host/whole.test.ts",
  "host/guests.test.ts",
  "behaviour/judge-faults.test.ts",
  "behaviour/command.test.ts",
  "text/mx-records.test.ts",
  "text/terraform.test.ts",
  "host/queue-volume.test.ts",
  "behaviour/judge-flood.test.ts",
  "text/leaving.test.ts",
];

/** Long files first, on a machine that has never run them as well. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = LONGEST.findIndex((name) => path.endsWith(`/${name}`));
      return place === -1 ? LONGEST.length : place;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
