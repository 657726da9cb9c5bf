import { badInput } from "../../input/bad-input";
import {
  type PackageFile,
  packageFile,
  packageSha256,
  packageUrl,
} from "../../input/debian-package";
import { duration } from "../../input/duration";
import { singleLine } from "../../input/text";

/** The release that the settings below were measured with. */
const RELEASE =
  "https://github.com/MailScanner/v5/releases/download/5.5.3-2/MailScanner-5.5.3-2.noarch.deb";

/** The header of mail that MailScanner did not look at. */
export const UNSCANNED_HEADER = "X-Backup-MX";

/** How MailScanner is installed and what it looks for. SpamAssassin is always part of it. */
export interface MailScannerProps {
  /**
   * Whether ClamAV looks for viruses. It needs 1.2 GiB of memory, and twice that while it reads
   * new signatures: take an instance with 4 GiB.
   *
   * @default false
   */
  readonly clamAv?: boolean | undefined;
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
   * After how long mail that MailScanner did not look at is forwarded all the same, with the header
   * `X-Backup-MX: not scanned`. Less than a minute is a minute.
   *
   * @default - never: it is kept until it was scanned
   */
  readonly deliverUnscannedAfter?: string | undefined;
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

/** How mail is scanned before it is forwarded. */
export class MailScanner {
  /**
   * Holds each mail until MailScanner has looked at it. Likely spam is forwarded with the header
   * `X-Spam-Status: Yes`, certain spam and viruses stay in the quarantine of the host.
   *
   * @throws if a URL, checksum or setting cannot be used
   */
  static install(props: MailScannerProps = {}): MailScanner {
    return new MailScanner(true, props);
  }

  /** Forwards mail without looking at it. Spammers aim at the backup first: see docs/spam-and-viruses.md. */
  static none(): MailScanner {
    return new MailScanner(false, {});
  }

  /** Whether the host looks for viruses. @internal */
  readonly clamAv: boolean;
  /** Where the package comes from. @internal */
  readonly packageUrl: string;
  /** The package, where it is a file beside the stack. @internal */
  readonly packageFile?: PackageFile;
  /** The expected checksum in lower case; empty if none is known. @internal */
  readonly packageSha256: string;
  /** When mail is forwarded unscanned, as a duration; empty if never. @internal */
  readonly deliverUnscannedAfter: string;
  private readonly furtherSettings: ReadonlyMap<string, string>;

  private constructor(
    /** Whether there is a scanner at all. @internal */
    readonly isInstalled: boolean,
    props: MailScannerProps,
  ) {
    this.clamAv = props.clamAv ?? false;
    this.packageUrl = packageUrl("mailScanner.packageUrl", props.packageUrl ?? RELEASE);
    const sha256 = packageSha256("mailScanner.packageSha256", props.packageSha256);
    if (props.packageFile !== undefined) {
      if (props.packageUrl !== undefined) {
        throw badInput(
          "mailScanner.packageFile",
          props.packageFile,
          "is given together with packageUrl; give one of the two",
        );
      }
      this.packageFile = packageFile("mailScanner.packageFile", props.packageFile, sha256);
    }
    this.packageSha256 = this.packageFile?.sha256 ?? sha256;
    this.deliverUnscannedAfter =
      props.deliverUnscannedAfter === undefined
        ? ""
        : duration("mailScanner.deliverUnscannedAfter", props.deliverUnscannedAfter);
    this.furtherSettings = furtherSettings(props.settings ?? {});
  }

  /** The lines of its settings, which MailScanner reads after its own MailScanner.conf. @internal */
  settingLines(): string[] {
    const further = new Map(
      [...this.furtherSettings].map(([name, value]) => [canonical(name), [name, value]]),
    );
    const groups = settingGroups(this.clamAv, this.deliverUnscannedAfter !== "").map(
      ({ comment, settings }) => [
        ...comment.map((line) => `# ${line}`),
        ...Object.entries(settings).map(([name, value]) => {
          const [, changed = value] = further.get(canonical(name)) ?? [];
          further.delete(canonical(name));
          return setting(name, changed);
        }),
      ],
    );
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
  const checked = Object.entries(settings).map(([name, value]): [string, string] => {
    const prop = `mailScanner.settings[${JSON.stringify(name)}]`;
    if (!/^[a-z][a-z0-9 :-]*$/i.test(name)) {
      throw badInput("mailScanner.settings key", name, "is not the name of a MailScanner setting");
    }
    if (HAND_OVER.has(canonical(name))) {
      throw badInput(
        prop,
        value,
        "cannot be set: it carries mail between MailScanner and Postfix, and mail could be lost",
      );
    }
    return [name, value === "" ? "" : singleLine(prop, value)];
  });
  return new Map(checked.sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Group {
  readonly comment: readonly string[];
  readonly settings: { readonly [name: string]: string };
}

const POSTFIX: Group = {
  comment: [
    "Between Postfix and MailScanner: mail is taken out of the hold queue and put into the",
    "incoming queue. No mail is given up after so many attempts: at the limit MailScanner",
    "would put the innocent mails of a batch away as well.",
  ],
  settings: {
    MTA: "postfix",
    "Run As User": "postfix",
    "Run As Group": "postfix",
    "Run In Foreground": "yes",
    "Incoming Queue Dir": "/var/spool/postfix/hold",
    "Outgoing Queue Dir": "/var/spool/postfix/incoming",
    "Delivery Method": "batch",
    "Maximum Processing Attempts": "0",
    "Incoming Work User": "postfix",
    "Incoming Work Group": "mtagroup",
    "Incoming Work Permissions": "0660",
    "Quarantine User": "postfix",
    "Quarantine Group": "postfix",
    "Quarantine Permissions": "0600",
  },
};

const HAND_OVER = new Set(Object.keys(POSTFIX.settings).map(canonical));

const WORK: Group = {
  comment: ["One child is enough for a backup, and leaves memory to Postfix."],
  settings: {
    "Max Children": "1",
    "Queue Scan Interval": "6",
    "Max Unscanned Messages Per Scan": "10",
    "Max Unsafe Messages Per Scan": "10",
    "Restart Every": "3600",
  },
};

const SPAM: Group = {
  comment: [
    "SpamAssassin marks what may be spam and the primary decides; what certainly is spam",
    "stays in the quarantine.",
  ],
  settings: {
    "Use SpamAssassin": "yes",
    "SpamAssassin User State Dir": "/var/spool/MailScanner/spamassassin",
    "SpamAssassin Auto Whitelist": "no",
    "SpamAssassin Timeout": "40",
    "Spam List": "",
    "Spam Actions": 'deliver header "X-Spam-Status: Yes"',
    "High Scoring Spam Actions": "store",
    "Non Spam Actions": 'deliver header "X-Spam-Status: No"',
    "Log Spam": "yes",
  },
};

function unchangedGroup(isMarked: boolean): Group {
  return {
    comment: [
      "Headers are added on top and nothing else is changed, or DKIM signatures would break.",
      "Content is for the primary to judge: it knows its users.",
    ],
    settings: {
      "Multiple Headers": "add",
      "Information Header": "",
      "Place New Headers At Top Of Message": "yes",
      // Mail bears it from its arrival, and no longer once it was scanned.
      "Remove These Headers": isMarked ? `${UNSCANNED_HEADER}:` : "",
      "Sign Clean Messages": "no",
      "Dangerous Content Scanning": "no",
      "Find Phishing Fraud": "no",
      "Highlight Phishing Fraud": "no",
      "Allow IFrame Tags": "yes",
      "Allow Form Tags": "yes",
      "Allow Script Tags": "yes",
      "Allow WebBugs": "yes",
      "Allow Object Codebase Tags": "yes",
      "Allow Partial Messages": "yes",
      "Allow External Message Bodies": "yes",
      "Allow Password-Protected Archives": "yes",
      "Filename Rules": "",
      "Filetype Rules": "",
      "Archives: Filename Rules": "",
      "Archives: Filetype Rules": "",
      // Nothing is judged by what is in an archive, and ClamAV unpacks by itself, within limits.
      "Maximum Archive Depth": "0",
      "Expand TNEF": "no",
      "Use TNEF Contents": "no",
      "Deliver Unparsable TNEF": "yes",
      "External Message Warning": "no",
      "Maximum Message Size": "0",
      "Scanned Modify Subject": "no",
      "Virus Modify Subject": "no",
      "Filename Modify Subject": "no",
      "Content Modify Subject": "no",
      "Size Modify Subject": "no",
      "Disarmed Modify Subject": "no",
      "Phishing Modify Subject": "no",
      "Spam Modify Subject": "no",
      "High Scoring Spam Modify Subject": "no",
    },
  };
}

const SILENT: Group = {
  comment: ["Nobody is written to: senders of spam and viruses are forged."],
  settings: {
    "Notify Senders": "no",
    "Notify Senders Of Viruses": "no",
    "Notify Senders Of Blocked Filenames Or Filetypes": "no",
    "Notify Senders Of Blocked Size Attachments": "no",
    "Notify Senders Of Other Blocked Content": "no",
    "Enable Spam Bounce": "no",
    "Send Notices": "no",
  },
};

function virusGroup(clamAv: boolean): Group {
  return {
    comment: [
      "Viruses. A scanner that hangs must not put clean mail away: it is delivered, and its",
      "header says that it was not scanned.",
    ],
    settings: {
      ...(clamAv
        ? {
            "Virus Scanning": "yes",
            "Virus Scanners": "clamd",
            "Clamd Port": "0",
            "Clamd Socket": "/var/run/clamav/clamd.ctl",
            "Clamd Lock File": "",
          }
        : { "Virus Scanning": "no", "Virus Scanners": "none" }),
      "Unscanned Header Value": "Not virus scanned",
      "Still Deliver Unscannable Messages": "yes",
      "Silent Viruses": "HTML-IFrame All-Viruses",
      "Non-Forging Viruses": "",
      "Still Deliver Silent Viruses": "no",
      "Quarantine Infections": "yes",
      "Quarantine Silent Viruses": "yes",
      "Quarantine Whole Message": "yes",
    },
  };
}

function settingGroups(clamAv: boolean, isMarked: boolean): Group[] {
  return [POSTFIX, WORK, virusGroup(clamAv), SPAM, unchangedGroup(isMarked), SILENT];
}
