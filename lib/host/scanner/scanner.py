"""MailScanner's settings, and its start. Whoever may write them must not become root by them, nor
run a program, nor read or write a file: so most of what MailScanner knows is refused."""

import glob
import os
import re
import subprocess
import tempfile
import time

import host

SECTION = "scanner"
ORDER = 40

MAIN = "/etc/MailScanner/MailScanner.conf"
SETTINGS = "/etc/MailScanner/conf.d/backup-mx.conf"
# Not there: MailScanner reads whatever is in that folder.
STAGED = "/etc/MailScanner/backup-mx.conf"
INCLUDE = "include /etc/MailScanner/conf.d/*"
# Postfix starts MailScanner, as soon as it was seen to work.
WANTED = "/etc/systemd/system/postfix.service.wants/mailscanner.service"
CLAMD = "/usr/sbin/clamd"

# What carries mail between Postfix and MailScanner: all of it, and nothing else under these names.
HAND_OVER = [
    "MTA = postfix",
    "Run As User = postfix",
    "Run As Group = postfix",
    "Run In Foreground = yes",
    "Incoming Queue Dir = /var/spool/postfix/hold",
    "Outgoing Queue Dir = /var/spool/postfix/incoming",
    "Delivery Method = batch",
    "Maximum Processing Attempts = 0",
    "Incoming Work User = postfix",
    "Incoming Work Group = mtagroup",
    "Incoming Work Permissions = 0660",
    "Quarantine User = postfix",
    "Quarantine Group = postfix",
    "Quarantine Permissions = 0600",
]
# What else may be said under a name that is refused otherwise.
ALLOWED = {
    *HAND_OVER,
    "Virus Scanners = none",
    "Virus Scanners = clamd",
    "Clamd Port = 0",
    "Clamd Socket = /var/run/clamav/clamd.ctl",
    "Clamd Lock File =",
    "SpamAssassin User State Dir = /var/spool/MailScanner/spamassassin",
    "Filename Rules =",
    "Filetype Rules =",
    "Archives: Filename Rules =",
    "Archives: Filetype Rules =",
}
# What a child says of itself that waits for mail or has some in hand.
CHILD = "^MailScanner: (waiting for messages|extracting|virus|spam|checking|cleaning|delivering|finishing)"
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
    if set(section) != {"settings", "clamAv", "deliverUnscannedAfter"} or not isinstance(section["settings"], list):
        raise host.Refused("has a scanner without settings, clamAv and deliverUnscannedAfter")
    if not isinstance(section["clamAv"], bool):
        raise host.Refused("has a clamAv that is neither true nor false")
    if section["clamAv"] and not os.path.exists(CLAMD):
        raise host.Refused("asks for ClamAV, which this host does not have")
    after = section["deliverUnscannedAfter"]
    if not isinstance(after, str) or not re.fullmatch(r"([0-9]+[smhdw])?", after, re.ASCII):
        raise host.Refused(f"has a deliverUnscannedAfter that is no duration: {after!r:.60}")
    known = known_settings()
    for line in section["settings"]:
        why = complaint(line, known)
        if why:
            raise host.Refused(f"has a line for MailScanner that {why}: {line!r:.120}")
    for line in HAND_OVER:
        if line not in section["settings"]:
            raise host.Refused(f"does not tell MailScanner {line!r}")


def complaint(line, known):
    """What is wrong with a line, or None."""
    if not isinstance(line, str):
        return "is no text"
    if line in ALLOWED or line == "" or re.fullmatch(r"#[^\x00-\x1f\x7f]*", line):
        return None
    parts = LINE.fullmatch(line)
    if not parts:
        return "does not set anything"
    name = re.sub(r"[^a-z0-9]", "", parts[1].lower())
    value = parts[2] or ""
    if name not in known:
        return "sets what it does not know"
    if DANGEROUS.search(name) or PATH.match(known[name]):
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
    return {re.sub(r"[^a-z0-9]", "", name.lower()): value for name, value in pairs}


def take(section, configuration):
    if section is None:
        return
    text = "".join(f"{line}\n" for line in section["settings"])
    if not os.path.exists(WANTED):
        if section["clamAv"]:
            start_clamav()
        must_be_good(text)
        put(text)
        restart()
        host.run("systemctl", "add-wants", "--quiet", "postfix.service", "mailscanner.service")
    elif is_put(text):
        return
    elif host.succeeds("systemctl", "is-active", "--quiet", "mailscanner"):
        must_be_good(text)
        put(text)
        restart()
    else:
        # It starts with Postfix, which waits for us at boot.
        put(text)


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
        main = file.read().replace(INCLUDE, f"include {STAGED}")
    # It reads them as postfix, too.
    with tempfile.NamedTemporaryFile("w", prefix="MailScanner-", suffix=".conf") as staged:
        os.fchmod(staged.fileno(), 0o644)
        staged.write(main)
        staged.flush()
        try:
            report = subprocess.run(
                ["MailScanner", "--lint", staged.name],
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=180,
            ).stdout
        except subprocess.TimeoutExpired:
            raise RuntimeError("MailScanner --lint did not end in three minutes")
    # It exits with 0 whatever it finds.
    problem = PROBLEM.search(report)
    if problem:
        raise host.Refused(f"is rejected by MailScanner: {problem[0].strip()}")


def restart():
    """Mail that it has in hand is still in the queue, and is scanned again."""
    host.run("systemctl", "restart", "mailscanner")
    if not wait_for(120, host.succeeds, "pgrep", "--full", CHILD):
        raise RuntimeError("MailScanner did not start: see journalctl -u mailscanner")


def start_clamav():
    host.run("usermod", "--append", "--groups", "mtagroup", "clamav")
    # clamd does not start without signatures, and freshclam fetches them in the background.
    host.run("systemctl", "enable", "--quiet", "--now", "clamav-freshclam")
    for part in ("main", "daily"):
        if not wait_for(600, glob.glob, f"/var/lib/clamav/{part}.c[lv]d"):
            raise RuntimeError("the virus signatures did not arrive")
    host.run("systemctl", "enable", "--quiet", "clamav-daemon")
    host.run("systemctl", "restart", "clamav-daemon")
    if not wait_for(180, os.path.exists, "/var/run/clamav/clamd.ctl"):
        raise RuntimeError("clamd does not answer")


def wait_for(seconds, condition, *arguments):
    for _ in range(seconds):
        if condition(*arguments):
            return True
        time.sleep(1)
    return False
