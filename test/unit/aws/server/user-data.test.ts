import { terraformLiteral, userDataSize } from "../../../../lib/aws/server/user-data";

const REFERENCE = `\${TfToken[TOKEN.3]}`;

describe("a text for Terraform", () => {
  test.each([
    ["plain", "plain"],
    ["$x $(y) $1 100%", "$x $(y) $1 100%"],
    [`\${x}`, `$\${x}`],
    [`%{http_code}`, `%%{http_code}`],
    [`\${a:-\${b}}%{c}`, `$\${a:-$\${b}}%%{c}`],
    [REFERENCE, REFERENCE],
    [`\${x}${REFERENCE}%{y}`, `$\${x}${REFERENCE}%%{y}`],
    // A second dollar sign would make it a text that begins with "${".
    [`$${REFERENCE}`, `\${"$"}${REFERENCE}`],
  ])("%j is written %j", (text, literal) => {
    expect(terraformLiteral(text)).toBe(literal);
  });
});

describe("the size of user data", () => {
  test("is counted in bytes", () => {
    expect(userDataSize("ä€🚀").plain).toBe(2 + 3 + 4);
  });

  test("counts a reference as the name of a bucket, the longest that there is", () => {
    const bucket = "backup-mx-20261101120000123400000001.s3.eu-central-1.amazonaws.com";
    expect(userDataSize(`a ${REFERENCE} b ${REFERENCE}`).plain).toBe(
      `a ${bucket} b ${bucket}`.length,
    );
  });

  test("is smaller after compression", () => {
    const { plain, compressed } = userDataSize("example.com relay:\n".repeat(1000));
    expect(plain).toBe(19_000);
    expect(compressed).toBeLessThan(200);
  });
});
