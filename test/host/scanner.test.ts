import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { eventually, GOOD, HostWorld, type MailHost, message } from "../../lab";
import { MailScanner, type MailScannerProps } from "../../lib";
import { describeWith } from "../support/requirements";

const { BOB, HAS_SCANNER } = HostWorld;
const PACKAGE = process.env.BACKUP_MX_MAILSCANNER_DEB ?? "";
const scanner = (props: MailScannerProps = {}) =>
  MailScanner.install({ packageFile: PACKAGE, ...props });
if (!HAS_SCANNER) {
  process.stderr.write(
    "skipped: the settings of a scanner that runs: set BACKUP_MX_MAILSCANNER_DEB to the file MailScanner-5.5.3-2.noarch.deb\n",
  );
}

describeWith(HostWorld.NEEDS, "the settings of a scanner that runs", () => {
  let world: HostWorld;
  let host: MailHost;

  beforeAll(async () => {
    if (!HAS_SCANNER) {
      return;
    }
    world = await HostWorld.open();
    // No page is asked for the package: it lies in the bucket of the host.
    const stack = HostWorld.stack({ mailScanner: scanner() });
    const { bucket, name } = world.bucket();
    const file = readFileSync(PACKAGE);
    const sum = createHash("sha256").update(file).digest("hex");
    bucket.fill({ ...world.deployed(stack, name).objects, [`packages/${sum}.deb`]: file });
    host = await world.boot({ stack, bucket: { bucket, name } });
    expect(await host.cloudInit()).toEqual(GOOD);
  });

  afterAll(() => world?.close());

  const deploy = (props: MailScannerProps) => {
    world.deploy(host, { mailScanner: scanner(props) });
    return host.takesConfiguration();
  };
  /** What MailScanner writes on top of a mail that is sent now. */
  const verdict = async (subject: string) => {
    expect((await world.say(host, { data: message(subject) })).data?.code).toBe(250);
    const mail = await eventually(() =>
      world.primary.messages(BOB).find((text) => text.includes(`Subject: ${subject}\n`)),
    );
    return /^X-mx2-example-com-MailScanner: (.*)$/m.exec(mail)?.[1];
  };
  const child = async () =>
    (await host.run("pgrep", "--oldest", "--full", "^MailScanner: (waiting|checking|spam)")).stdout;

  (HAS_SCANNER ? test : test.skip)(
    "count for the next mail when they change, and none is lost",
    async () => {
      expect(await verdict("before")).toBe("Not virus scanned");
      const load = world.load(host);
      const sending = load.send(40, { parallel: 4 });
      await eventually(() => load.promised().size > 5);
      const begin = Date.now();
      expect(await deploy({ settings: { "Unscanned Header Value": "As it came" } })).toMatchObject({
        exitCode: 0,
      });
      process.stdout.write(`live after ${Math.round((Date.now() - begin) / 1000)} s\n`);
      expect(await verdict("after")).toBe("As it came");
      await sending;
      const outcome = await world.drain(load, host);
      process.stdout.write(`${JSON.stringify(outcome)}\n`);
      expect(outcome.accepted).toBe(40);
      expect(outcome.delivered).toBe(40);
    },
  );

  (HAS_SCANNER ? test : test.skip)(
    "stay as they were where MailScanner rejects the new ones",
    async () => {
      const before = await child();
      const { exitCode, stderr } = await deploy({ settings: { "Spam Checks": "perhaps" } });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/is rejected by MailScanner: Syntax error .* spamchecks /);
      expect(await verdict("rejected")).toBe("As it came");
      // Nobody has disturbed it.
      expect(await child()).toBe(before);
    },
  );

  (HAS_SCANNER ? test : test.skip)("are left alone where something else changes", async () => {
    const before = await child();
    const settings = { "Unscanned Header Value": "As it came" };
    world.deploy(host, { mailScanner: scanner({ settings }), restartTime: "04:00" });
    expect((await host.takesConfiguration()).exitCode).toBe(0);
    expect(await host.succeed("cat", "/etc/apt/apt.conf.d/60backup-mx")).toContain('"04:00"');
    expect(await child()).toBe(before);
  });

  (HAS_SCANNER ? test : test.skip)("are there after a reboot, and so is the scanner", async () => {
    await host.reboot();
    await world.takesMail(host);
    expect(await verdict("rebooted")).toBe("As it came");
  });
});
