import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { MailScannerProps } from "../../../../lib/mail/scanner/mailscanner";
import { Scanner } from "../../../../lib/mail/scanner/scanner";

const SHA256 = "0123456789abcdef".repeat(4);
const settings = (props: MailScannerProps = {}) => Scanner.mailScanner(props).settingLines();
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
    const scanner = Scanner.mailScanner();
    expect(scanner.kind).toBe("mailscanner");
    expect(scanner.clamAv).toBe(false);
    expect(scanner.packageSha256).toBe("");
    expect(scanner.packageUrl).toMatch(
      /^https:\/\/github\.com\/MailScanner\/.*\/MailScanner-5\.5\.3-2\.noarch\.deb$/,
    );
  });

  test("gives SpamAssassin up before the time for a mail is over", () => {
    expect(lines({ timeLimit: "60s" })).toContain("SpamAssassin Timeout = 40");
    expect(lines({ timeLimit: "10m" })).toContain("SpamAssassin Timeout = 400");
    expect(lines({ timeLimit: "10s" })).toContain("SpamAssassin Timeout = 7");
  });

  test("judges copies, one at a time, and writes nothing that anybody receives", () => {
    for (const line of [
      "MTA = msmail",
      "Run As User = backup-mx-scanner",
      "Max Children = 1",
      "Max Unscanned Messages Per Scan = 1",
      "Non Spam Actions = delete",
      "Spam Actions = delete",
      "High Scoring Spam Actions = delete",
      "Virus Scanning = no",
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
    const names = lines().map(nameOf);
    expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
  });
});

describe("further settings of MailScanner", () => {
  test("take the place of the default", () => {
    const changed = lines({ settings: { "Restart Every": "3" } });
    expect(changed).toHaveLength(lines().length);
    expect(changed).toContain("Restart Every = 3");
  });

  test("take the place of the default in another spelling as well", () => {
    const changed = lines({ settings: { "restart every": "3" } }).filter(
      (line) => nameOf(line) === "restartevery",
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
    ["Max Children"],
    ["Maximum Processing Attempts"],
    ["Incoming Work User"],
    ["Spam Actions"],
    // MailScanner reads all of these as "Incoming Queue Dir".
    ["IncomingQueueDir"],
    ["Incoming  Queue Dir"],
    ["incoming-queue-dir"],
    ["Incoming Queue: Dir"],
  ])("%j would make it carry mail", (name) => {
    expect(() => settings({ settings: { [name]: "/tmp" } })).toThrow(
      /^scanner\.settings\[".*"\] "\/tmp" cannot be set: by it MailScanner judges copies/,
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
      /^scanner\.settings key ".*" is not the name of a MailScanner setting$/,
    );
  });

  test.each([["1\nMTA = sendmail"], ["1\r"], ["\u0000"], ["a\u2029b"], [" "]])(
    "the value %j is refused",
    (value) => {
      expect(() => settings({ settings: { "Restart Every": value } })).toThrow(
        /^scanner\.settings\["Restart Every"\] "(.|\s)*" (holds a line break|is empty)/,
      );
    },
  );
});

describe("what is no text", () => {
  test.each<[object, RegExp]>([
    [
      { settings: { "Spam Score": 5 } },
      /^scanner\.settings\["Spam Score"\] 5 is not a text; put it in quotes$/,
    ],
    [
      { settings: { "Spam Score": null } },
      /^scanner\.settings\["Spam Score"\] null is not a text; put it in quotes$/,
    ],
    [{ settings: "Spam Score = yes" }, /^scanner\.settings "Spam Score = yes" is not an object; /],
    [{ settings: ["Spam Score = yes"] }, /^scanner\.settings \["Spam.*"\] is not an object; /],
    // Zero would be the standard input.
    [{ packageFile: 0 }, /^scanner\.packageFile 0 is not a text; put it in quotes$/],
    [{ packageUrl: true }, /^scanner\.packageUrl true is not the URL of a Debian package; give/],
    [
      { packageUrl: ["https://mirror.example.net/a.deb"] },
      /^scanner\.packageUrl \[".*"\] is not the URL of a Debian package; give/,
    ],
    [{ packageSha256: 12 }, /^scanner\.packageSha256 12 is not a SHA-256 checksum; give/],
    [{ packageSha256: [SHA256] }, /^scanner\.packageSha256 \[".*"\] is not a SHA-256 checksum; /],
  ])("%j is refused", (props, message) => {
    expect(() => Scanner.mailScanner(props)).toThrow(message);
  });
});

describe("the package of MailScanner", () => {
  const sum = (packageSha256: string) => Scanner.mailScanner({ packageSha256 }).packageSha256;
  const url = (packageUrl: string) => Scanner.mailScanner({ packageUrl }).packageUrl;

  test("can have a checksum, in any case", () => {
    expect(sum(SHA256)).toBe(SHA256);
    expect(sum(SHA256.toUpperCase())).toBe(SHA256);
  });

  test.each([["abc"], [SHA256.slice(1)], [`${SHA256}0`], [`${SHA256}\n`], [`g${SHA256.slice(1)}`]])(
    "%j is not a checksum",
    (value) => {
      expect(() => sum(value)).toThrow(
        /^scanner\.packageSha256 ".*" is not a SHA-256 checksum; give the 64 hexadecimal digits/,
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
    expect(() => url(value)).toThrow(/^scanner\.packageUrl ".*" /);
  });

  describe("as a file beside the stack", () => {
    const folder = mkdtempSync(join(tmpdir(), "deb-"));
    const path = join(folder, "MailScanner.deb");
    const content = "!<arch>\ndebian-binary   1234567890  0     0     100644  4         `\n2.0\n";
    const sum = createHash("sha256").update(content).digest("hex");
    const install = (props: MailScannerProps = {}) =>
      Scanner.mailScanner({ packageFile: path, ...props });

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
        /^scanner\.packageFile "\S+none\.deb" cannot be read \(ENOENT\); give the path of a/,
      ],
      [
        "is something else",
        () => {
          writeFileSync(path, "<html>Not found</html>");
          return install();
        },
        /^scanner\.packageFile "\S+" is no Debian package; give the \.deb file as it was/,
      ],
      [
        "has another checksum",
        () => install({ packageSha256: SHA256 }),
        new RegExp(`packageFile "\\S+" has the checksum ${sum}, not the expected ${SHA256}$`),
      ],
      [
        "is given together with a URL",
        () => install({ packageUrl: "https://mirror.example.net/MailScanner.deb" }),
        /^scanner\.packageFile "\S+" is given together with packageUrl; give one of the two$/,
      ],
    ])("is refused if it %s", (_, make, message) => {
      expect(make).toThrow(message);
    });
  });
});
