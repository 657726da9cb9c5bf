import { BackupMx } from "../../../../lib";
import { mailDomain } from "../../../../lib/mail/mail-domain";
import { mailPolicy } from "../../../../lib/mail/mail-policy";
import { postfixSection } from "../../../../lib/mail/postfix/postfix";
import { newStack } from "../../../support/stack";

const HOSTNAME = "mx2.example.net";
const DOMAIN = { name: "example.com", primaries: [{ hostname: "mx1.example.com" }] };
const MIB = 1024 ** 2;

const mainCf = (props: Parameters<typeof mailPolicy>[1]) =>
  postfixSection(
    mailPolicy(HOSTNAME, props),
    [mailDomain("domains[0]", DOMAIN, HOSTNAME)],
    "192.0.2.1",
  )["main.cf"].join("\n");

describe("room on the queue volume", () => {
  test("is left for all senders that can be served at a time", () => {
    const text = mainCf({ messageSizeLimit: MIB });
    const [, senders] = /^default_process_limit = (\d+)$/m.exec(text) ?? [];
    const [, reserve] = /^queue_minfree = (\d+)$/m.exec(text) ?? [];
    expect(Number(reserve)).toBeGreaterThan(Number(senders) * MIB);
  });

  test("must be twice that", () => {
    const build = (queueVolumeSize?: number, messageSizeLimit?: number) =>
      new BackupMx(newStack(), "Mx2", {
        hostname: HOSTNAME,
        domains: [DOMAIN],
        queueVolumeSize,
        messageSizeLimit,
      });
    expect(() => build(6)).toThrow(
      "queueVolumeSize 6 is too small for the mail that can be in flight; give at least 7, or lower messageSizeLimit",
    );
    expect(() => build(undefined, 500 * MIB)).toThrow(/^queueVolumeSize 20 .* at least 69/);
    build(7);
    build(1, MIB);
  });

  test("cannot be given to more senders by a free setting", () => {
    expect(() => mainCf({ postfixSettings: { default_process_limit: "100" } })).toThrow(
      /^postfixSettings.default_process_limit "100" cannot be set/,
    );
  });
});
