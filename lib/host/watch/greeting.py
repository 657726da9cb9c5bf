"""A look at a primary, as one that leaves after EHLO: whether it is there, and what it offers."""

import asyncio
import errno
from dataclasses import dataclass

# Seconds. The lookup of the name and the connection; the whole answer.
CONNECT, ANSWER = 10, 28
# What says that this host has too little of something, and nothing of the primary.
OWN_FAULT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# Of what a primary says, so much is read: lines, and bytes of a line.
LINES, BYTES = 100, 2048
# What it offers and somebody is told of.
OFFERS = ("8BITMIME", "DSN", "SIZE", "SMTPUTF8", "STARTTLS")


@dataclass(frozen=True)
class Sight:
    # up; busy: it is there and has no time; refuses: it has no service for this host; itself: the
    # route leads back to this host; down.
    state: str
    # Keyword to its parameter, of one that is up.
    offers: dict | None = None


async def look(host, port, hostname, slots):
    """Connects when there is a slot. Raises OSError where this host has too little of something."""
    async with slots:
        # From now on: that others are slow is not its fault.
        deadline = asyncio.get_running_loop().time() + ANSWER
        try:
            async with asyncio.timeout(CONNECT):
                reader, writer = await asyncio.open_connection(
                    host, port, happy_eyeballs_delay=1, limit=BYTES
                )
        except (OSError, TimeoutError) as error:
            if getattr(error, "errno", None) in OWN_FAULT:
                raise
            return Sight("down")
    try:
        async with asyncio.timeout_at(deadline):
            return await _speak(reader, writer, hostname)
    except (OSError, TimeoutError, ValueError):
        # Whoever fills its processes can cause that.
        return Sight("busy")
    finally:
        writer.close()


async def _speak(reader, writer, hostname):
    code, lines = await _reply(reader)
    if code[:1] != b"2":
        return Sight("refuses" if code[:1] == b"5" else "busy")
    if _is(lines[0], hostname):
        await _leave(writer)
        return Sight("itself")
    writer.write(b"EHLO " + hostname.encode("ascii") + b"\r\n")
    code, lines = await _reply(reader)
    await _leave(writer)
    if code[:1] != b"2":
        # One that knows HELO alone takes mail as well.
        return Sight("busy" if code[:1] == b"4" else "up", {})
    return Sight("itself") if _is(lines[0], hostname) else Sight("up", dict(_offers(lines[1:])))


async def _leave(writer):
    writer.write(b"QUIT\r\n")
    await writer.drain()


async def _reply(reader):
    """The code and the texts of its lines. Raises ValueError where it is none."""
    lines = []
    while len(lines) < LINES:
        line = await reader.readline()
        if not line.endswith(b"\n") or not line[:3].isdigit() or line[3:4] not in b"- \r\n":
            raise ValueError("no reply")
        lines.append(line[4:].strip())
        if line[3:4] != b"-":
            return line[:3], lines
    raise ValueError("a reply without an end")


def _is(text, hostname):
    words = text.split()
    return bool(words) and words[0].decode("ascii", "replace").lower() == hostname.lower()


def _offers(lines):
    for line in lines:
        keyword, *parameters = line.decode("ascii", "replace").upper().split()[:2] or [""]
        if keyword in OFFERS:
            yield keyword, "".join(parameters) if "".join(parameters).isdecimal() else ""
