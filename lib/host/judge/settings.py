"""What the judge is told: the section of the configuration, and what follows from it."""

import json
import re
from dataclasses import dataclass

PATH = "/etc/backup-mx/judge.json"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

# A copy that is larger is not given to the scanner.
LARGEST_COPY = 10 * 1024 * 1024
# So many of the largest mails may be in the judge's hands at once: the reserve of port 25 counts
# them twice, here and in hop 2.
LARGEST_IN_HAND = 10
# Seconds that a mail waits for its turn, or for a place on the disk.
TURN = 120
# Seconds that it takes at most to find out whether hop 2 took a mail.
DOUBT = 75
# Seconds that hop 2 may take for a mail.
HOP = 300


@dataclass(frozen=True)
class Settings:
    scanner: str
    clam_av: bool
    # Seconds that the scanner may take for a mail.
    time_limit: float
    # What becomes of mail that the scanner cannot judge: "deliver" or "quarantine".
    unscanned: str
    # After how many seconds mail goes on without a verdict. None: never.
    deliver_unscanned_after: float | None
    quarantine_lifetime: float
    # Of the disk, in percent.
    quarantine_share: int
    # What becomes of mail for which the quarantine has no room: "deliver" or "wait".
    quarantine_when_full: str
    message_size_limit: int

    @property
    def first_limit(self):
        """Seconds that a mail has at its first try, so that nothing waits long behind bad ones."""
        return max(5, self.time_limit / 6)

    @property
    def longest(self):
        """Seconds that a mail may be in the judge's hands: a place on the disk, an earlier try, what
        the log says of that, a first and a second turn at the scanner, hop 2. Hop 1 waits longer."""
        return 4 * TURN + DOUBT + self.first_limit + self.time_limit + HOP


def seconds(text):
    return int(text[:-1]) * SECONDS[text[-1]]


def of(section):
    after = section["deliverUnscannedAfter"]
    return Settings(
        scanner=section["scanner"],
        clam_av=section["clamAv"],
        time_limit=seconds(section["timeLimit"]),
        unscanned=section["unscanned"],
        deliver_unscanned_after=None if after == "never" else seconds(after),
        quarantine_lifetime=seconds(section["quarantineLifetime"]),
        quarantine_share=int(section["quarantineShare"]),
        quarantine_when_full=section["quarantineWhenFull"],
        message_size_limit=int(section["messageSizeLimit"]),
    )


def read(path=PATH):
    with open(path) as file:
        return of(json.load(file))


def problem(section):
    """What is wrong with a section, or None."""
    forms = {
        "scanner": r"mailscanner|rspamd|none",
        "timeLimit": r"[0-9]{1,4}[sm]",
        "unscanned": r"deliver|quarantine",
        "deliverUnscannedAfter": r"never|[0-9]{1,6}[smhdw]",
        "quarantineLifetime": r"[0-9]{1,6}[smhdw]",
        "quarantineShare": r"[0-9]{1,2}",
        "quarantineWhenFull": r"deliver|wait",
        "messageSizeLimit": r"[0-9]{1,12}",
    }
    if set(section) != {*forms, "clamAv"}:
        return f"has other settings of the judge than {', '.join(sorted({*forms, 'clamAv'}))}"
    if not isinstance(section["clamAv"], bool):
        return "has a clamAv that is neither true nor false"
    for name, form in forms.items():
        value = section[name]
        if not isinstance(value, str) or not re.fullmatch(form, value, re.ASCII):
            return f"has a {name} that cannot be: {value!r:.60}"
    if not 10 <= seconds(section["timeLimit"]) <= 600:
        return "has a timeLimit that is not between 10 seconds and 10 minutes"
    return None
