import { badInput } from "../../input/bad-input";
import {
  type PackageFile,
  packageFile,
  packageSha256,
  packageUrl,
} from "../../input/debian-package";
import { propObject } from "../../input/prop-object";
import { singleLine } from "../../input/text";
import type { ScannerProps } from "./scanner-props";

/** The release that the settings below were measured with. */
const RELEASE =
  "https://github.com/MailScanner/v5/releases/download/5.5.3-2/MailScanner-5.5.3-2.noarch.deb";

/** How MailScanner is installed and set, and what it shares with every scanner. */
export interface MailScannerProps extends ScannerProps {
  /**
   * Where the host downloads the Debian package of MailScanner, which Debian itself no longer has.
   *
   * @default - release 5.5.3-2 from MailScanner's own release page
   */
  readonly packageUrl?: string | undefined;
  /**
   * The Debian package of MailScanner as a file beside the stack, absolute or from the working
   * directory, in place of `packageUrl`. It goes to the host by way of its bucket, pinned by its
   * checksum: no boot needs a page that others keep.
   *
   * @default - the host downloads the package
   */
  readonly packageFile?: string | undefined;
  /**
   * The SHA-256 checksum of the package, 64 hexadecimal digits. The host takes no mail if the
   * package has another one. MailScanner publishes none: take it from a copy that you trust.
   *
   * @default - not checked; the download is protected by HTTPS alone
   */
  readonly packageSha256?: string | undefined;
  /**
   * Further settings of MailScanner by name, as in MailScanner.conf. Those that carry mail between
   * MailScanner and Postfix are refused.
   *
   * Source: https://www.mailscanner.info/MailScanner.conf.index.html
   *
   * @default - none
   */
  readonly settings?: { readonly [name: string]: string } | undefined;
}

/** MailScanner as it is on a host: its package and its settings. */
export class MailScanner {
  /** Where the package comes from. */
  readonly packageUrl: string;
  /** The package, where it is a file beside the stack. */
  readonly packageFile?: PackageFile;
  /** The expected checksum in lower case; empty if none is known. */
  readonly packageSha256: string;
  private readonly furtherSettings: ReadonlyMap<string, string>;

  /**
   * @throws if a URL, checksum, file or setting cannot be used
   */
  constructor(props: MailScannerProps) {
    this.packageUrl = packageUrl("scanner.packageUrl", props.packageUrl ?? RELEASE);
    const sha256 = packageSha256("scanner.packageSha256", props.packageSha256);
    if (props.packageFile !== undefined) {
      if (props.packageUrl !== undefined) {
        throw badInput(
          "scanner.packageFile",
          props.packageFile,
          "is given together with packageUrl; give one of the two",
        );
      }
      this.packageFile = packageFile("scanner.packageFile", props.packageFile, sha256);
    }
    this.packageSha256 = this.packageFile?.sha256 ?? sha256;
    this.furtherSettings = furtherSettings(props.settings ?? {});
  }

  /**
   * The lines of its settings, which MailScanner reads after its own MailScanner.conf.
   *
   * @param timeLimit for how long it may work on one mail, in seconds
   */
  settingLines(timeLimit: number): string[] {
    const further = new Map(
      [...this.furtherSettings].map(([name, value]) => [canonical(name), [name, value]]),
    );
    const groups = settingGroups(timeLimit).map(({ comment, settings }) => [
      ...comment.map((line) => `# ${line}`),
      ...Object.entries(settings).map(([name, value]) => {
        const [, changed = value] = further.get(canonical(name)) ?? [];
        further.delete(canonical(name));
        return setting(name, changed);
      }),
    ]);
    const rest = [...further.values()].map(([name, value]) => setting(name, value));
    return [
      ...groups,
      ...(rest.length === 0 ? [] : [["# Set by hand (settings).", ...rest]]),
    ].flatMap((group, index) => (index === 0 ? group : ["", ...group]));
  }
}

/** MailScanner sees letters and digits alone. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function setting(name: string, value: string): string {
  return `${name} = ${value}`.trimEnd();
}

function furtherSettings(settings: { readonly [name: string]: string }): Map<string, string> {
  const checked = Object.entries(propObject("scanner.settings", settings)).map(
    ([name, value]): [string, string] => {
      const prop = `scanner.settings[${JSON.stringify(name)}]`;
      if (!/^[a-z][a-z0-9 :-]*$/i.test(name)) {
        throw badInput("scanner.settings key", name, "is not the name of a MailScanner setting");
      }
      if (FIXED.has(canonical(name))) {
        throw badInput(
          prop,
          value,
          "cannot be set: by it MailScanner judges copies of mail, and carries none",
        );
      }
      return [name, value === "" ? "" : singleLine(prop, value)];
    },
  );
  return new Map(checked.sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Group {
  readonly comment: readonly string[];
  readonly settings: { readonly [name: string]: string };
}

const JUDGE: Group = {
  comment: [
    "It judges copies in the folders of its slot, which are in memory, and carries nothing. What it",
    "finds goes to the program of the slot.",
  ],
  settings: {
    MTA: "msmail",
    "Run As User": "backup-mx-scanner",
    "Run As Group": "backup-mx-scanner",
    "Run In Foreground": "yes",
    "PID file": "/var/spool/MailScanner/MailScanner.pid",
    "Incoming Queue Dir": "/var/spool/MailScanner/milterin",
    "Outgoing Queue Dir": "/var/spool/MailScanner/milterout",
    "Incoming Work User": "backup-mx-scanner",
    "Incoming Work Group": "backup-mx-scanner",
    "SpamAssassin User State Dir": "/var/spool/MailScanner/spamassassin",
    "Custom Functions Dir": "/usr/local/lib/backup-mx/mailscanner",
    "Always Looked Up Last": "&BackupMxVerdict",
    "Max Children": "1",
    "Max Unscanned Messages Per Scan": "1",
    "Max Unsafe Messages Per Scan": "1",
    "Maximum Processing Attempts": "0",
    "Non Spam Actions": "delete",
    "Spam Actions": "delete",
    "High Scoring Spam Actions": "delete",
    // The host asks ClamAV itself.
    "Virus Scanning": "no",
    "Virus Scanners": "",
    // It would be run for each part of a mail.
    "File Command": "",
  },
};

const FIXED = new Set(Object.keys(JUDGE.settings).map(canonical));

const WORK: Group = {
  comment: [
    "A slot starts anew every few hours, and with it come new rules. It starts fast, and writes",
    "nothing that a mail could leave behind for the next one.",
  ],
  settings: {
    "Restart Every": "14400",
    "Automatic Syntax Check": "no",
    "Cache SpamAssassin Results": "no",
    "Quarantine Infections": "no",
    "Quarantine Denial Of Service": "no",
  },
};

function spamGroup(timeLimit: number): Group {
  return {
    comment: [
      "SpamAssassin alone judges, all mail and the whole of it. It is given up before the time for a",
      "mail is over, and goes on with the next mail however often this happens.",
    ],
    settings: {
      "Use SpamAssassin": "yes",
      "SpamAssassin Auto Whitelist": "no",
      "SpamAssassin Timeout": String(Math.ceil((timeLimit * 2) / 3)),
      "Max SpamAssassin Timeouts": "0",
      "Max Spam Check Size": "100m",
      "Max SpamAssassin Size": "100m",
      "Is Definitely Not Spam": "no",
      "Use Watermarking": "no",
      "Spam List": "",
      // The names of the rules are taken from this report.
      "Detailed Spam Report": "yes",
      "Include Scores In SpamAssassin Report": "yes",
      "Log Spam": "yes",
    },
  };
}

const CONTENT: Group = {
  comment: ["Content is for the primary to judge: it knows its users. So nothing is taken apart."],
  settings: {
    "Maximum Attachments Per Message": "-1",
    "Dangerous Content Scanning": "no",
    "Find Phishing Fraud": "no",
    "Filename Rules": "",
    "Filetype Rules": "",
    "Archives: Filename Rules": "",
    "Archives: Filetype Rules": "",
    "Maximum Archive Depth": "0",
    "Allow Password-Protected Archives": "yes",
    "Maximum Message Size": "0",
    "Expand TNEF": "no",
    "Use TNEF Contents": "no",
    "Deliver Unparsable TNEF": "yes",
    "Sign Clean Messages": "no",
    "External Message Warning": "no",
  },
};

const SILENT: Group = {
  comment: ["Nobody is written to: senders of spam are forged."],
  settings: {
    "Notify Senders": "no",
    "Enable Spam Bounce": "no",
    "Send Notices": "no",
  },
};

function settingGroups(timeLimit: number): Group[] {
  return [JUDGE, WORK, spamGroup(timeLimit), CONTENT, SILENT];
}
