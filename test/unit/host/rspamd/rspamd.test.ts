import { refusals } from "../../../support/part";

const GOOD = { spamScore: "6", highSpamScore: "15" };
const refused = (...sections: unknown[]) =>
  refusals("host/rspamd/rspamd", sections, "part.PROGRAM = '/bin/sh'");

test("scores are taken, and so is a host without rspamd", () => {
  expect(refused(GOOD, { spamScore: "0.5", highSpamScore: "6.25" }, null)).toEqual([
    null,
    null,
    null,
  ]);
});

test.each([
  ["one that is no score", { ...GOOD, spamScore: "6; reject = 0" }, /spamScore that is no score/],
  ["one of two lines", { ...GOOD, highSpamScore: "15\n" }, /highSpamScore that is no score/],
  ["a number", { ...GOOD, spamScore: 6 }, /spamScore that is no score/],
  ["a negative one", { ...GOOD, spamScore: "-1" }, /spamScore that is no score/],
  ["an order that makes no sense", { spamScore: "15", highSpamScore: "15" }, /not less than/],
  ["one alone", { spamScore: "6" }, /without spamScore and highSpamScore/],
  ["more", { ...GOOD, servers: "192.0.2.1" }, /without spamScore and highSpamScore/],
])("%s is refused", (_, section, reason) => {
  expect(refused(section)).toEqual([expect.stringMatching(reason)]);
});

test("a host without the package refuses the section", () => {
  expect(refusals("host/rspamd/rspamd", [GOOD], "part.PROGRAM = '/nowhere'")).toEqual([
    "asks for rspamd, which this host does not have",
  ]);
});
