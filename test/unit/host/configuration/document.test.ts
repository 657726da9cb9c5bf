import { refusal, refusals } from "../../../support/configured/checker";
import { configurationOf } from "../../../support/configured/configuration";
import { describeWith, program, root } from "../../../support/requirements";

const GOOD = configurationOf();
const TEXT = JSON.stringify(GOOD);
const bytes = (text: string) => Buffer.from(text);

describeWith(
  [root, program("postfix", "postfix postfix-lmdb"), program("python3", "python3")],
  "a configuration as it lies in the store",
  () => {
    test("is taken", () => {
      expect(refusal(bytes(TEXT))).toBeNull();
      expect(refusal(bytes(JSON.stringify(GOOD, null, 2)))).toBeNull();
    });

    test("is refused when it is cut, wherever", () => {
      const cuts = Array.from({ length: 40 }, (_, n) => Math.floor((TEXT.length * n) / 40));
      for (const reason of refusals(cuts.map((cut) => bytes(TEXT.slice(0, cut))))) {
        expect(reason).toMatch(/^is not whole, or not JSON: /);
      }
    });

    test.each<[string, Buffer | object, RegExp]>([
      ["another object behind it", bytes(TEXT + TEXT), /not whole/],
      ["bytes that are no text", Buffer.from([...bytes(TEXT.slice(0, -1)), 0xff]), /not whole/],
      ["a byte order mark", bytes(`\ufeff${TEXT}`), /not whole/],
      ["a list instead of an object", bytes("[]"), /not an object/],
      ["nothing", bytes("null"), /not an object/],
      ["a name twice", bytes(TEXT.replace("{", '{"version":"0",')), /a name is there twice/],
      [
        "a name twice within",
        bytes(TEXT.replace('"watch":{', '"watch":{"interval":"1",')),
        /twice/,
      ],
      ["a fraction", { ...GOOD, watch: { interval: 1.5 } }, /not a whole number/],
      ["an exponent", bytes(TEXT.replace('"30s"', "1e999")), /not a whole number/],
      ["no number", bytes(TEXT.replace('"30s"', "NaN")), /not a whole number/],
      ["an infinite number", bytes(TEXT.replace('"30s"', "-Infinity")), /not a whole number/],
      ["an enormous number", bytes(TEXT.replace('"30s"', "9".repeat(100_000))), /too large/],
      ["half a surrogate", bytes(TEXT.replace('"30s"', '"\\ud800"')), /control character/],
      ["a newline", bytes(TEXT.replace('"30s"', '"a\\nb"')), /control character/],
      ["a NUL", bytes(TEXT.replace('"30s"', '"a\\u0000b"')), /control character/],
      ["another newline of Unicode", bytes(TEXT.replace('"30s"', '"a\\u0085b"')), /control/],
      ["a newline in a name", { ...GOOD, watch: { "a\nb": "" } }, /control character/],
      ["a nest without end", bytes(`${"[".repeat(200_000)}`), /not whole|too many values/],
      ["a deep nest", bytes(TEXT.replace('"30s"', "[".repeat(50) + "]".repeat(50))), /too deep/],
      ["millions of values", bytes(`[${"[],".repeat(2_000_000)}[]]`), /too many values/],
      ["64 MB and more", bytes(JSON.stringify({ ...GOOD, x: "x".repeat(64 << 20) })), /larger/],
      ["the name of another host", { ...GOOD, hostname: "mx3.example.net" }, /another host/],
      ["no name", { ...GOOD, hostname: undefined }, /another host/],
      ["another version", { ...GOOD, version: "0".repeat(16) }, /another version/],
      ["no version", { ...GOOD, version: undefined }, /another version/],
      [
        "an unknown section",
        { ...GOOD, extra: {} },
        /section 'extra' that this host does not know/,
      ],
      ["a section with a path", { ...GOOD, "../../tmp": {} }, /does not know/],
      [
        "a section that is a text",
        { ...GOOD, watch: "30s" },
        /section watch that is not an object/,
      ],
      [
        "a section that is nothing",
        { ...GOOD, watch: null },
        /section watch that is not an object/,
      ],
      ["no Postfix", { ...GOOD, postfix: undefined }, /no section postfix/],
    ])("is refused with %s", (_, wanted, reason) => {
      expect(refusal(wanted)).toMatch(reason);
    });

    test("may have a section that has units alone", () => {
      expect(refusal({ ...GOOD, monitoring: { port25Probe: "" } })).toBeNull();
    });
  },
);
