import { Scanner } from "../../../../lib";
import { judgePart } from "../../../../lib/host/judge/judge";
import { mailPolicy } from "../../../../lib/mail/mail-policy";
import { configurationOf } from "../../../support/host-files";

const section = (scanner?: Scanner) =>
  judgePart(mailPolicy("mx2.example.com", { scanner })).configuration?.judge;

const DEFAULTS = {
  clamAv: false,
  timeLimit: "60s",
  unscanned: "deliver",
  deliverUnscannedAfter: "1h",
  quarantineLifetime: "30d",
  quarantineShare: "25",
  quarantineWhenFull: "deliver",
  messageSizeLimit: "52428800",
};
const OTHERS = {
  clamAv: true,
  timeLimit: "90s",
  unscanned: "quarantine",
  deliverUnscannedAfter: "never",
  quarantineLifetime: "2w",
  quarantineShare: 50,
  quarantineWhenFull: "wait",
} as const;

describe("what the judge is told", () => {
  test.each<[string, Scanner | undefined]>([
    ["mailscanner", undefined],
    ["mailscanner", Scanner.mailScanner()],
    ["rspamd", Scanner.rspamd()],
    ["none", Scanner.none()],
  ])("of %s: all of it, by default", (scanner, value) => {
    expect(section(value)).toEqual({ scanner, ...DEFAULTS });
  });

  test.each<[string, Scanner]>([
    ["mailscanner", Scanner.mailScanner(OTHERS)],
    ["rspamd", Scanner.rspamd(OTHERS)],
  ])("of %s: what the props say", (scanner, value) => {
    expect(section(value)).toEqual({
      scanner,
      ...OTHERS,
      quarantineShare: "50",
      messageSizeLimit: "52428800",
    });
  });

  test.each([Scanner.mailScanner(), Scanner.rspamd(), Scanner.none()])(
    "reaches every host",
    (scanner) => {
      expect(configurationOf({ scanner }).judge).toEqual(section(scanner));
    },
  );
});
