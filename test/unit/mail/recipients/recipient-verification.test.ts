import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mailDomain } from "../../../../lib/mail/mail-domain";
import { mailPolicy } from "../../../../lib/mail/mail-policy";
import { postfixSection } from "../../../../lib/mail/postfix/postfix";
import { RecipientVerification } from "../../../../lib/mail/recipients/recipient-verification";

const REFUSAL = "550 5.1.1 Address lookup failed";
const entries = (recipients: RecipientVerification) =>
  recipients
    .accessEntries("domains[0].recipients", "example.com", REFUSAL)
    .map(({ key, value }) => `${key} ${value}`)
    .sort();

/** Whom a list always accepts: each domain has to have them. */
const ALWAYS = ["abuse@example.com OK", "postmaster@example.com OK"];

describe("how recipients are known", () => {
  test("callOut leaves every decision to the primary", () => {
    expect(entries(RecipientVerification.callOut())).toEqual([]);
  });

  test("list accepts the listed and refuses the rest of the domain", () => {
    const list = RecipientVerification.list(["sales@example.com", "info@example.com"]);
    expect(entries(list)).toEqual([
      "abuse@example.com OK",
      `example.com ${REFUSAL}`,
      "info@example.com OK",
      "postmaster@example.com OK",
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
  const accepted = (text: string) =>
    entries(file(text)).filter((entry) => ![`example.com ${REFUSAL}`, ...ALWAYS].includes(entry));

  test("is as good as a list in the program", () => {
    const text = "sales@example.com\ninfo@example.com\n";
    const list = ["sales@example.com", "info@example.com"];
    expect(entries(file(text))).toEqual(entries(RecipientVerification.list(list)));
    expect(entries(RecipientVerification.listFileThenCallOut(path))).toEqual(
      entries(RecipientVerification.listThenCallOut(list)),
    );
  });

  test("has one address a line, comments and empty lines", () => {
    expect(
      accepted("# sales\nsales@example.com\n\n  Info@Example.com \n#late@example.com"),
    ).toEqual(["info@example.com OK", "sales@example.com OK"]);
  });

  test("may come from Windows, and may name somebody twice", () => {
    expect(accepted("\uFEFFinfo@example.com\r\nINFO@example.com\r\n")).toEqual([
      "info@example.com OK",
    ]);
  });

  test("is read once: what comes later is another deployment", () => {
    const list = file("info@example.com\n");
    rmSync(path);
    expect(entries(list)).toEqual([
      "abuse@example.com OK",
      `example.com ${REFUSAL}`,
      "info@example.com OK",
      "postmaster@example.com OK",
    ]);
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

  test("goes to the host with those of other domains and other lists, sorted, each once", () => {
    const domain = (index: number, name: string, recipients: RecipientVerification) =>
      mailDomain(
        `domains[${index}]`,
        { name, primaries: [{ hostname: `mx1.${name}` }], recipients },
        "mx2.example.net",
      );
    const domains = [
      domain(0, "example.org", file("b@example.org\na@example.org\nb@example.org\n")),
      domain(1, "example.net", RecipientVerification.listThenCallOut(["m@example.net"])),
      domain(2, "example.com", file("z@example.com\n")),
    ];
    const policy = mailPolicy("mx2.example.net", {});
    expect(postfixSection(policy, domains, "192.0.2.1").recipients).toEqual([
      "a@example.org OK",
      "abuse@example.com OK",
      "abuse@example.org OK",
      "b@example.org OK",
      `example.com ${REFUSAL}`,
      `example.org ${REFUSAL}`,
      "m@example.net OK",
      "postmaster@example.com OK",
      "postmaster@example.org OK",
      "z@example.com OK",
    ]);
  });
});
