"""A mail in quarantine, as hop 2 is given it: with its envelope as it came."""

from judge.content import BLOCK
from judge.mail import Recipient, address_of
from judge.quarantine import at_once


class Kept:
    """Raises ValueError where the facts are not those of a mail."""

    def __init__(self, path, facts):
        self.path = path
        self.line = _line(facts, "mail")
        self.sender = address_of(self.line)
        self.xforward = _lines(facts, "xforward")
        self.recipients = [Recipient(line, address_of(line)) for line in _lines(facts, "recipients")]
        if not self.recipients:
            raise ValueError("it has no recipients")

    def wire(self):
        """The content in blocks, with the dots that SMTP adds."""
        begins, blocks, size = True, [], 0
        with open(self.path, "rb", opener=at_once) as file:
            while piece := file.readline(BLOCK):
                part = b"." + piece if begins and piece[:1] == b"." else piece
                begins = piece[-1:] == b"\n"
                blocks.append(part)
                size += len(part)
                if size >= BLOCK:
                    yield b"".join(blocks)
                    blocks, size = [], 0
        yield b"".join(blocks) + (b"" if begins else b"\r\n")

    def header(self, longest):
        """Its header, as far as it is not longer than this."""
        with open(self.path, "rb", opener=at_once) as file:
            text = file.read(longest)
        # Without a field the mail begins with the empty line.
        return (b"\r\n" + text).partition(b"\r\n\r\n")[0].removeprefix(b"\r\n")


def _lines(facts, name):
    if not isinstance(facts.get(name), list):
        raise ValueError(f"it has no {name}")
    return [_checked(name, line) for line in facts[name]]


def _line(facts, name):
    return _checked(name, facts.get(name))


def _checked(name, line):
    if not isinstance(line, str) or not line or "\r" in line or "\n" in line:
        raise ValueError(f"its {name} cannot be")
    return line.encode("latin-1")
