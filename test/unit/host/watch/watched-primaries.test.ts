import { watchedPrimaries } from "../../../../lib/host/watch/watched-primaries";
import { mailDomain, type PrimaryProps } from "../../../../lib/mail/mail-domain";
import { mailPolicy } from "../../../../lib/mail/mail-policy";
import { postfixSection } from "../../../../lib/mail/postfix/postfix";
import {
  RecipientVerification,
  WhenUnreachable,
} from "../../../../lib/mail/recipients/recipient-verification";

const HOSTNAME = "mx2.example.net";

const domain = (
  name: string,
  recipients?: RecipientVerification,
  primaries: readonly PrimaryProps[] = [{ hostname: `mx1.${name}` }],
) => mailDomain("domains[0]", { name, primaries, recipients }, HOSTNAME);
const DEFER = { whenUnreachable: WhenUnreachable.DEFER };
const LIST = (name: string) => [`info@${name}`];

const restrictions = (...domains: ReturnType<typeof domain>[]) =>
  postfixSection(mailPolicy(HOSTNAME, {}), domains, "203.0.113.7")["main.cf"].join("\n");

describe("what the watch reads", () => {
  test("are the routes that mail takes", () => {
    const primaries = [
      { hostname: "mx2.example.com", preference: 20, port: 2525 },
      { hostname: "mx1.example.com", preference: 10, address: "2001:db8::5" },
    ];
    expect(watchedPrimaries([domain("example.com", undefined, primaries)])).toEqual([
      "example.com accept [2001:db8::5]:25 [mx2.example.com]:2525",
    ]);
  });

  test("says who is accepted unverified: only who is verified at other times", () => {
    expect(
      watchedPrimaries([
        domain("a.example", RecipientVerification.callOut()),
        domain("b.example", RecipientVerification.callOut(DEFER)),
        domain("c.example", RecipientVerification.list(LIST("c.example"))),
        domain("d.example", RecipientVerification.listThenCallOut(LIST("d.example"))),
        domain("e.example", RecipientVerification.listThenCallOut(LIST("e.example"), DEFER)),
        domain("f.example", RecipientVerification.none()),
      ]).map((line) => line.split(" ").slice(0, 2).join(" ")),
    ).toEqual([
      "a.example accept",
      "b.example defer",
      "c.example defer",
      "d.example accept",
      "e.example defer",
      "f.example defer",
    ]);
  });

  test("follows from the domains, whatever their order", () => {
    const domains = ["b.example", "a.example", "c.example"].map((name) => domain(name));
    expect(watchedPrimaries(domains)).toEqual(watchedPrimaries([...domains].reverse()));
  });

  test("follows from the domains, also where their names are known only at deploy time", () => {
    // Every construct before takes a number.
    const order = (first: number) =>
      watchedPrimaries(
        ["mx1.example.com", "mx2.example.com"].map((hostname, number) =>
          domain(`\${TfToken[TOKEN.${first + number}]}`, undefined, [{ hostname }]),
        ),
      ).map((line) => line.split(" ")[2]);
    expect(order(1)).toEqual(["[mx1.example.com]:25", "[mx2.example.com]:25"]);
    expect(order(9)).toEqual(order(1));
  });
});

describe("the table of outages", () => {
  const LOOKUP = "check_recipient_access lmdb:$data_directory/outages, reject_unverified_recipient";

  test("is looked up just before a recipient is verified", () => {
    expect(restrictions(domain("a.example"))).toContain(LOOKUP);
  });

  test("is not looked up where nobody is accepted unverified", () => {
    const strict = domain("a.example", RecipientVerification.callOut(DEFER));
    expect(restrictions(strict)).not.toContain("data_directory/outages");
  });
});

describe("a value that cannot be used", () => {
  test.each([["4s"], ["11m"], ["1h"], ["0s"]])("watchInterval %s", (watchInterval) => {
    expect(() => mailPolicy(HOSTNAME, { watchInterval })).toThrow(
      `watchInterval "${watchInterval}" is out of range; give a duration from "5s" to "10m"`,
    );
  });

  test("watchInterval without a unit", () => {
    expect(() => mailPolicy(HOSTNAME, { watchInterval: "30" })).toThrow(
      /^watchInterval "30" is not a duration/,
    );
  });

  test.each([["5s"], ["300s"], ["10m"]])("but %s can", (watchInterval) => {
    expect(mailPolicy(HOSTNAME, { watchInterval }).watchInterval).toBe(watchInterval);
  });

  test("a restriction behind the verification, which an outage would skip", () => {
    const smtpdRecipientRestrictions = [
      "reject_unauth_destination",
      "reject_unverified_recipient",
      "reject_rbl_client zen.example.org",
    ];
    expect(() => mailPolicy(HOSTNAME, { smtpdRecipientRestrictions })).toThrow(
      'smtpdRecipientRestrictions[2] "reject_rbl_client zen.example.org" would not be asked while a primary is down; put it before "reject_unverified_recipient"',
    );
  });
});
