/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  transform: { "\\.ts$": ["@swc/jest"] },
  reporters: ["default", "<rootDir>/test/support/summary-reporter.js"],
};
