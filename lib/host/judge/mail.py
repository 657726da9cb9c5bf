"""A mail in the judge's hands: its envelope as bytes that nobody interprets, and its content."""

import re
import time
from dataclasses import dataclass, field

from judge.content import Content

TOP = 16 * 1024
# The characters of a long queue id of Postfix, by their value.
BASE_52 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
QUEUE_ID = re.compile(rb"[0-9A-Za-z]{1,40}")
CLEAN_NAME = re.compile(rb"(?=.{1,253}$)[0-9A-Za-z](?:[0-9A-Za-z-]*[0-9A-Za-z])?(?:\.[0-9A-Za-z-]+)*")
CLEAN_ADDRESS = re.compile(rb"[0-9A-Fa-f.:]{2,45}")
PLAIN = re.compile(rb"[\x21-\x7e]{1,512}")
# What Postfix puts on top of mail that was queued anew on this host.
QUEUED_HERE = re.compile(rb"Received: by \S+ \(Postfix, from userid \d+\)\s+id ([0-9A-Za-z]{6,40});")


@dataclass
class Recipient:
    # The command as it came.
    line: bytes
    # The address, by which it is remembered.
    address: bytes


@dataclass
class Mail:
    folder: str
    # MAIL FROM as it came, but for its size.
    line: bytes
    sender: bytes
    recipients: list = field(default_factory=list)
    # The commands XFORWARD as they came, and what they say.
    xforward: list = field(default_factory=list)
    client: dict = field(default_factory=dict)
    # What the sender's host called it; later than this it cannot be sent back.
    is_committed: bool = False

    def __post_init__(self):
        self.content = Content(self.folder)

    def close(self):
        self.content.close()

    def end(self):
        """Its content is whole. Mail that the operator has had queued anew comes with the id that it
        had first; what was remembered under that is not about this one. Its own is on top."""
        found = QUEUED_HERE.match(self.top())
        if found and found[1] != self.client.get(b"IDENT"):
            self.client[b"IDENT"] = found[1]
            self.xforward = [re.sub(rb"(?i) IDENT=\S*", b" IDENT=" + found[1], line) for line in self.xforward]

    def top(self):
        """Where its header begins."""
        return self.content.read(0, TOP)

    @property
    def queue_id(self):
        """By which Postfix knows it, or None."""
        found = self.client.get(b"IDENT", b"")
        return found.decode() if QUEUE_ID.fullmatch(found) else None

    @property
    def arrived(self):
        """When it arrived at port 25."""
        return time_of(self.queue_id or "")

    def wire(self):
        """The content in blocks, as it came by SMTP."""
        return self.content.blocks()

    def text(self):
        """The content in blocks, without the dots that SMTP adds."""
        before = b"\r\n"
        for block in self.wire():
            whole = before + block
            before = whole[-2:]
            if part := whole.replace(b"\r\n.", b"\r\n")[2:]:
                yield part

    @property
    def size(self):
        return self.content.size

    @property
    def copy_size(self):
        return sum(len(block) for block in self.text())

    @property
    def network(self):
        """From where it came: clients of one network take turns as one."""
        address = self.client.get(b"ADDR", b"").removeprefix(b"IPv6:")
        if b":" in address:
            return b":".join(address.split(b":")[:4])
        return address.rpartition(b".")[0]

    def question(self, name):
        """What the scanner is told of it, and no byte that could be read as something else."""
        address = self.client.get(b"ADDR", b"").removeprefix(b"IPv6:")
        helo, host = self.client.get(b"HELO", b""), self.client.get(b"NAME", b"")
        found = [(b"Queue-Id", name.encode())]
        if CLEAN_ADDRESS.fullmatch(address):
            found.append((b"IP", address))
        if CLEAN_NAME.fullmatch(helo):
            found.append((b"Helo", helo))
        if CLEAN_NAME.fullmatch(host) and b"." in host:
            found.append((b"Hostname", host))
        found += [(b"From", self.sender)] if PLAIN.fullmatch(self.sender) else []
        found += [(b"Rcpt", r.address) for r in self.recipients[:50] if PLAIN.fullmatch(r.address)]
        return found


def address_of(line):
    """What stands between < and > of a command. A quoted local part may hold either."""
    begin = line.index(b"<") + 1
    is_quoted, position = False, begin
    while position < len(line):
        letter = line[position : position + 1]
        if letter == b"\\" and is_quoted:
            position += 1
        elif letter == b'"':
            is_quoted = not is_quoted
        elif letter == b">" and not is_quoted:
            return line[begin:position]
        position += 1
    raise ValueError("no end of the address")


def time_of(queue_id):
    """When a queue file was made, by its long id; now, where it does not tell."""
    now = time.time()
    try:
        found = 0
        for letter in queue_id[:6]:
            found = found * 52 + BASE_52.index(letter)
    except ValueError:
        return now
    return found if len(queue_id) > 10 and 0 < now - found < 10 * 365 * 86400 else now
