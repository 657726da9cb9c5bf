/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  transform: { "\\.ts$": ["@swc/jest"] },
  moduleNameMapper: { "^\\.(/.*)?/stack-trace$": "<rootDir>/test/support/no-stack-trace.js" },
  // After this time a test hangs. How fast a machine is, no test says.
  testTimeout: 30 * 60_000,
  // More than there are cores: for most of its time a test waits.
  maxWorkers: 6,
  testSequencer: "<rootDir>/test/support/longest-first.js",
  reporters: ["default", "<rootDir>/test/support/summary-reporter.js"],
};
