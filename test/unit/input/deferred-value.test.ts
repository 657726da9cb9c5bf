import { isDeferred, withoutDeferred } from "../../../lib/input/deferred-value";

const REFERENCE = `\${TfToken[TOKEN.12]}`;
/** This is how CDK for Terraform encodes a number that is known at deploy time only. */
const NUMBER = -1.8881545897087626e289;

describe("a value of deploy time", () => {
  test.each([
    [REFERENCE],
    [`mx2.${REFERENCE}`],
    [`${REFERENCE}.example.com`],
    [`[${REFERENCE}]:587`],
    [`info@${REFERENCE}`],
    [`https://${REFERENCE}/MailScanner-5.5.3-2.deb`],
    [`${REFERENCE}${REFERENCE}`],
    [NUMBER],
  ])("may be %j", (value) => {
    expect(isDeferred(value)).toBe(true);
    // Twice: nothing may be remembered from one question to the next.
    expect(isDeferred(value)).toBe(true);
  });

  test.each([
    [""],
    ["example.com"],
    [`\${HOME}`],
    ["TfToken[TOKEN.1]"],
    [`${REFERENCE}\n`],
    [`${REFERENCE}'`],
    [`${REFERENCE} ${REFERENCE}`],
    [`\${TfToken[a\nb]}`],
    [`\${TfToken[a'b]}`],
    [0],
    [-1],
    [Number.NEGATIVE_INFINITY],
    [Number.NaN],
    [true],
    [null],
    [undefined],
    [[REFERENCE]],
    [{ value: REFERENCE }],
  ])("is not %p", (value) => {
    expect(isDeferred(value)).toBe(false);
  });

  test("can be taken out of a text, whatever its number", () => {
    const text = (reference: string, number: number) =>
      `${reference} relay:[${reference}]:${number}`;
    expect(withoutDeferred(text(REFERENCE, NUMBER))).toBe(" relay:[]:");
    expect(withoutDeferred(text(`\${TfToken[TOKEN.9]}`, -8.109562212591387e298))).toBe(
      " relay:[]:",
    );
    expect(withoutDeferred("example.com relay:[10.0.0.5]:25")).toBe(
      "example.com relay:[10.0.0.5]:25",
    );
  });
});
