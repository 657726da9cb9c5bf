const { default: Sequencer } = require("@jest/test-sequencer");

/**
 * The files that take longest, those first that wait most. What runs beside them is short, so that
 * no worker is left alone with a long one in the end.
 */
const LONGEST = [
  "host/queue.test.ts",
  "host/aws-services.test.ts",
  "host/operations.test.ts",
  "text/lifecycle.test.ts",
  "host/faults.test.ts",
  "host/whole.test.ts",
  "host/recipient-file.test.ts",
  "text/mx-records.test.ts",
  "behaviour/outage-table.test.ts",
  "text/terraform.test.ts",
  "host/queue-volume.test.ts",
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
