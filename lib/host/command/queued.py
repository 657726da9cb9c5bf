"""The mail in Postfix's queue: what waits for a verdict, what for a primary, and what a primary refuses."""

import json
import os
import re
import stat
import subprocess
from dataclasses import dataclass, field

from judge.mail import time_of

QUEUE = "/var/spool/postfix"
FOLDERS = ("incoming", "active", "deferred", "hold", "maildrop")
# Hop 1 writes it near the beginning of a file, before the sender. Hop 2 does not.
FILTER = b"judge:unix:/run/backup-mx-judge/lmtp"
IS_FILTER, IS_ATTRIBUTE, IS_SENDER = b"L", b"A", b"S"
# The id that the mail had in hop 1.
IDENT = b"log_ident="
BEGINNING = 4096
# What a primary said of a mail that it will not take, however often it is asked; or Postfix for it.
REFUSED = re.compile(
    r"host \S+ said: 5[0-9][0-9][ -]"
    r"|message size [0-9]+ exceeds size limit [0-9]+ of server "
    r"|SMTPUTF8 is required, but was not offered by host "
)
# So often a mail is looked for that moves from one folder to another meanwhile.
TRIES = 3


@dataclass
class Mail:
    queue_id: str
    # When it came to port 25.
    arrived: float
    domains: frozenset
    is_judged: bool = True
    # Whether it has no recipient that a primary may still take.
    is_refused: bool = False
    # The folder of the queue that it is in, and the whole envelope as Postfix lists it.
    folder: str = ""
    sender: str = ""
    size: int = 0
    # When it came into this queue: the last hop began to wait.
    queued: float = 0.0
    # What was said last, by recipient.
    reasons: dict = field(default_factory=dict)


def waiting(now):
    """All that waits, without what has left the queue meanwhile."""
    mails = listed(now)
    found = _beginnings({mail.queue_id for mail in mails if mail.queue_id})
    for mail in mails:
        filtered, ident = envelope(found.get(mail.queue_id, b""))
        mail.is_judged = filtered != FILTER
        # What the judge says is no word of a primary.
        mail.is_refused &= mail.is_judged
        mail.arrived = min(mail.arrived, time_of(ident.decode("ascii", "replace")))
    return [mail for mail in mails if not mail.queue_id or mail.queue_id in found]


def listed(now):
    """All that Postfix lists, which need not run for it."""
    text = subprocess.run(["postqueue", "-j"], stdout=subprocess.PIPE, check=True).stdout
    # Some characters that end a line elsewhere stand in addresses and replies.
    return [_mail(line, now) for line in text.split(b"\n") if line]


def _mail(line, now):
    try:
        found = json.loads(line)
        reasons = {r["address"]: r.get("delay_reason") or "" for r in found["recipients"]}
        return Mail(
            found["queue_id"],
            float(found["arrival_time"]),
            frozenset(address.rsplit("@", 1)[-1] for address in reasons),
            is_refused=bool(reasons) and all(map(REFUSED.match, reasons.values())),
            folder=found["queue_name"],
            sender=found["sender"],
            size=int(found["message_size"]),
            queued=float(found["arrival_time"]),
            reasons=reasons,
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        # It waits, whatever it is.
        return Mail("", now, frozenset())


def _beginnings(ids):
    """The first bytes of the files of these mails, by id."""
    left, found = set(ids), {}
    for _ in range(TRIES):
        for folder in FOLDERS:
            for path, _, names in os.walk(f"{QUEUE}/{folder}"):
                for name in left.intersection(names):
                    try:
                        found[name] = _beginning(f"{path}/{name}")
                    except OSError:
                        continue
            left.difference_update(found)
        if not left:
            break
    return found


def _beginning(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, BEGINNING) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    finally:
        os.close(descriptor)


def envelope(beginning):
    """The filter that a queue file names, and the id that the mail had in hop 1."""
    filtered = ident = b""
    for kind, text in _records(beginning):
        if kind == IS_SENDER:
            break
        if kind == IS_FILTER:
            filtered = text
        elif kind == IS_ATTRIBUTE and text.startswith(IDENT):
            ident = text.removeprefix(IDENT)
    return filtered, ident


def _records(data):
    """A queue file consists of records: a letter, the length by seven bits a byte, the lowest first,
    and the text."""
    at = 0
    while at < len(data):
        kind, length, shift, byte = data[at : at + 1], 0, 0, 0x80
        at += 1
        while byte & 0x80 and at < len(data):
            byte = data[at]
            at, length, shift = at + 1, length | (byte & 0x7F) << shift, shift + 7
        yield kind, data[at : at + length]
        at += length
