import { terraformLiteral, terraformLiterals } from "../../../lib/terraform/literal";

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
    [`$$$${REFERENCE}`, `\${"$$$"}${REFERENCE}`],
  ])("%j is written %j", (text, literal) => {
    expect(terraformLiteral(text)).toBe(literal);
  });
});

describe("a value for Terraform", () => {
  test("has each text in it as Terraform has to be given it, keys as well", () => {
    const value = {
      "%{key}": `\${x}`,
      list: ["plain", `%{y}`, [`${REFERENCE}`]],
      nested: { text: `$${REFERENCE}` },
    };
    expect(terraformLiterals(value)).toEqual({
      "%%{key}": `$\${x}`,
      list: ["plain", `%%{y}`, [REFERENCE]],
      nested: { text: `\${"$"}${REFERENCE}` },
    });
  });

  test.each([[true], [false], [0], [42], [null], [undefined]])("%j stays as it is", (value) => {
    expect(terraformLiterals(value)).toBe(value);
    expect(terraformLiterals([{ value }])).toEqual([{ value }]);
  });

  test("keeps the order of its lists", () => {
    expect(terraformLiterals(["b", "a", "b"])).toEqual(["b", "a", "b"]);
  });
});
