import { mailDomain } from "../../../../lib/mail/mail-domain";
import { PrimaryTls } from "../../../../lib/mail/postfix/primary-tls";
import { tlsPolicies } from "../../../../lib/mail/postfix/tls-policies";

const PRINT = Array(32).fill("aB").join(":");

const policies = (...ways: (PrimaryTls | undefined)[]) =>
  tlsPolicies(
    ways.map((tls, index) =>
      mailDomain(
        `domains[${index}]`,
        { name: `d${index}.example`, primaries: [{ hostname: "mx1.example.com", tls }] },
        "mx2.example.net",
      ),
    ),
  ).map(({ key, value }) => `${key} ${value}`);

describe("the TLS policy of a primary", () => {
  test.each([
    ["encrypt", PrimaryTls.encrypt(), "encrypt"],
    ["dane", PrimaryTls.dane(), "dane"],
    ["verify", PrimaryTls.verify(), "secure match=mx1.example.com"],
    [
      "fingerprint",
      PrimaryTls.fingerprint(PRINT, PRINT),
      `fingerprint match=${PRINT.toUpperCase()} match=${PRINT.toUpperCase()}`,
    ],
  ])("%s", (_, tls, value) => {
    expect(policies(tls)).toEqual([`[mx1.example.com]:25 ${value}`]);
  });

  test("is none by default, and one for all domains of a primary", () => {
    expect(policies(undefined)).toEqual([]);
    expect(policies(PrimaryTls.encrypt(), undefined, PrimaryTls.encrypt())).toHaveLength(1);
  });

  test("may not contradict that of another domain", () => {
    expect(() => policies(PrimaryTls.encrypt(), PrimaryTls.verify())).toThrow(
      'domains[1].primaries[0].tls "secure match=mx1.example.com" differs from "encrypt" elsewhere for the same primary; give both the same',
    );
  });

  test.each([["AB:CD"], [PRINT.replaceAll(":", "")], [`${PRINT}\nx`]])(
    "has no fingerprint %j",
    (fingerprint) => {
      expect(() => policies(PrimaryTls.fingerprint(fingerprint))).toThrow(
        /^domains\[0\]\.primaries\[0\]\.tls ".*" is not a SHA-256 fingerprint; give/,
      );
    },
  );

  test("has at least one fingerprint", () => {
    expect(() => policies(PrimaryTls.fingerprint())).toThrow(
      "domains[0].primaries[0].tls has no fingerprint; give that of the primary's certificate",
    );
  });
});
