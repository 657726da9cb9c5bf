import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mailDomain } from "../../../../lib/mail/mail-domain";
import { recipientList } from "../../../../lib/mail/recipients/recipient-list";
import { RecipientVerification } from "../../../../lib/mail/recipients/recipient-verification";

const REFUSAL = "550 5.1.1 Address lookup failed";
const entries = (recipients: RecipientVerification) =>
  recipients
    .accessEntries("domains[0].recipients", "example.com", REFUSAL)
    .map(({ key, value }) => `${key} ${value}`)
    .sort();

describe("how recipients are known", () => {
  test("callOut leaves every decision to the primary", () => {
    expect(entries(RecipientVerification.callOut())).toEqual([]);
  });

  test("list accepts the listed and refuses the rest of the domain", () => {
    const list = RecipientVerification.list(["sales@example.com", "info@example.com"]);
    expect(entries(list)).toEqual([
      `example.com ${REFUSAL}`,
      "info@example.com OK",
      "sales@example.com OK",
    ]);
  });

  test("listThenCallOut accepts the listed and leaves the rest to the primary", () => {
    const list = RecipientVerification.listThenCallOut(["info@example.com"]);
    expect(entries(list)).toEqual(["info@example.com OK"]);
  });

  test("none accepts the whole domain", () => {
    expect(entries(RecipientVerification.none())).toEqual(["example.com OK"]);
  });

  test("only none accepts all", () => {
    expect(RecipientVerification.none().acceptsAll).toBe(true);
    expect(RecipientVerification.callOut().acceptsAll).toBe(false);
    expect(RecipientVerification.list(["info@example.com"]).acceptsAll).toBe(false);
    expect(RecipientVerification.listThenCallOut(["info@example.com"]).acceptsAll).toBe(false);
  });

  test("neither the order nor the spelling nor a repetition of the addresses matters", () => {
    const one = RecipientVerification.list(["b@example.com", "a@example.com"]);
    const other = RecipientVerification.list(["A@Example.com", "b@example.com.", "a@example.com"]);
    expect(entries(other)).toEqual(entries(one));
  });

  test("an empty list would refuse everybody", () => {
    expect(() => entries(RecipientVerification.list([]))).toThrow(
      /^domains\[0\]\.recipients is an empty list .* use RecipientVerification\.callOut\(\)$/,
    );
  });

  test("an address of another domain is refused", () => {
    for (const way of [RecipientVerification.list, RecipientVerification.listThenCallOut]) {
      expect(() => entries(way(["info@example.org"]))).toThrow(/is outside its domain/);
    }
  });

  test("what the caller does to the array afterwards has no effect", () => {
    const addresses = ["info@example.com"];
    const list = RecipientVerification.listThenCallOut(addresses);
    addresses.push("late@example.com");
    expect(entries(list)).toEqual(["info@example.com OK"]);
  });
});

describe("a file of recipients", () => {
  const folder = mkdtempSync(join(tmpdir(), "recipients-"));
  const path = join(folder, "recipients.txt");
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (text: string) => {
    writeFileSync(path, text);
    return RecipientVerification.listFile(path);
  };
  const addresses = (text: string) =>
    file(text).fileAddresses("domains[0].recipients", "example.com");

  test("has one address a line, comments and empty lines", () => {
    expect(
      addresses("# sales\nsales@example.com\n\n  Info@Example.com \n#late@example.com"),
    ).toEqual(["sales@example.com", "info@example.com"]);
  });

  test("may come from Windows, and may name somebody twice", () => {
    expect(addresses("\uFEFFinfo@example.com\r\nINFO@example.com\r\n")).toEqual([
      "info@example.com",
    ]);
  });

  test("is read once: what comes later is another deployment", () => {
    const list = file("info@example.com\n");
    rmSync(path);
    expect(list.fileAddresses("domains[0].recipients", "example.com")).toEqual([
      "info@example.com",
    ]);
  });

  test("leaves nothing but the refusal of all others in the configuration", () => {
    expect(entries(file("info@example.com\n"))).toEqual([`example.com ${REFUSAL}`]);
    expect(entries(RecipientVerification.listFileThenCallOut(path))).toEqual([]);
  });

  test.each([
    [
      "a foreign address",
      "a@example.com\n# foreign\nb@example.org\n",
      /^domains\[0\]\.recipients, line 3 of \S+\/recipients\.txt "b@example\.org" is outside its domain; list only recipients of example\.com here$/,
    ],
    [
      "a name without a domain",
      "\nbob\n",
      /^domains\[0\]\.recipients, line 2 of \S+ "bob" is not a mail address; write it in full/,
    ],
    [
      "two addresses on a line",
      "a@example.com b@example.com\n",
      /line 1 of \S+ "a@example\.com b@example\.com" is not a mail address/,
    ],
    [
      "a comment behind an address",
      "a@example.com # Bob\n",
      /line 1 of \S+ "example\.com # Bob" is not a fully qualified domain name/,
    ],
    [
      "what is no text",
      "a@example.com\n\u0000\u0001@example.com\n",
      /line 2 of \S+ ".*" is not a mail address/,
    ],
    [
      "a value of deploy time",
      `\${TfToken[TOKEN.0]}\n`,
      /line 1 of \S+ ".*" is not a mail address; write out what it stands for$/,
    ],
    ["nobody", "# nobody\n\n", /^domains\[0\]\.recipients is an empty list and would refuse every/],
  ])("with %s is refused", (_, text, message) => {
    expect(() => entries(file(text))).toThrow(message);
  });

  test("with nobody is good enough before a call-out", () => {
    writeFileSync(path, "# nobody yet\n");
    expect(entries(RecipientVerification.listFileThenCallOut(path))).toEqual([]);
  });

  test("that is not there is named", () => {
    expect(() => RecipientVerification.listFile(join(folder, "none.txt"))).toThrow(
      /^recipients file "\S+\/none\.txt" cannot be read \(ENOENT\); give the path of a text file/,
    );
  });

  test("goes to the host with those of other domains, sorted and counted", () => {
    const domain = (index: number, name: string, text: string) =>
      mailDomain(
        `domains[${index}]`,
        { name, primaries: [{ hostname: `mx1.${name}` }], recipients: file(text) },
        "mx2.example.net",
      );
    expect(
      recipientList([
        domain(0, "example.org", "b@example.org\na@example.org\n"),
        domain(1, "example.com", "z@example.com\n"),
      ]),
    ).toBe("a@example.org\nb@example.org\nz@example.com\n# 3 recipients\n");
  });
});
