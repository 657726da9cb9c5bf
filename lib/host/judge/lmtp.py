"""LMTP as Postfix's client speaks it: a mail comes in, and each recipient gets an answer."""

import asyncio
import re

from judge.mail import Mail, Recipient, address_of
from judge.settings import LARGEST_IN_HAND, TURN
from judge.wire import Wire

FEATURES = (
    b"PIPELINING",
    b"SIZE",
    b"8BITMIME",
    b"SMTPUTF8",
    b"DSN",
    b"ENHANCEDSTATUSCODES",
    b"XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE",
)
SIZE = re.compile(rb" SIZE=(\d{1,15})(?= |$)", re.IGNORECASE)
# Postfix keeps a connection for the next mail, and no longer than this.
IDLE_SECONDS = 600


class Budget:
    """The bytes that may be on the disk at once. A mail waits until its own fit, in order."""

    def __init__(self, most):
        self.most, self.used = most, 0
        self.first = asyncio.Lock()
        self.news = asyncio.Condition()

    async def take(self, size):
        size = min(size, self.most)
        async with self.first, self.news:
            await self.news.wait_for(lambda: self.used + size <= self.most)
            self.used += size
        return size

    async def give(self, size):
        async with self.news:
            self.used -= size
            self.news.notify_all()


class Session:
    def __init__(self, reader, writer, judging, folder, budget):
        self.reader, self.wire = reader, Wire(reader, writer)
        self.judging, self.folder, self.budget = judging, folder, budget
        self.forwarded = []
        self.mail = None

    async def run(self):
        try:
            await self._say(b"220 judge LMTP")
            while True:
                async with asyncio.timeout(IDLE_SECONDS):
                    line = await self.wire.line()
                if line is None or not await self._obey(line):
                    return
        except (OSError, ValueError, TimeoutError):
            # Postfix keeps the mail and comes again.
            return
        finally:
            self._drop()
            self.wire.close()

    async def _obey(self, line):
        """Does what a command asks for. Returns whether another one may come."""
        verb = line.split(b" ", 1)[0].upper()
        if verb == b"LHLO":
            lines = [b"judge", *FEATURES]
            await self._say(b"\r\n".join(b"250-" + one for one in lines[:-1]) + b"\r\n250 " + lines[-1])
        elif verb == b"XFORWARD":
            self.forwarded.append(line)
            await self._say(b"250 2.0.0 Ok")
        elif verb == b"MAIL":
            await self._say(self._begin(line))
        elif verb == b"RCPT":
            await self._say(self._add(line))
        elif verb == b"DATA":
            await self._data()
        elif verb == b"RSET":
            self._drop()
            await self._say(b"250 2.0.0 Ok")
        elif verb == b"NOOP":
            await self._say(b"250 2.0.0 Ok")
        elif verb == b"QUIT":
            await self._say(b"221 2.0.0 Bye")
            return False
        else:
            await self._say(b"451 4.5.1 the judge does not know this command")
        return True

    def _begin(self, line):
        self.close_mail()
        try:
            sender = address_of(line)
        except ValueError:
            return b"451 4.5.2 the judge cannot read this sender"
        found = SIZE.search(line)
        self.size = int(found[1]) if found else 0
        client = {}
        for command in self.forwarded:
            for pair in command.split(b" ")[1:]:
                key, _, value = pair.partition(b"=")
                if value not in (b"[UNAVAILABLE]", b"[TEMPUNAVAIL]"):
                    client[key.upper()] = _plain(value)
        self.mail = Mail(self.folder, SIZE.sub(b"", line), sender, xforward=self.forwarded, client=client)
        return b"250 2.1.0 Ok"

    def _add(self, line):
        if self.mail is None:
            return b"451 4.5.1 the judge has no sender"
        try:
            self.mail.recipients.append(Recipient(line, address_of(line)))
        except ValueError:
            return b"451 4.5.2 the judge cannot read this recipient"
        return b"250 2.1.5 Ok"

    async def _data(self):
        mail = self.mail
        if mail is None or not mail.recipients:
            await self._say(b"451 4.5.1 the judge has no recipients")
            return
        # The place for a mail that lies about its size is that of what it says, not of what it is.
        try:
            async with asyncio.timeout(TURN):
                taken = await self.budget.take(self.size)
        except TimeoutError:
            await self._say(b"451 4.3.1 the judge has too many large mails in hand")
            return
        try:
            await self._say(b"354 go on")
            problem = None
            async for block in self.wire.data():
                if problem is None:
                    try:
                        mail.content.write(block)
                    except OSError as error:
                        problem = error
            try:
                mail.end()
            except OSError as error:
                problem = error
            if problem is None:
                answers = await self._judge(mail)
            else:
                reply = f"452 4.3.1 the judge has no room: {problem.strerror or problem}".encode("ascii", "replace")
                answers = {r.address: reply for r in mail.recipients}
            if answers is not None:
                # One for each command, in their order.
                replies = [answers[r.address] for r in mail.recipients]
                await self._say(b"\r\n".join(_one_line(reply) for reply in replies))
        finally:
            await asyncio.shield(self.budget.give(taken))
            self._drop()
        if answers is None:
            raise ConnectionError("Postfix is gone")

    async def _judge(self, mail):
        """The answers; None if nobody waits for them any more. Then nothing is sent on."""
        judged = asyncio.create_task(self.judging.answers(mail))
        gone = asyncio.create_task(self.reader.is_gone.wait())
        try:
            await asyncio.wait({judged, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not judged.done() and not mail.is_committed:
                judged.cancel()
                await asyncio.wait({judged})
                if judged.cancelled():
                    return None
            # At its end a mail is on its way, and what hop 2 says has to be remembered.
            return await judged
        finally:
            gone.cancel()

    def _drop(self):
        self.close_mail()
        self.forwarded = []

    def close_mail(self):
        if self.mail is not None:
            self.mail.close()
            self.mail = None

    async def _say(self, text):
        await self.wire.send(text + b"\r\n")


def budget(settings):
    return Budget(LARGEST_IN_HAND * settings.message_size_limit)


def _plain(value):
    """An attribute as it was before Postfix wrote it as xtext."""
    return re.sub(rb"\+([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), value)


def _one_line(reply):
    return re.sub(rb"[\r\n\0]", b" ", reply)[:500]
