const { writeSync } = require("node:fs");

/** Ends the run with one plain line that any CI can read. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    // A suite that did not even start has no failed test of its own, and must not look green.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    // Jest's own summary comes after every other reporter.
    process.once("exit", () => {
      writeSync(1, `${results.numPassedTests} passed, ${failed} failed${tail}\n`);
    });
  }
};
