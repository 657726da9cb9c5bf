"""Writes to the operator, past the queue that the judge itself may hold up."""

import asyncio
import time
from email.utils import formatdate, make_msgid

from judge import hop
from judge.wire import Wire

AGAIN = 86400
SECONDS = 60


class Letters:
    """One of a kind in a day."""

    def __init__(self, hostname, say=print, path=hop.PATH):
        self.hostname, self.say, self.path = hostname, say, path
        self.told, self.tasks = {}, set()

    def tell(self, kind, subject, text):
        now = time.time()
        if now - self.told.get(kind, 0) < AGAIN:
            return
        self.told[kind] = now
        task = asyncio.create_task(self._send(kind, subject, text))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _send(self, kind, subject, text):
        address = f"postmaster@{self.hostname}"
        lines = [
            f"From: {address}",
            f"To: {address}",
            f"Subject: backup MX {self.hostname}: {subject}",
            f"Date: {formatdate()}",
            f"Message-ID: {make_msgid(domain=self.hostname)}",
            "Auto-Submitted: auto-generated",
            "",
            text,
            ".",
        ]
        try:
            async with asyncio.timeout(SECONDS):
                wire = await Wire.connect(self.path)
                try:
                    await wire.reply()
                    for command in ("EHLO judge", "MAIL FROM:<>", f"RCPT TO:<{address}>", "DATA", "\r\n".join(lines)):
                        reply = await wire.ask(command.encode("ascii", "replace"))
                        if reply[:1] not in b"23":
                            raise ConnectionError(reply.decode("latin-1"))
                finally:
                    wire.close()
        except (OSError, ValueError, TimeoutError) as error:
            self.told.pop(kind, None)
            self.say(f"no letter could be written ({subject}): {error}")
