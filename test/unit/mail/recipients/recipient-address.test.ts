import { recipientAddress } from "../../../../lib/mail/recipients/recipient-address";

const read = (value: string) => recipientAddress("domains[0].recipients", value, "example.com");

describe("the address of a recipient", () => {
  test.each([
    ["info@example.com", "info@example.com"],
    ["Info@EXAMPLE.com", "info@example.com"],
    ["info@example.com.", "info@example.com"],
    ["first.last+tag@example.com", "first.last+tag@example.com"],
    ["o'neill@example.com", "o'neill@example.com"],
    ["=a#b$c{d}@example.com", "=a#b$c{d}@example.com"],
    [`\${TfToken[TOKEN.3]}`, `\${TfToken[TOKEN.3]}`],
  ])("%j is %j", (value, address) => {
    expect(read(value)).toBe(address);
  });

  test("a domain name in Unicode is the one in ASCII", () => {
    const read = () => recipientAddress("recipients", "info@münchen.de", "xn--mnchen-3ya.de");
    expect(read()).toBe("info@xn--mnchen-3ya.de");
  });

  test("of a domain that is known at deploy time only, the domain cannot be compared", () => {
    const domain = `\${TfToken[TOKEN.1]}`;
    expect(recipientAddress("recipients", "info@example.com", domain)).toBe("info@example.com");
  });

  test.each([
    [""],
    ["info"],
    ["@example.com"],
    ["in fo@example.com"],
    [" info@example.com"],
    ['"in fo"@example.com'],
    ["info,sales@example.com"],
    ["info@example.com@example.com"],
    // These would begin a comment, a continued line or another entry of the table.
    ["#info@example.com"],
    ["info\n@example.com"],
    ["info\t@example.com"],
    ["müller@example.com"],
    [`${"a".repeat(65)}@example.com`],
  ])("%j is none", (value) => {
    expect(() => read(value)).toThrow(
      /^domains\[0\]\.recipients ".*" is not a mail address; write it in full, such as "info@example\.com"$/,
    );
  });

  // Postfix refuses them on every backup MX, whatever a table says: behind them could stand the
  // address of a third party (postconf(5), allow_untrusted_routing).
  test.each([["user%elsewhere@example.com"], ["elsewhere!user@example.com"]])(
    "%j would never be accepted",
    (value) => {
      expect(() => read(value)).toThrow(/^domains\[0\]\.recipients ".*" /);
    },
  );

  test.each([["info@example.org"], ["info@sub.example.com"]])(
    "%j is of another domain",
    (value) => {
      expect(() => read(value)).toThrow(
        /is outside its domain; list only recipients of example.com/,
      );
    },
  );

  test.each([["info@localhost"], ["info@"], ["info@[192.0.2.1]"]])("%j has none", (value) => {
    expect(() => read(value)).toThrow(/is not a fully qualified domain name/);
  });

  test("a reference does not excuse what stands beside it", () => {
    expect(() => read(`info@\${TfToken[TOKEN.1]}\nexample.org OK`)).toThrow(/^domains\[0\]/);
  });
});
