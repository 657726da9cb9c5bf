import type { RspamdProps, ScannerProps } from "../../../../lib";
import { Scanner } from "../../../../lib/mail/scanner/scanner";

/** Each factory that takes the props of every scanner. */
const FACTORIES: [string, (props?: ScannerProps) => Scanner][] = [
  ["mailScanner", (props) => Scanner.mailScanner(props)],
  ["rspamd", (props) => Scanner.rspamd(props)],
];

/** A number of deploy time, as CDK for Terraform encodes it. */
const NUMBER = -1.8881545897087626e289;
const REFERENCE = `\${TfToken[TOKEN.1]}`;

describe.each(FACTORIES)("Scanner.%s()", (_, scanner) => {
  test("by default", () => {
    expect(scanner()).toMatchObject({
      clamAv: false,
      timeLimit: "60s",
      unscanned: "deliver",
      deliverUnscannedAfter: "1h",
      quarantineLifetime: "30d",
      quarantineShare: "25",
      quarantineWhenFull: "deliver",
    });
    expect(scanner({})).toEqual(scanner());
  });

  test("takes a prop that is undefined for one that was left out", () => {
    const names = Object.keys({
      clamAv: 0,
      timeLimit: 0,
      unscanned: 0,
      deliverUnscannedAfter: 0,
      quarantineLifetime: 0,
      quarantineShare: 0,
      quarantineWhenFull: 0,
    } satisfies Record<keyof ScannerProps, number>);
    expect(scanner(Object.fromEntries(names.map((name) => [name, undefined])))).toEqual(scanner());
  });

  test.each<[ScannerProps, object]>([
    [{ clamAv: true }, { clamAv: true }],
    [{ timeLimit: "10s" }, { timeLimit: "10s" }],
    [{ timeLimit: "10m" }, { timeLimit: "10m" }],
    [{ unscanned: "quarantine" }, { unscanned: "quarantine" }],
    [{ deliverUnscannedAfter: "1m" }, { deliverUnscannedAfter: "1m" }],
    [{ deliverUnscannedAfter: "60s" }, { deliverUnscannedAfter: "60s" }],
    [{ deliverUnscannedAfter: "100d" }, { deliverUnscannedAfter: "100d" }],
    [{ deliverUnscannedAfter: "never" }, { deliverUnscannedAfter: "never" }],
    [{ quarantineLifetime: "1d" }, { quarantineLifetime: "1d" }],
    [{ quarantineLifetime: "24h" }, { quarantineLifetime: "24h" }],
    [{ quarantineLifetime: "3650d" }, { quarantineLifetime: "3650d" }],
    [{ quarantineShare: 1 }, { quarantineShare: "1" }],
    [{ quarantineShare: 50 }, { quarantineShare: "50" }],
    [{ quarantineWhenFull: "wait" }, { quarantineWhenFull: "wait" }],
    // Of deploy time.
    [{ deliverUnscannedAfter: REFERENCE }, { deliverUnscannedAfter: REFERENCE }],
    [{ quarantineLifetime: REFERENCE }, { quarantineLifetime: REFERENCE }],
    [{ quarantineShare: NUMBER }, { quarantineShare: String(NUMBER) }],
  ])("takes %j, which changes nothing else", (props, changed) => {
    expect({ ...scanner(props) }).toEqual({ ...scanner(), ...changed });
  });

  test.each<[string, object, RegExp]>([
    [
      "a text that says yes",
      { clamAv: "yes" },
      /^scanner\.clamAv "yes" is neither true nor false; /,
    ],
    ["a text that says no", { clamAv: "no" }, /^scanner\.clamAv "no" is neither true nor false; /],
    ["a number that says yes", { clamAv: 1 }, /^scanner\.clamAv 1 is neither true nor false; /],
    ["9 seconds", { timeLimit: "9s" }, /^scanner\.timeLimit "9s" .* from "10s" to "10m"$/],
    ["601 seconds", { timeLimit: "601s" }, /^scanner\.timeLimit "601s" .* from "10s" to "10m"$/],
    ["11 minutes", { timeLimit: "11m" }, /^scanner\.timeLimit "11m" is out of range; /],
    ["no limit", { timeLimit: "never" }, /^scanner\.timeLimit "never" is not a duration; /],
    ["a number of seconds", { timeLimit: 60 }, /^scanner\.timeLimit 60 is not a duration; /],
    ["a list", { timeLimit: ["60s"] }, /^scanner\.timeLimit \["60s"\] is not a duration; /],
    ["yes", { timeLimit: true }, /^scanner\.timeLimit true is not a duration; /],
    ["an empty text", { timeLimit: "" }, /^scanner\.timeLimit "" is not a duration; /],
    [
      "a limit of deploy time",
      { timeLimit: REFERENCE },
      /^scanner\.timeLimit ".*" is not known before deployment, .*; give a duration$/,
    ],
    [
      "another word",
      { unscanned: "reject" },
      /^scanner\.unscanned "reject" is not one of its words; give "deliver" or "quarantine"$/,
    ],
    ["a word of another prop", { unscanned: "wait" }, /^scanner\.unscanned "wait" /],
    ["no word", { unscanned: false }, /^scanner\.unscanned false /],
    [
      "59 seconds",
      { deliverUnscannedAfter: "59s" },
      /^scanner\.deliverUnscannedAfter "59s" is out of range; give a duration from "1m" to "100d" or "never"$/,
    ],
    ["101 days", { deliverUnscannedAfter: "101d" }, /^scanner\.deliverUnscannedAfter "101d" /],
    ["at once", { deliverUnscannedAfter: "0s" }, /^scanner\.deliverUnscannedAfter "0s" /],
    [
      "another word for never",
      { deliverUnscannedAfter: "Never" },
      /^scanner\.deliverUnscannedAfter "Never" is not a duration; .*, such as "21d" or "never"$/,
    ],
    ["false for never", { deliverUnscannedAfter: false }, /^scanner\.deliverUnscannedAfter false /],
    ["a number", { deliverUnscannedAfter: 3600 }, /^scanner\.deliverUnscannedAfter 3600 is not a/],
    [
      "23 hours",
      { quarantineLifetime: "23h" },
      /^scanner\.quarantineLifetime "23h" is out of range; give a duration from "1d" to "3650d"$/,
    ],
    ["3651 days", { quarantineLifetime: "3651d" }, /^scanner\.quarantineLifetime "3651d" /],
    ["for ever", { quarantineLifetime: "never" }, /^scanner\.quarantineLifetime "never" is not a/],
    ["a number of days", { quarantineLifetime: 30 }, /^scanner\.quarantineLifetime 30 is not a/],
    [
      "a share as a text",
      { quarantineShare: "25" },
      /^scanner\.quarantineShare "25" is out of range; give a whole number from 1 to 50$/,
    ],
    ["no share", { quarantineShare: 0 }, /^scanner\.quarantineShare 0 is out of range; /],
    ["more than half", { quarantineShare: 51 }, /^scanner\.quarantineShare 51 is out of range; /],
    ["a fraction", { quarantineShare: 0.25 }, /^scanner\.quarantineShare 0\.25 is out of range; /],
    ["no number", { quarantineShare: Number.NaN }, /^scanner\.quarantineShare NaN is out of range/],
    ["a percent sign", { quarantineShare: "25%" }, /^scanner\.quarantineShare "25%" is out of/],
    [
      "another word for a full quarantine",
      { quarantineWhenFull: "delete" },
      /^scanner\.quarantineWhenFull "delete" is not one of its words; give "deliver" or "wait"$/,
    ],
    [
      "a word of yet another",
      { quarantineWhenFull: "quarantine" },
      /^scanner\.quarantineWhenFull /,
    ],
  ])("refuses %s: %j", (_what, props, message) => {
    expect(() => scanner(props)).toThrow(message);
  });

  test.each<[string, unknown]>([
    ['"rspamd"', "rspamd"],
    ["true", true],
    ["null", null],
    ['[{"clamAv":true}]', [{ clamAv: true }]],
  ])("refuses %s in place of props", (shown, props) => {
    expect(() => scanner(props as ScannerProps)).toThrow(
      `scanner ${shown} is not an object; write the props in braces, or leave it out`,
    );
  });
});

describe("each scanner", () => {
  test.each<[string, Scanner]>([
    ["mailscanner", Scanner.mailScanner()],
    ["rspamd", Scanner.rspamd()],
    ["none", Scanner.none()],
  ])("%s is known by its kind", (kind, scanner) => {
    expect(scanner.kind).toBe(kind);
  });

  test.each([Scanner.rspamd(), Scanner.none()])(
    "but MailScanner has neither its package nor its settings",
    (scanner) => {
      const { packageUrl, packageFile, packageSha256 } = scanner;
      expect([packageUrl, packageFile, packageSha256]).toEqual(["", undefined, ""]);
      expect(scanner.settingLines()).toEqual([]);
    },
  );

  test.each([Scanner.mailScanner(), Scanner.none()])("but rspamd has no scores", (scanner) => {
    expect(scanner.spamScores).toBeUndefined();
  });

  test("none looks for no viruses", () => {
    expect(Scanner.none().clamAv).toBe(false);
  });
});

describe("the scores of rspamd", () => {
  const scores = (props: RspamdProps) => Scanner.rspamd(props).spamScores;

  test.each<[RspamdProps, string, string]>([
    [{}, "6", "15"],
    [{ spamScore: undefined, highSpamScore: undefined }, "6", "15"],
    [{ spamScore: 5 }, "5", "15"],
    [{ spamScore: 5.5, highSpamScore: 5.6 }, "5.5", "5.6"],
    [{ spamScore: 0.1, highSpamScore: 1000 }, "0.1", "1000"],
    [{ spamScore: 20, highSpamScore: 30 }, "20", "30"],
    // What is known later cannot be compared.
    [{ spamScore: NUMBER }, String(NUMBER), "15"],
    [{ spamScore: 900, highSpamScore: NUMBER }, "900", String(NUMBER)],
  ])("%j are texts", (props, spamScore, highSpamScore) => {
    expect(scores(props)).toEqual({ spamScore, highSpamScore });
  });

  test.each<[object, RegExp]>([
    [
      { spamScore: "6" },
      /^scanner\.spamScore "6" is out of range; give a number from 0\.1 to 1000/,
    ],
    [{ spamScore: 0 }, /^scanner\.spamScore 0 is out of range; /],
    [{ spamScore: -1 }, /^scanner\.spamScore -1 is out of range; /],
    [{ spamScore: 6.25 }, /^scanner\.spamScore 6\.25 is out of range; .* at most one decimal$/],
    [{ spamScore: Number.NaN }, /^scanner\.spamScore NaN is out of range; /],
    [{ highSpamScore: Number.POSITIVE_INFINITY }, /^scanner\.highSpamScore Infinity is out of/],
    [{ highSpamScore: 1e21 }, /^scanner\.highSpamScore 1e\+21 is out of range; /],
    [{ highSpamScore: true }, /^scanner\.highSpamScore true is out of range; /],
    [
      { spamScore: 15 },
      /^scanner\.spamScore 15 is not less than 15, from which mail certainly is spam; lower it, or raise highSpamScore$/,
    ],
    [{ highSpamScore: 6 }, /^scanner\.spamScore 6 is not less than 6, /],
    [{ spamScore: 8, highSpamScore: 7.9 }, /^scanner\.spamScore 8 is not less than 7\.9, /],
  ])("%j are refused", (props, message) => {
    expect(() => scores(props)).toThrow(message);
  });
});
