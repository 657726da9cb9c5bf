"""The virus scanner. It gets the mail as a stream, and says the name of a virus or none."""

import asyncio
import re
import time

from judge import restart
from judge.guest import START_SECONDS, Broken, Gone
from judge.verdict import Verdict, printable
from judge.wire import Wire

PATH = "/run/clamav/clamd.ctl"
# clamd keeps a connection for each; more would only wait there.
AT_ONCE = 4
# Longer than clamd works on one mail, for which all its threads may be needed.
PING_SECONDS = 15
# One that was up and does not answer any more for so long hangs.
HANG_SECONDS = 60


class Clamd:
    def __init__(self, limit, say=print, path=PATH):
        self.limit, self.say, self.path = limit, say, path
        self.places = asyncio.Semaphore(AT_ONCE)
        self.is_up = False

    async def watch(self, rest=15.0):
        # When it answered last, or was started, and how long it may be silent from then on.
        last, patience = time.monotonic(), START_SECONDS
        while True:
            try:
                async with asyncio.timeout(PING_SECONDS):
                    self.is_up = await self._ask(b"zPING\0", ()) == b"PONG"
            except Gone:
                # It has ended, and systemd starts it.
                self.is_up, patience = False, START_SECONDS
            except (OSError, ValueError, TimeoutError):
                self.is_up = False
            if self.is_up:
                last, patience = time.monotonic(), HANG_SECONDS
            elif time.monotonic() - last > patience:
                await restart.restart("clamav", self.say)
                last, patience = time.monotonic(), START_SECONDS
            await asyncio.sleep(rest if self.is_up else 1)

    async def judge(self, mail, patience):
        """A verdict, or None if it has found nothing. Raises Gone or Broken."""
        async with asyncio.timeout(patience):
            await self.places.acquire()
        try:
            # While it starts or hangs, mail waits in Postfix's queue.
            if not self.is_up:
                raise Gone("the virus scanner does not answer")
            async with asyncio.timeout(self.limit):
                said = await self._ask(b"zINSTREAM\0", mail.text())
        except TimeoutError:
            raise Broken(f"the virus scanner took more than {self.limit:.0f} s") from None
        except (OSError, ValueError) as error:
            raise Broken(f"the virus scanner gave no answer ({error})") from None
        finally:
            self.places.release()
        if said == b"stream: OK":
            return None
        found = re.fullmatch(rb"stream: ([\x21-\x7e]{1,150}) FOUND", said)
        if found:
            return Verdict("virus", reason=printable(found[1].decode("ascii")))
        raise Broken(f"the virus scanner gave up ({printable(said.decode('ascii', 'replace'))[:80]})")

    async def _ask(self, command, blocks):
        try:
            wire = await Wire.connect(self.path)
        except OSError as error:
            raise Gone(f"the virus scanner is not there: {error}") from None
        try:
            await wire.send(command)
            for block in blocks:
                await wire.send(len(block).to_bytes(4, "big") + block)
            if command.startswith(b"zINSTREAM"):
                await wire.send(bytes(4))
            return (await wire.reader.readuntil(b"\0"))[:-1]
        except asyncio.IncompleteReadError:
            raise ConnectionError("it hung up") from None
        except asyncio.LimitOverrunError:
            raise ValueError("its answer is too long") from None
        finally:
            wire.close()
