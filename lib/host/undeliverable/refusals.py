"""For how long primaries have refused each mail. It counts only while a primary takes other mail of the
same domain: one that refuses everybody is not well, and costs no mail."""

import json
import re
import subprocess

PATH = "/var/spool/backup-mx/undeliverable/state.json"
# So long a recipient that a primary took speaks for it.
TAKEN_SECONDS = 86400
# Longer than this nothing is counted at once: this host did not run.
LONGEST_STEP = 900
LOG_SECONDS = 120
# Everybody has these addresses, also a primary that has lost its users.
ROLES = ("abuse", "postmaster")
# A quoted local part could say anything.
TOOK = re.compile(
    r'(\d+)[.\d]* \S+ \S+: [0-9A-Za-z]+: to=<([^"<>\s]+)@([^"<>@\s]+)>, (?:orig_to=<[^"<>\s]*>, )?relay=[^\s"<>]+, '
    r"(?:[a-z_]+=[0-9./]+, )*dsn=2\.[0-9.]+, status=(?:sent|deliverable) \("
)
LOGS = ("postfix/relay/smtp", "postfix/relay-probe/smtp")


class Refusals:
    """What is known of the refused mail, as it stands in a file on the disk of the queue."""

    def __init__(self, known=None):
        known = known if isinstance(known, dict) else {}
        self.looked = _number(known.get("looked"))
        # When a primary of a domain took somebody, by domain.
        self.taken = _numbers(known.get("taken"))
        # Since when a mail is refused, and for how many seconds that counts, by queue id.
        self.since = _numbers(known.get("since"))
        self.seconds = _numbers(known.get("seconds"))
        # Mails that are on their way into quarantine, and why.
        self.moving = {k: v for k, v in _dict(known.get("moving")).items() if isinstance(v, str)}

    @classmethod
    def read(cls, path=PATH):
        """Without a file that can be read everything begins anew: mail stays longer."""
        try:
            with open(path) as file:
                return cls(json.load(file))
        except (OSError, ValueError, RecursionError):
            return cls()

    def text(self):
        return json.dumps(vars(self)) + "\n"

    def look(self, mails, now, takers):
        """Counts on, by the mails that are refused now, and by who was taken since the last look."""
        step = min(max(0, now - self.looked), LONGEST_STEP) if self.looked else 0
        self.looked = now
        self.taken.update(takers)
        refused = {mail.queue_id: mail for mail in mails if mail.is_refused}
        listed = {mail.queue_id for mail in mails}
        for queue_id, mail in refused.items():
            # The log is read to the second.
            since = self.since.setdefault(queue_id, int(now))
            counted = self.seconds.setdefault(queue_id, 0)
            if all(self._is_well(domain, since, now) for domain in mail.domains):
                self.seconds[queue_id] = counted + step
        # A mail that is not refused any more may be so again; one that is gone is not.
        for known in (self.since, self.seconds):
            for queue_id in known.keys() - listed:
                del known[queue_id]
        for domain in [name for name, when in self.taken.items() if now - when > TAKEN_SECONDS]:
            del self.taken[domain]

    def _is_well(self, domain, since, now):
        when = self.taken.get(domain.lower(), 0)
        return when >= since and now - when <= TAKEN_SECONDS


def takers(begin):
    """When primaries took somebody since then, by domain, as the log tells it."""
    command = ["journalctl", "--quiet", "--no-pager", "--output=short-unix", f"--since=@{int(begin)}"]
    try:
        done = subprocess.run(
            [*command, *(f"SYSLOG_IDENTIFIER={name}" for name in LOGS)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LOG_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return took(done.stdout.decode("utf-8", "replace"))


def took(log):
    found = {}
    for line in log.split("\n"):
        match = TOOK.match(line)
        if match and match[2].lower() not in ROLES:
            found[match[3].lower()] = int(match[1])
    return found


def _dict(value):
    return value if isinstance(value, dict) else {}


def _number(value):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and 0 <= value < 1e12 else 0


def _numbers(value):
    return {name: _number(number) for name, number in _dict(value).items()}
