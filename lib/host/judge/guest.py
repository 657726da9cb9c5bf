"""A scanner as the judge sees it: somebody behind a socket who may lie, hang or be gone."""

import asyncio
import contextlib
import time

from judge import restart
from judge.verdict import LARGEST, Lie
from judge.wire import Wire

PING_SECONDS = 5
# So long it may need until it answers for the first time.
START_SECONDS = 180
# One that was up and does not answer any more for so long hangs.
HANG_SECONDS = 15
# A socket that is closed for so long is that of a scanner that nobody starts.
CLOSED_SECONDS = 30


class Gone(Exception):
    """It is not there."""


class Closed(Gone):
    """Nobody listens at its socket."""


class Broken(Exception):
    """It ended, or hung, or lied, with a mail in hand. The message says which."""


class Guest:
    def __init__(self, name, path, places, read, say=print):
        """`name` is what it is restarted by; `read` makes a verdict of its answer."""
        self.name, self.path, self.places, self.read, self.say = name, path, places, read, say
        # The mails that it has in hand.
        self.jobs = set()
        self.state, self.since, self.reason = "starting", time.time(), ""
        self.is_up, self.is_down = asyncio.Event(), asyncio.Event()
        # Since when it can judge, and until when it could. A restart for a bad mail is no absence.
        self.able_since, self.able_until = None, None
        self.restarting, self.restarted = None, 0.0
        # Since when it does not answer, of one that was up and has not ended.
        self.silent_since = None

    async def watch(self, patience=1.0, rest=15.0):
        """Keeps an eye on it for as long as the judge runs."""
        while True:
            if self.restarting is not None:
                # The old one may still answer.
                await asyncio.wait({self.restarting})
            # One that has its hands full may be slow to answer, and is looked at by its work.
            if not self.jobs:
                try:
                    async with asyncio.timeout(PING_SECONDS):
                        await self._ping()
                except (Gone, OSError, ValueError, TimeoutError) as error:
                    if not self.jobs:
                        await self._does_not_answer(error)
                else:
                    self._becomes("up")
            if self.is_up.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(rest):
                        # Mail waits until it is seen to be up again.
                        await self.is_down.wait()
            else:
                await asyncio.sleep(patience)

    async def _does_not_answer(self, error):
        is_closed, was_up, now = isinstance(error, Closed), self.state == "up", time.time()
        self.lost(str(error) or "it does not answer", CLOSED_SECONDS if is_closed else START_SECONDS)
        # It has ended, and systemd starts it; or it hangs, and nobody does.
        if is_closed:
            self.silent_since = None
        elif was_up:
            self.silent_since = now
        hangs = self.silent_since is not None and now - self.silent_since > HANG_SECONDS
        never_came = self.state == "down" and not is_closed and now - self.restarted > START_SECONDS
        if hangs or never_came:
            await self.restart("it does not answer")

    def lost(self, reason, patience=START_SECONDS):
        if self.is_up.is_set() or self.state == "up":
            self._becomes("starting", reason)
        elif self.state == "starting" and time.time() - self.since > patience:
            self._becomes("down", reason)
        self.reason = reason

    def _becomes(self, state, reason=""):
        now = time.time()
        if self.state == "up":
            self.able_until = now
        elif state == "up" and (self.able_until is None or now - self.able_until > START_SECONDS):
            self.able_since = now
        if state != self.state:
            self.say(f"{self.name} is {state}" + (f": {reason}" if reason else ""))
            self.state, self.since = state, time.time()
        self.reason = reason
        for event, is_so in ((self.is_up, state == "up"), (self.is_down, state != "up")):
            event.set() if is_so else event.clear()

    async def _ping(self):
        wire = await self._connect()
        try:
            await wire.send(b"GET /ping HTTP/1.1\r\nHost: judge\r\nConnection: close\r\n\r\n")
            status, _ = await self._answer(wire)
        finally:
            wire.close()
        if status != 200:
            raise Gone(f"it says {status}")

    async def judge(self, mail, name):
        """Its verdict of a mail. Without a limit of time: that is for the caller to keep."""
        wire = await self._connect()
        try:
            try:
                head = [b"POST /checkv2 HTTP/1.1", b"Host: judge", b"Connection: close"]
                head += [key + b": " + value for key, value in mail.question(name)]
                head.append(b"Content-Length: %d" % mail.copy_size)
                await wire.send(b"\r\n".join(head) + b"\r\n\r\n")
                for block in mail.text():
                    await wire.send(block)
                status, body = await self._answer(wire)
            except OSError as error:
                raise Broken(f"the scanner ended with it in hand ({error})") from None
            except ValueError as error:
                raise Broken(f"the scanner gave no verdict ({error})") from None
        finally:
            wire.close()
        if status == 503:
            raise Gone("it is not ready")
        if status != 200:
            raise Broken(f"the scanner gave up ({status})")
        try:
            return self.read(body)
        except Lie as lie:
            raise Broken(f"the scanner gave no verdict ({lie})") from None

    async def _connect(self):
        try:
            return await Wire.connect(self.path)
        except OSError as error:
            raise Closed(str(error)) from None

    async def _answer(self, wire):
        """The status and the body. Whatever comes, it ends."""
        head = await wire.line()
        if head is None:
            raise ConnectionError("no answer")
        words = head.split(b" ")
        if not head.startswith(b"HTTP/1.") or len(words) < 2 or not words[1].isdigit():
            raise ValueError("no HTTP")
        length = None
        for _ in range(64):
            line = await wire.line()
            if not line:
                break
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value.strip()[:12])
        else:
            raise ValueError("too many headers")
        body = wire.rest
        while length is None or len(body) < length:
            if len(body) > LARGEST:
                raise ValueError("too long")
            block = await wire.reader.read(65536)
            if not block:
                break
            body += block
        if length is not None and len(body) < length:
            raise ConnectionError("half an answer")
        return int(words[1][:3]), body[:length]

    async def restart(self, why):
        """Has it restarted, once for all who ask meanwhile."""
        if self.restarting is None or self.restarting.done():
            self.restarting = asyncio.create_task(self._restart(why))
        await asyncio.shield(self.restarting)

    async def _restart(self, why):
        # One that is down remains so until it answers: mail must not wait for it for ever.
        if self.state != "down":
            self._becomes("starting", why)
        self.restarted, self.silent_since = time.time(), None
        await restart.restart(self.name, self.say)
