import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Scanner } from "../../../../lib";
import { refusals } from "../../../support/part";
import { describeWith, program } from "../../../support/requirements";

/** A few of the settings of MailScanner's package, as they stand there. */
const PACKAGE = `\
# Comment = of no use
%org-name% = yoursite
%etc-dir% = /etc/MailScanner
Max Children = 5
Run As User =
Run As Group =
Queue Scan Interval = 6
Incoming Queue Dir = /var/spool/mqueue.in
Incoming Work Dir = /var/spool/MailScanner/incoming
MTA = sendmail
Sendmail = /usr/lib/sendmail
Exim Command =
File Command = /usr/bin/file
Antiword = /usr/bin/antiword -f
Maximum Message Size = %rules-dir%/max.message.size.rules
Attachments Zip Filename = MessageAttachments.zip
Virus Scanners = auto
Virus Scanner Timeout = 300
Non-Forging Viruses = Joke/ OF97/ WM97/ W97M/ eicar
Clamd Socket = /var/run/clamd.scan/clamd.sock
Filename Rules = %etc-dir%/filename.rules.conf
Stored Virus Message Report = %report-dir%/stored.virus.message.txt
Information Header = X-%org-name%-MailScanner-Information:
Information Header Value = Please contact the ISP for more information
Notice Signature = -- \\nMailScanner
Archive Mail =
Is Definitely Not Spam = %rules-dir%/spam.whitelist.rules
Max SpamAssassin Size = 200k
Required SpamAssassin Score = 6
Spam Actions = deliver header "X-Spam-Status: Yes"
MCP Actions = deliver
SpamAssassin Rule Actions =
SpamAssassin User State Dir =
SpamAssassin Install Prefix =
SpamAssassin Local State Dir = # /var/lib/spamassassin
DB DSN =
SQL Config =
Spam Score Number Format = %d
Debug = no
Always Looked Up Last = no
Lock Type =
Custom Functions Dir = /usr/share/MailScanner/perl/custom
Use Custom Spam Scanner = no
Detailed Spam Report = yes
`;

describeWith([program("python3", "python3")], "the lines for MailScanner", () => {
  let folder: string;
  const lines = (props = {}) => [...Scanner.mailScanner(props).settingLines()];

  const judge = (...sections: unknown[]) => {
    const set = `part.MAIN = ${JSON.stringify(join(folder, "MailScanner.conf"))}`;
    return refusals("host/mailscanner/mailscanner", sections, set);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "scanner-"));
    // Names alone count of what the library renders.
    const rendered = lines().filter((line) => /^\w/.test(line));
    writeFileSync(
      join(folder, "MailScanner.conf"),
      [...rendered.map((line) => line.replace(/ =.*/, " = no")), PACKAGE].join("\n"),
    );
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("are taken as the library renders them", () => {
    expect(judge({ settings: lines() }, null)).toEqual([null, null]);
  });

  const GOOD = [
    "Queue Scan Interval = 2",
    "Required SpamAssassin Score = 4.5",
    "Maximum Message Size = 10M",
    "Is Definitely Not Spam = no",
    "Information Header = X-%org-name%-Information:",
    "Information Header Value = see https://www.example.com/mail or ask us (0800)",
    "Non-Forging Viruses = Joke/ HTML/* *Phish*",
    "Spam Score Number Format = %5.2f",
    "Detailed Spam Report = no",
    "Notice Signature =",
    "# Set by hand: /anything $here",
    "",
  ];

  test("may say what does no harm", () => {
    const reasons = judge(...GOOD.map((line) => ({ settings: [...lines(), line] })));
    expect(reasons).toEqual(GOOD.map(() => null));
  });

  const outside = /^has a line for MailScanner that sets what cannot be set from outside: /;
  const value = /^has a line for MailScanner that has a value that cannot be set from outside: /;
  const nothing = /^has a line for MailScanner that does not set anything: /;
  const number = /^has a line for MailScanner that must be a number: /;
  const rules = /^has a line for MailScanner that must be yes, no or a number: /;
  const unknown = /^has a line for MailScanner that sets what it does not know: /;
  const actions = /^has a line for MailScanner that has actions that cannot be set from outside: /;
  const BAD: [what: string, line: string, reason: RegExp][] = [
    ["root as its user", "Run As User = root", outside],
    ["root as its user, spelt otherwise", "run-as user = root", outside],
    ["root as its user, under an inner name", "runasuser = root", outside],
    ["nobody as its user, which is root", "Run As User =", outside],
    ["a group", "Run As Group = disk", outside],
    ["another mail server", "MTA = sendmail", outside],
    ["a program that sends", "Sendmail = /bin/sh", outside],
    ["a program without a path", "Exim Command = reboot", outside],
    ["a program that looks at files", "File Command = /bin/sh -c true", outside],
    ["a program that its name does not tell", "Antiword = /tmp/antiword", outside],
    ["a scanner that is a program", "Virus Scanners = generic", outside],
    ["a folder", "Incoming Queue Dir = /etc", outside],
    ["another folder", "SpamAssassin Install Prefix = tmp", outside],
    ["a folder that the package comments out", "SpamAssassin Local State Dir = tmp", outside],
    ["a folder of code", "Custom Functions Dir = tmp", outside],
    ["a file of rules", "Filename Rules = filename.rules", outside],
    ["a file of text", "Stored Virus Message Report = shadow", outside],
    ["files where mail goes", "Archive Mail = /etc/cron.d/mail", outside],
    ["a socket", "Clamd Socket = /tmp/socket", outside],
    ["a database", "DB DSN = DBI:mysql:database=x;host=evil.example", outside],
    ["a query", "SQL Config = SELECT 1", outside],
    ["actions by rules", "SpamAssassin Rule Actions = X=>store-/etc", outside],
    ["that it ends after a batch", "Debug = yes", outside],
    ["locks that lose mail", "Lock Type = none", outside],
    ["a function that is called last", "Always Looked Up Last = &MailWatchLogging", outside],
    ["a function elsewhere", "Required SpamAssassin Score = &Score", value],
    ["a function with space before", "Required SpamAssassin Score =  &Score", value],
    ["a rule set", "Required SpamAssassin Score = /etc/MailScanner/rules/my.rules", value],
    ["a rule set without a path", "Required SpamAssassin Score = etc/passwd", number],
    ["a rule set without a path, where the package has one", "Maximum Message Size = x", rules],
    ["a rule set by a variable", "Is Definitely Not Spam = %rules-dir%/spam.rules", value],
    ["a rule set of LDAP", "Is Definitely Not Spam = customize", value],
    ["a rule set by its ending", "Is Definitely Not Spam = spam.RuleSet", value],
    ["a variable of the environment", "Information Header Value = $PATH", value],
    ["a file above", "Attachments Zip Filename = ../../etc/cron.d/x", value],
    ["a home", "Attachments Zip Filename = ~root/x", value],
    ["a new line, escaped", "Notice Signature = a\\nRun As User = root", value],
    ["a comment behind", "Queue Scan Interval = 2 # include /etc/shadow =", value],
    ["a new line", "Max Children = 2\nRun As User = root", nothing],
    ["a carriage return", "Queue Scan Interval = 2\rRun As User = root", value],
    ["another file", "include /etc/shadow", nothing],
    ["another file, hidden from us", "include /etc/shadow # x = y", nothing],
    ["a file behind a comment", "# comment\ninclude /etc/shadow", nothing],
    ["a variable", "%etc-dir% = /tmp", nothing],
    ["no value and no name", "what", nothing],
    ["an inner name", "children = 5", unknown],
    ["what no version knows", "Max Chldren = 5", unknown],
    ["that mail is carried", "Spam Actions = deliver", outside],
    ["that mail is kept", "High Scoring Spam Actions = store", outside],
    ["another child", "Max Children = 2", outside],
    ["another child, spelt otherwise", "max-children = 2", outside],
    ["a function as an action", "MCP Actions = custom(x)", actions],
    ["a folder as an action", "MCP Actions = store-/etc/cron.d", value],
    ["a folder as an action, without a root", "MCP Actions = store-nonspam", actions],
    ["a file as an action", 'MCP Actions = deliver forward "|/bin/sh"', actions],
    ["an action with a header and more", 'MCP Actions = header "X: y"z', actions],
  ];

  describe("must not say", () => {
    let reasons: (string | null)[];

    beforeAll(() => {
      reasons = judge(...BAD.map(([, line]) => ({ settings: [...lines(), line] })));
    });

    test.each(BAD.map(([what, , reason], index) => ({ what, reason, index })))(
      "$what",
      ({ reason, index }) => expect(reasons[index]).toMatch(reason),
    );
  });

  test("must say all that makes MailScanner judge copies and carry nothing", () => {
    const without = (start: string) => lines().filter((line) => !line.startsWith(start));
    expect(
      judge(
        { settings: without("Run As User") },
        { settings: without("Always Looked Up Last") },
        { settings: without("Incoming Queue Dir") },
        { settings: [] },
      ),
    ).toEqual([
      "does not tell MailScanner 'Run As User = backup-mx-scanner'",
      "does not tell MailScanner 'Always Looked Up Last = &BackupMxVerdict'",
      "does not tell MailScanner 'Incoming Queue Dir = /var/spool/MailScanner/milterin'",
      "does not tell MailScanner 'MTA = msmail'",
    ]);
  });

  test("come as a list of texts, and nothing beside it", () => {
    const settings = lines();
    expect(
      judge(
        { settings: [...settings, 5] },
        { settings: settings.join("\n") },
        { settings, more: 1 },
      ),
    ).toEqual([
      expect.stringMatching(/ that is no text: 5$/),
      "has a scanner that is more or less than its settings",
      "has a scanner that is more or less than its settings",
    ]);
  });

  test("are refused where there is no MailScanner", () => {
    const section = { settings: lines() };
    expect(refusals("host/mailscanner/mailscanner", [section], 'part.MAIN = "/none"')).toEqual([
      "asks for MailScanner, which this host does not have",
    ]);
  });
});
