"""The envelope of a mail in Postfix's queue, as postcat prints it: as the commands by which it came."""

import re
from dataclasses import dataclass, field

# As Postfix writes DSN options into a queue file.
NOTIFY = {1: b"NEVER", 2: b"SUCCESS", 4: b"FAILURE", 8: b"DELAY"}
FAILURE = 4
RETURN = {b"1": b"FULL", b"2": b"HDRS"}
# Any of the reasons for which a mail needs SMTPUTF8.
SMTPUTF8 = 0b1111
ATOMS = re.compile(rb"[0-9A-Za-z!#$%&'*+/=?^_`{|}~\x80-\xff-]+(?:\.[0-9A-Za-z!#$%&'*+/=?^_`{|}~\x80-\xff-]+)*")
ADDRESS = re.compile(rb"[0-9A-Fa-f.:]{2,45}")


@dataclass
class Envelope:
    # MAIL FROM and RCPT TO, without a line end.
    mail: bytes = b""
    recipients: list = field(default_factory=list)
    sender: bytes = b""
    # Those of the recipients for whom the sender wants no report of a failure.
    silent: set = field(default_factory=set)
    # The client at port 25, and what it called itself.
    client: bytes = b""
    helo: bytes = b""


def read(text):
    """Raises ValueError where it is none."""
    found, sender, options, own = Envelope(), None, b"", {}
    needs_utf8 = False
    for line in text.split(b"\n"):
        if line.startswith(b"*** MESSAGE CONTENTS"):
            break
        name, colon, value = line.partition(b": ")
        if not colon:
            continue
        if name == b"message_size":
            sizes = value.split()
            needs_utf8 = len(sizes) > 5 and bool(int(sizes[5]) & SMTPUTF8)
        elif name == b"sender":
            sender = value
        elif name == b"named_attribute":
            key, _, content = value.partition(b"=")
            if key == b"encoding" and content == b"8bit":
                options += b" BODY=8BITMIME"
            elif key == b"envelope_id":
                options += b" ENVID=" + xtext(content)
            elif key == b"ret_flags" and content in RETURN:
                options += b" RET=" + RETURN[content]
            elif key == b"log_client_address" and ADDRESS.fullmatch(content):
                found.client = content
            elif key == b"log_helo_name":
                found.helo = content
            elif key in (b"notify_flags", b"dsn_orig_rcpt"):
                own[key] = content
        elif name == b"recipient":
            found.recipients.append(_recipient(value, own))
            flags = int(own.get(b"notify_flags", 0))
            if flags and not flags & FAILURE:
                found.silent.add(quoted(value))
            own = {}
        elif name == b"done_recipient":
            own = {}
    if sender is None or not found.recipients:
        raise ValueError("postcat shows no envelope")
    found.sender = quoted(sender)
    found.mail = b"MAIL FROM:<" + found.sender + b">" + options + (b" SMTPUTF8" if needs_utf8 else b"")
    return found


def _recipient(address, own):
    line = b"RCPT TO:<" + quoted(address) + b">"
    flags = int(own.get(b"notify_flags", 0))
    words = [word for bit, word in NOTIFY.items() if flags & bit]
    if words:
        line += b" NOTIFY=" + b",".join(words)
    kind, _, original = own.get(b"dsn_orig_rcpt", b"").partition(b";")
    # What Postfix fills in says nothing, and of UTF-8 there are other rules.
    if kind == b"rfc822" and original and original != quoted(address) and original.isascii():
        line += b" ORCPT=rfc822;" + xtext(original)
    return line


def quoted(address):
    """An address as it is written: Postfix keeps a local part without its quotes."""
    local, at, domain = address.rpartition(b"@")
    if not at or ATOMS.fullmatch(local):
        return address
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", local) + b'"@' + domain


def xtext(text):
    return re.sub(rb"[^\x21-\x7e]|[+=]", lambda found: b"+%02X" % found[0][0], text)
