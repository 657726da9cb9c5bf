"""The judge as a service: what it is made of, and what it does beside judging."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time

from judge import lmtp, settings, verdict, wake
from judge.clamd import Clamd
from judge.guest import Guest
from judge.judging import Judging
from judge.ledger import PATH, Ledger
from judge.letter import Letters
from judge.line import Line
from judge.quarantine import Quarantine
from judge.wire import Reader

RUN = "/run/backup-mx-judge"
SOCKET = f"{RUN}/lmtp"
# A folder of its own: that of the socket is not.
STATE = f"{RUN}/own/state.json"
FOLDER = "/var/spool/backup-mx/judge"
MAILSCANNER = "/run/backup-mx-mailscanner"
RSPAMD = "/run/rspamd/worker.sock"
RSPAMD_PLACES = 8
# A scanner that is gone for so long is worth a letter.
DOWN_SECONDS = 600
# What was sent back and is not waiting any more is forgotten after this.
FORGET = 3600
TOO_MANY = 100_000


def say(text):
    print(f"<6>{text}" if "JOURNAL_STREAM" in os.environ else text, file=sys.stderr, flush=True)


def guests(told):
    if told.scanner == "rspamd":
        return [Guest("rspamd", RSPAMD, RSPAMD_PLACES, verdict.of_rspamd, say)]
    if told.scanner == "mailscanner":
        names = sorted(os.listdir(MAILSCANNER)) if os.path.isdir(MAILSCANNER) else []
        numbers = [found[1] for name in names if (found := re.fullmatch(r"([1-8])\.sock", name))]
        return [
            Guest(f"mailscanner {number}", f"{MAILSCANNER}/{number}.sock", 1, verdict.of_guest, say)
            for number in numbers or ["1"]
        ]
    return []


class Service:
    def __init__(self, hostname, told):
        self.told = told
        self.line = Line(guests(told), told, say)
        self.clamd = Clamd(told.time_limit, say) if told.clam_av else None
        self.ledger = Ledger(PATH, say)
        self.quarantine = Quarantine(told)
        self.letters = Letters(hostname, say)
        self.judging = Judging(
            told, self.ledger, self.line, self.clamd, self.quarantine, self.letters.tell, say
        )
        self.budget = lmtp.budget(told)
        self.sessions, self.tasks, self.wakes = set(), [], set()
        self.was_up = False

    async def run(self):
        os.makedirs(f"{FOLDER}/spool", exist_ok=True)
        await self.ledger.open()
        self.quarantine.look()
        self.line.start()
        self.tasks = [asyncio.create_task(job) for job in (self._look_after(), self._wake_at_start())]
        if self.clamd:
            self.tasks.append(asyncio.create_task(self.clamd.watch()))
        loop = asyncio.get_running_loop()
        # The socket is systemd's; asyncio of Python 3.13 would remove it at the end.
        kept = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        server = await loop.create_unix_server(self._protocol, sock=listener(), backlog=256, **kept)
        end = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end.set)
        notify("READY=1")
        await end.wait()
        server.close()
        tasks = [*self.tasks, *self.sessions, *self.wakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.line.stop()
        self.ledger.close()

    def _protocol(self):
        return asyncio.StreamReaderProtocol(Reader(), self._accept)

    async def _accept(self, reader, writer):
        task = asyncio.current_task()
        self.sessions.add(task)
        try:
            await lmtp.Session(reader, writer, self.judging, f"{FOLDER}/spool", self.budget).run()
        except asyncio.CancelledError:
            # The judge ends; the streams of asyncio would complain.
            writer.close()
        finally:
            self.sessions.discard(task)

    async def _look_after(self):
        """Tells that it lives, how it is, and has Postfix try again what waited for the scanner."""
        rounds = 0
        while True:
            notify("WATCHDOG=1")
            try:
                await self._look(rounds)
            except OSError as error:
                say(f"the judge cannot look after itself: {error}")
            rounds += 1
            await asyncio.sleep(2)

    async def _look(self, rounds):
        self._write_state()
        is_up = self._scanner_is_up()
        if is_up and not self.was_up:
            self._wake_all(list(self.judging.sent_back))
        self.was_up = is_up
        if not is_up and self.told.scanner != "none" and time.time() - self.line.since > DOWN_SECONDS:
            self.letters.tell("down", "the scanner does not answer", f"For over ten minutes: {self.line.reason}. Mail waits for its verdict in the queue.")
        if rounds % 30 == 29:
            self._wake_what_is_due(is_up)
            if self.quarantine.has_changed:
                await asyncio.to_thread(self.quarantine.look)
        if rounds % 1800 == 1799:
            await self.ledger.prune()
            await asyncio.to_thread(self.quarantine.look)

    def _scanner_is_up(self):
        scanner = self.told.scanner == "none" or self.line.state == "up"
        return scanner and (self.clamd is None or self.clamd.is_up)

    async def _wake_at_start(self):
        """What was in hand when the judge ended. At boot Postfix comes later than the judge."""
        ids = None
        while ids is None:
            await asyncio.sleep(2)
            ids = await wake.waiting(SOCKET)
        self._wake_all(ids)

    def _wake_what_is_due(self, is_up):
        """Every minute: mail that goes on without a verdict, and mail that waited for a place."""
        now, after = time.time(), self.told.deliver_unscanned_after
        sent_back = self.judging.sent_back
        if len(sent_back) > TOO_MANY:
            sent_back.clear()
        due = [i for i, arrived in sent_back.items() if is_up or (after is not None and now - arrived > after)]
        self._wake_all(due)

    def _wake_all(self, ids):
        """Beside all else: of 30,000 mails it takes minutes."""
        # Before Postfix hears of it: one that comes and has to wait again is not to be forgotten.
        for queue_id in ids:
            self.judging.sent_back.pop(queue_id, None)
        if ids:
            task = asyncio.create_task(self._wake(ids))
            self.wakes.add(task)
            task.add_done_callback(self.wakes.discard)

    async def _wake(self, ids):
        say(f"{len(ids)} mails that waited for the judge are tried again")
        try:
            await wake.wake(ids)
        except OSError as error:
            say(f"Postfix could not be told to try again: {error}")

    def _write_state(self):
        judging, line, quarantine = self.judging, self.line, self.quarantine
        has_scanner = self.told.scanner != "none"
        state = {
            "time": time.time(),
            "scanner": self.told.scanner,
            "scannerState": line.state if has_scanner else "none",
            "scannerSince": line.since if has_scanner else judging.began,
            "scannerReason": line.reason if has_scanner else "",
            "clamav": "none" if self.clamd is None else "up" if self.clamd.is_up else "down",
            "inHand": line.in_hand,
            "waiting": line.waiting,
            "lastVerdict": judging.last_verdict,
            "judged": judging.judged,
            "unscanned": judging.unscanned,
            "doubtful": judging.doubtful,
            "quarantine": {
                "mails": quarantine.mails,
                "bytes": quarantine.bytes,
                "oldest": quarantine.oldest,
                "full": quarantine.is_full,
            },
            "suspicious": judging.is_suspicious,
        }
        with open(f"{STATE}.new", "w") as file:
            json.dump(state, file)
        os.replace(f"{STATE}.new", STATE)


def listener():
    """The socket that systemd holds, so that nobody is turned away while the judge starts; or one of
    its own where there is no systemd."""
    if os.environ.get("LISTEN_FDS") == "1" and os.environ.get("LISTEN_PID") == str(os.getpid()):
        return socket.socket(fileno=3)
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(SOCKET)
    return listening


def notify(text):
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outlet:
            outlet.connect(path.replace("@", "\0", 1) if path.startswith("@") else path)
            outlet.send(text.encode())


def main(hostname):
    os.umask(0o077)
    asyncio.run(Service(hostname, settings.read()).run())
