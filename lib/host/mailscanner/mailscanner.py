"""MailScanner's settings, and the start of its slots. Whoever may write them must not run a program
by them, nor read or write a file: so most of what MailScanner knows is refused."""

import glob
import os
import re
import socket
import subprocess
import time

import host

SECTION = "mailscanner"
ORDER = 40

MAIN = "/etc/MailScanner/MailScanner.conf"
SETTINGS = "/etc/MailScanner/conf.d/backup-mx.conf"
# Not there: MailScanner reads whatever is in that folder.
STAGED = "/etc/MailScanner/backup-mx.conf"
INCLUDE = "include /etc/MailScanner/conf.d/*"
# As MailScanner reads the settings that are not in use yet.
STAGED_MAIN = "/run/backup-mx/MailScanner.conf"
SLOTS = "/run/backup-mx-mailscanner"
SERVICE = "backup-mx-mailscanner.service"
START_SECONDS = 120
LINT_PROPERTIES = [
    *["User=backup-mx-scanner", "TemporaryFileSystem=/var/spool/MailScanner:mode=1777,size=64M"],
    *["NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes"],
    *["PrivateDevices=yes", "PrivateNetwork=yes", "RuntimeMaxSec=180"],
]
# What it says last.
LINT_END = "If any of your virus scanners"

# What makes MailScanner judge copies and carry nothing: all of it, and nothing else under these names.
FIXED = [
    "MTA = msmail",
    "Run As User = backup-mx-scanner",
    "Run As Group = backup-mx-scanner",
    "Run In Foreground = yes",
    "PID file = /var/spool/MailScanner/MailScanner.pid",
    "Incoming Queue Dir = /var/spool/MailScanner/milterin",
    "Outgoing Queue Dir = /var/spool/MailScanner/milterout",
    "Incoming Work User = backup-mx-scanner",
    "Incoming Work Group = backup-mx-scanner",
    "SpamAssassin User State Dir = /var/spool/MailScanner/spamassassin",
    "Custom Functions Dir = /usr/local/lib/backup-mx/mailscanner",
    "Always Looked Up Last = &BackupMxVerdict",
    "Max Children = 1",
    "Max Unscanned Messages Per Scan = 1",
    "Max Unsafe Messages Per Scan = 1",
    "Maximum Processing Attempts = 0",
    "Non Spam Actions = delete",
    "Spam Actions = delete",
    "High Scoring Spam Actions = delete",
    "Virus Scanning = no",
    "Virus Scanners =",
    "File Command =",
]
# What else may be said under a name that is refused otherwise.
ALLOWED = {
    *FIXED,
    "Filename Rules =",
    "Filetype Rules =",
    "Archives: Filename Rules =",
    "Archives: Filetype Rules =",
}
LINE = re.compile(r"([A-Za-z][A-Za-z0-9<> :-]*?) =(?: (.*))?")
# Names, as MailScanner sees them, by letters and digits alone: of users, programs and code, of files
# and folders that its package leaves open, of databases, of what carries mail and keeps it whole.
DANGEROUS = re.compile(
    r"(user|group|permissions|command|file|socket|sockettype)$|^(mcp)?spamassassin.*(dir|prefix)$"
    r"|^(archivemail|mta|sendmail|exim|msmail|milter|virusscanner(s|definitions)$|clamdport|fpscandport|kseport)"
    r"|^(db|sql|ldap)|custom|alwayslookedup|^debug|^lock|^spamassassinruleactions|^(filename|filetype|archivesfile.*)rules"
    r"|^(deliverymethod|maximumprocessingattempts|runinforeground|minimumcodestatus|mailscannerversionnumber)"
)
# What the package says under the name of a file, a folder or a program.
PATH = re.compile(r"/|%(etc|report|mcp)-dir%")
# In a value: a variable, a comment, an escape, a function, a rule set, the name of a file, and what
# is no text.
HARMFUL = re.compile(
    r"[$#\\`\x00-\x1f\x7f]|^&|customi[sz]e|\.RuleSet|\.\./|(?:^|[\s\"'=,-])[/~]", re.IGNORECASE
)
NUMBER = re.compile(r"-?[0-9][0-9._]*[kmg]?", re.IGNORECASE)
VARIABLES = re.compile(r"%(?:org-name|org-long-name|web-site)%")
FORMAT = re.compile(r"%[0-9]*(?:\.[0-9]+)?[df]")
# What `MailScanner --lint` says of settings that it cannot use.
PROBLEM = re.compile(
    r"^(?:ERROR|Error in).*|.*(?:syntax error|reported an error|Cannot find Socket|Cannot open ruleset|cannot be a ruleset).*",
    re.IGNORECASE | re.MULTILINE,
)
ACTIONS = re.compile(
    r'(?:(?:deliver|delete|store|striphtml|attachment|notify|bounce|forward [\w.+=-]+@[\w.-]+|header "[\w-]+: [^"]*")(?:\s+|$))*'
)


def check(section, configuration):
    if section is None:
        return
    if not os.path.exists(MAIN):
        raise host.Refused("asks for MailScanner, which this host does not have")
    if set(section) != {"settings"} or not isinstance(section["settings"], list):
        raise host.Refused("has a scanner that is more or less than its settings")
    known = known_settings()
    for line in section["settings"]:
        why = complaint(line, known)
        if why:
            raise host.Refused(f"has a line for MailScanner that {why}: {line!r:.120}")
    for line in FIXED:
        if line not in section["settings"]:
            raise host.Refused(f"does not tell MailScanner {line!r}")


def canonical(name):
    """A name as MailScanner sees it."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


FIXED_NAMES = {canonical(line.split(" =")[0]) for line in FIXED}


def complaint(line, known):
    """What is wrong with a line, or None."""
    if not isinstance(line, str):
        return "is no text"
    if line in ALLOWED or line == "" or re.fullmatch(r"#[^\x00-\x1f\x7f]*", line):
        return None
    parts = LINE.fullmatch(line)
    if not parts:
        return "does not set anything"
    name = canonical(parts[1])
    value = parts[2] or ""
    if name not in known:
        return "sets what it does not know"
    if name in FIXED_NAMES or DANGEROUS.search(name) or PATH.match(known[name]):
        return "sets what cannot be set from outside"
    rest = VARIABLES.sub("", value)
    if name == "spamscorenumberformat":
        rest = FORMAT.sub("", rest)
    if "%" in rest or HARMFUL.search(rest) or value != value.strip():
        return "has a value that cannot be set from outside"
    if name.endswith("actions") and not ACTIONS.fullmatch(value):
        return "has actions that cannot be set from outside"
    # For MailScanner, what is no number where one should be is the name of a file of rules.
    is_number = NUMBER.fullmatch(value)
    if NUMBER.fullmatch(known[name]) and not is_number:
        return "must be a number"
    if known[name].startswith("%rules-dir%") and not (is_number or value in ("yes", "no")):
        return "must be yes, no or a number"
    return None


def known_settings():
    """The names that MailScanner knows, and what its package says under them."""
    with open(MAIN, encoding="utf-8", errors="replace") as file:
        pairs = re.findall(r"^([A-Za-z][^=#\n]*?)\s*=[^\S\n]*(.*)$", file.read(), re.MULTILINE)
    return {canonical(name): value for name, value in pairs}


def take(section, configuration):
    if section is None:
        return
    text = "".join(f"{line}\n" for line in section["settings"])
    is_first = not os.path.exists(SETTINGS)
    runs = host.succeeds("systemctl", "is-active", "--quiet", SERVICE)
    if is_put(text):
        if not runs:
            host.run("systemctl", "start", "--no-block", SERVICE)
    elif is_first or runs:
        must_be_good(text)
        put(text)
        restart()
    else:
        # At boot, where Postfix waits for us. No mail is lost while no slot is up.
        put(text)
        host.run("systemctl", "start", "--no-block", SERVICE)


def put(text):
    host.write(STAGED, text)
    os.replace(STAGED, SETTINGS)


def is_put(text):
    try:
        with open(SETTINGS) as file:
            return file.read() == text
    except FileNotFoundError:
        return False


def must_be_good(text):
    """Lets MailScanner judge settings that it does not use yet."""
    host.write(STAGED, text)
    with open(MAIN) as file:
        host.write(STAGED_MAIN, file.read().replace(INCLUDE, f"include {STAGED}"))
    try:
        # As in a slot. It exits with 0 whatever it finds.
        report = subprocess.run(
            [
                *["systemd-run", "--quiet", "--collect", "--wait", "--pipe"],
                *[f"--property={line}" for line in LINT_PROPERTIES],
                *["/usr/local/sbin/backup-mx-mailscanner", "lint", STAGED_MAIN],
            ],
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ).stdout
    finally:
        host.remove(STAGED_MAIN)
    if LINT_END not in report:
        raise RuntimeError(f"MailScanner --lint did not come to its end: {report[-300:]}")
    problem = PROBLEM.search(report)
    if problem:
        raise host.Refused(f"is rejected by MailScanner: {problem[0].strip()}")


def restart():
    """Mail that is in hand is still in the queue, and is judged again."""
    host.run("systemctl", "restart", SERVICE)
    if not wait_for(START_SECONDS, is_up):
        raise RuntimeError("MailScanner did not start: see journalctl -t backup-mx-mailscanner")


def is_up():
    """Whether a slot could judge a mail now."""
    return any(answers(path) for path in glob.glob(f"{SLOTS}/*.sock"))


def answers(path):
    try:
        with socket.socket(socket.AF_UNIX) as slot:
            slot.settimeout(5)
            slot.connect(path)
            slot.sendall(b"GET /ping HTTP/1.1\r\nConnection: close\r\n\r\n")
            return slot.makefile("rb").readline(100).split()[1:2] == [b"200"]
    except OSError:
        return False


def wait_for(seconds, condition, *arguments):
    for _ in range(seconds):
        if condition(*arguments):
            return True
        time.sleep(1)
    return False
