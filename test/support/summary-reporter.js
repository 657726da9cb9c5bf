/** Ends the run with one plain line that any CI can read. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    // A suite that did not even start has no failed test of its own, and must not look green.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    process.stdout.write(`${results.numPassedTests} passed, ${failed} failed${tail}\n`);
  }
};
