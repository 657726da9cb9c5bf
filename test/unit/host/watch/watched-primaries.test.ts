import { watchedPrimaries } from "../../../../lib/host/watch/watched-primaries";
import { mailDomain } from "../../../../lib/mail/mail-domain";
import { mailPolicy } from "../../../../lib/mail/mail-policy";
import { postfixFiles } from "../../../../lib/mail/postfix/postfix";
import {
  RecipientVerification,
  WhenUnreachable,
} from "../../../../lib/mail/recipients/recipient-verification";

const HOSTNAME = "mx2.example.net";

const domain = (
  name: string,
  recipients?: RecipientVerification,
  primaries = [{ hostname: `mx1.${name}` }],
) => mailDomain("domains[0]", { name, primaries, recipients }, HOSTNAME);
const DEFER = { whenUnreachable: WhenUnreachable.DEFER };
const LIST = (name: string) => [`info@${name}`];

/** By domain: what becomes of its recipients, and where it is reached. */
const watched = (...domains: ReturnType<typeof domain>[]) =>
  Object.entries(watchedPrimaries(domains)).map(([name, watched]) => {
    const { whenUnreachable, primaries } = watched as {
      whenUnreachable: string;
      primaries: string[];
    };
    return [name, whenUnreachable, ...primaries].join(" ");
  });
const restrictions = (...domains: ReturnType<typeof domain>[]) =>
  postfixFiles(mailPolicy(HOSTNAME, {}), domains, "203.0.113.7").get("/etc/postfix/main.cf");

describe("what the watch reads", () => {
  test("are the routes that mail takes", () => {
    const primaries = [
      { hostname: "mx2.example.com", preference: 20, port: 2525 },
      { hostname: "mx1.example.com", preference: 10, address: "2001:db8::5" },
    ];
    expect(watched(domain("example.com", undefined, primaries))).toEqual([
      "example.com accept [2001:db8::5]:25 [mx2.example.com]:2525",
    ]);
  });

  test("says who is accepted unverified: only who is verified at other times", () => {
    expect(
      watched(
        domain("a.example", RecipientVerification.callOut()),
        domain("b.example", RecipientVerification.callOut(DEFER)),
        domain("c.example", RecipientVerification.list(LIST("c.example"))),
        domain("d.example", RecipientVerification.listThenCallOut(LIST("d.example"))),
        domain("e.example", RecipientVerification.listThenCallOut(LIST("e.example"), DEFER)),
        domain("f.example", RecipientVerification.none()),
      ).map((line) => line.split(" ").slice(0, 2).join(" ")),
    ).toEqual([
      "a.example accept",
      "b.example defer",
      "c.example defer",
      "d.example accept",
      "e.example defer",
      "f.example defer",
    ]);
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
