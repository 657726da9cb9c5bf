import { domainName } from "../../../lib/input/domain-name";

const label = (length: number) => "a".repeat(length);

describe("a domain name", () => {
  test.each([
    ["example.com", "example.com"],
    ["MX2.Example.COM", "mx2.example.com"],
    ["example.com.", "example.com"],
    ["a-b.c--d.example", "a-b.c--d.example"],
    ["1.example", "1.example"],
    ["xn--mnchen-3ya.de", "xn--mnchen-3ya.de"],
    ["münchen.de", "xn--mnchen-3ya.de"],
    ["MÜNCHEN.de.", "xn--mnchen-3ya.de"],
    ["例え.jp", "xn--r8jz45g.jp"],
    // The full stop of Japanese keyboards.
    ["example。com", "example.com"],
    [`${label(63)}.example`, `${label(63)}.example`],
    // A name that is known at deploy time only.
    [`\${TfToken[TOKEN.7]}`, `\${TfToken[TOKEN.7]}`],
    [`mx2.\${TfToken[TOKEN.7]}`, `mx2.\${TfToken[TOKEN.7]}`],
  ])("%j is %j", (value, name) => {
    expect(domainName("name", value)).toBe(name);
  });

  test.each([
    [""],
    ["."],
    ["localhost"],
    ["com."],
    [".example.com"],
    ["a..example.com"],
    ["example.com.."],
    ["192.0.2.1"],
    ["2001:db8::1"],
    ["[192.0.2.1]"],
    ["１９２.0.2.1"],
    ["-a.example.com"],
    ["a-.example.com"],
    ["_dmarc.example.com"],
    ["*.example.com"],
    ["exam ple.com"],
    [" example.com"],
    ["example.com\n"],
    ["example.com\u0000"],
    ["example.com\u0085"],
    ["info@example.com"],
    ["http://example.com"],
    ["example.com/"],
    ["example.com:25"],
    ["example.com#"],
    ["mx'2.example.com"],
    [`\${HOME}.example.com`],
    [`${label(64)}.example`],
    [`${"ü".repeat(63)}.example`],
    [`${"a.".repeat(126)}example`],
  ])("%j is none", (value) => {
    expect(() => domainName("domains[0].name", value)).toThrow(
      /^domains\[0\]\.name ".*" is not a fully qualified domain name; write it in full/,
    );
  });

  // The function of Node.js that knows IDNA takes host names of URLs and cuts off what follows.
  test.each([
    ["münchen.de/index.html"],
    ["münchen.de#top"],
    ["münchen.de?x"],
    ["münchen.de\\x"],
    ["münchen%2ede"],
    ["info@münchen.de"],
    ["münchen.de:25"],
    ["münchen_x.de"],
  ])("%j is none, and not a name with a tail to cut off", (value) => {
    expect(() => domainName("name", value)).toThrow(/is not a fully qualified domain name/);
  });

  // Half of it is known now, and that half can be wrong now.
  test.each([
    [`\${TfToken[TOKEN.7]}\nmynetworks = 0.0.0.0/0`],
    [`\${TfToken[TOKEN.7]}'`],
    [`mx 2.\${TfToken[TOKEN.7]}`],
  ])("%j is none, whatever the reference in it stands for", (value) => {
    expect(() => domainName("name", value)).toThrow(/^name ".*" /);
  });
});
