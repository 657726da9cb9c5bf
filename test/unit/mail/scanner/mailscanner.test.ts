import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { MailScanner, type MailScannerProps } from "../../../../lib/mail/scanner/mailscanner";

const SHA256 = "0123456789abcdef".repeat(4);
const settings = (props: MailScannerProps = {}) => MailScanner.install(props).settingLines();
const lines = (props: MailScannerProps = {}) =>
  settings(props).filter((line) => line !== "" && !line.startsWith("#"));

/** MailScanner ignores case, spaces and punctuation in the name of a setting. */
const nameOf = (line: string) =>
  line
    .split("=")[0]
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");

describe("MailScanner", () => {
  test("by default", () => {
    expect(settings()).toMatchSnapshot();
  });

  test("comes from its own release page and looks for spam only", () => {
    const scanner = MailScanner.install();
    expect(scanner.isInstalled).toBe(true);
    expect(scanner.clamAv).toBe(false);
    expect(scanner.packageSha256).toBe("");
    expect(scanner.packageUrl).toMatch(
      /^https:\/\/github\.com\/MailScanner\/.*\/MailScanner-5\.5\.3-2\.noarch\.deb$/,
    );
  });

  test("none is none", () => {
    expect(MailScanner.none().isInstalled).toBe(false);
    expect(MailScanner.none().clamAv).toBe(false);
  });

  test("with ClamAV asks clamd", () => {
    const changed = lines({ clamAv: true }).filter((line) => !lines().includes(line));
    expect(changed).toEqual([
      "Virus Scanning = yes",
      "Virus Scanners = clamd",
      "Clamd Port = 0",
      "Clamd Socket = /var/run/clamav/clamd.ctl",
      "Clamd Lock File =",
    ]);
  });

  test("takes mail from the hold queue, and never gives it up", () => {
    for (const line of [
      "MTA = postfix",
      "Incoming Queue Dir = /var/spool/postfix/hold",
      "Outgoing Queue Dir = /var/spool/postfix/incoming",
      "Maximum Processing Attempts = 0",
    ]) {
      expect(lines()).toContain(line);
    }
  });

  test("has a setting, a comment or nothing in each line of the file", () => {
    for (const line of settings({ clamAv: true, settings: { "Spam Score": "yes" } })) {
      expect(line).toMatch(/^($|# \S.*\S$|[A-Z][\w :-]* =($| \S(.*\S)?$))/);
    }
  });

  test("has each setting once", () => {
    for (const clamAv of [false, true]) {
      const names = lines({ clamAv }).map(nameOf);
      expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
    }
  });
});

describe("further settings of MailScanner", () => {
  test("take the place of the default", () => {
    const changed = lines({ settings: { "Max Children": "3" } });
    expect(changed).toHaveLength(lines().length);
    expect(changed).toContain("Max Children = 3");
  });

  test("take the place of the default in another spelling as well", () => {
    const changed = lines({ settings: { "max children": "3" } }).filter(
      (line) => nameOf(line) === "maxchildren",
    );
    expect(changed).toHaveLength(1);
    expect(changed[0]).toMatch(/ = 3$/);
  });

  test("stand at the end, sorted", () => {
    const further = { "Spam Score": "yes", "Debug SpamAssassin": "" };
    expect(settings({ settings: further }).slice(-4)).toEqual([
      "",
      "# Set by hand (settings).",
      "Debug SpamAssassin =",
      "Spam Score = yes",
    ]);
  });

  test.each([
    ["Un7zip Timeout"],
    ["Archives: Filename Rules"],
    ["Non-Forging Viruses"],
    ["MTA Specific"],
  ])("%j is a name", (name) => {
    expect(lines({ settings: { [name]: "50" } })).toContain(`${name} = 50`);
  });

  test.each([
    ["MTA"],
    ["mta"],
    ["Run As User"],
    ["Run As Group"],
    ["Run In Foreground"],
    ["Incoming Queue Dir"],
    ["incoming queue DIR"],
    ["Outgoing Queue Dir"],
    ["Delivery Method"],
    ["Maximum Processing Attempts"],
    ["Incoming Work User"],
    ["Quarantine Permissions"],
    // MailScanner reads all of these as "Incoming Queue Dir".
    ["IncomingQueueDir"],
    ["Incoming  Queue Dir"],
    ["incoming-queue-dir"],
    ["Incoming Queue: Dir"],
  ])("%j carries mail between MailScanner and Postfix", (name) => {
    expect(() => settings({ settings: { [name]: "/tmp" } })).toThrow(
      /^mailScanner\.settings\[".*"\] "\/tmp" cannot be set: it carries mail/,
    );
  });

  test.each([
    [""],
    ["%org-name%"],
    ["# Max Children"],
    ["Max=Children"],
    ["Max\nChildren"],
    ["Max'"],
  ])("%j is not a name", (name) => {
    expect(() => settings({ settings: { [name]: "1" } })).toThrow(
      /^mailScanner\.settings key ".*" is not the name of a MailScanner setting$/,
    );
  });

  test.each([["1\nMTA = sendmail"], ["1\r"], ["\u0000"], ["a\u2029b"], [" "]])(
    "the value %j is refused",
    (value) => {
      expect(() => settings({ settings: { "Max Children": value } })).toThrow(
        /^mailScanner\.settings\["Max Children"\] "(.|\s)*" (holds a line break|is empty)/,
      );
    },
  );
});

describe("the package of MailScanner", () => {
  const sum = (packageSha256: string) => MailScanner.install({ packageSha256 }).packageSha256;
  const url = (packageUrl: string) => MailScanner.install({ packageUrl }).packageUrl;

  test("can have a checksum, in any case", () => {
    expect(sum(SHA256)).toBe(SHA256);
    expect(sum(SHA256.toUpperCase())).toBe(SHA256);
  });

  test.each([["abc"], [SHA256.slice(1)], [`${SHA256}0`], [`${SHA256}\n`], [`g${SHA256.slice(1)}`]])(
    "%j is not a checksum",
    (value) => {
      expect(() => sum(value)).toThrow(
        /^mailScanner\.packageSha256 ".*" is not a SHA-256 checksum; give the 64 hexadecimal digits/,
      );
    },
  );

  test.each([
    ["https://mirror.example.net/MailScanner.deb"],
    ["https://mirror.example.net:8443/a/b~c/MailScanner-5.5.3-2.noarch.deb"],
    ["https://[2001:db8::1]/MailScanner.deb"],
  ])("can come from %s", (value) => {
    expect(url(value)).toBe(value);
  });

  test.each([
    [""],
    ["MailScanner.deb"],
    ["ftp://mirror.example.net/MailScanner.deb"],
    ["file:///tmp/MailScanner.deb"],
    ["https://mirror.example.net/MailScanner.rpm"],
    ["https://mirror.example.net/MailScanner.deb "],
    // The setup program reads it as the value of a shell variable.
    ["https://mirror.example.net/'; reboot; '.deb"],
    ["https://mirror.example.net/$(reboot).deb"],
    ["https://mirror.example.net/`reboot`.deb"],
    ["https://mirror.example.net/a\n.deb"],
    [`\${TfToken[TOKEN.1]}/'; reboot; '.deb`],
  ])("%j is not the URL of a package", (value) => {
    expect(() => url(value)).toThrow(/^mailScanner\.packageUrl ".*" /);
  });

  describe("as a file beside the stack", () => {
    const folder = mkdtempSync(join(tmpdir(), "deb-"));
    const path = join(folder, "MailScanner.deb");
    const content = "!<arch>\ndebian-binary   1234567890  0     0     100644  4         `\n2.0\n";
    const sum = createHash("sha256").update(content).digest("hex");
    const install = (props: MailScannerProps = {}) =>
      MailScanner.install({ packageFile: path, ...props });

    beforeEach(() => writeFileSync(path, content));
    afterAll(() => rmSync(folder, { recursive: true }));

    test("is known by its checksum, given or not", () => {
      expect(install().packageFile).toEqual({ path, sha256: sum });
      expect(install().packageSha256).toBe(sum);
      expect(install({ packageSha256: sum.toUpperCase() }).packageSha256).toBe(sum);
    });

    test("may be named from the working directory", () => {
      const packageFile = relative(process.cwd(), path);
      expect(install({ packageFile }).packageFile).toEqual({ path, sha256: sum });
    });

    test.each<[string, () => unknown, RegExp]>([
      [
        "is not there",
        () => install({ packageFile: join(folder, "none.deb") }),
        /^mailScanner\.packageFile "\S+none\.deb" cannot be read \(ENOENT\); give the path of a/,
      ],
      [
        "is something else",
        () => {
          writeFileSync(path, "<html>Not found</html>");
          return install();
        },
        /^mailScanner\.packageFile "\S+" is no Debian package; give the \.deb file as it was/,
      ],
      [
        "has another checksum",
        () => install({ packageSha256: SHA256 }),
        new RegExp(`packageFile "\\S+" has the checksum ${sum}, not the expected ${SHA256}$`),
      ],
      [
        "is given together with a URL",
        () => install({ packageUrl: "https://mirror.example.net/MailScanner.deb" }),
        /^mailScanner\.packageFile "\S+" is given together with packageUrl; give one of the two$/,
      ],
    ])("is refused if it %s", (_, make, message) => {
      expect(make).toThrow(message);
    });
  });
});
