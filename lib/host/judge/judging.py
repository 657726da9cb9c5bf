"""What becomes of a mail: it is judged, and then handed on as it came, or kept in quarantine. Whatever
goes wrong, Postfix keeps it and tries again."""

import asyncio
import contextlib
import os
import re
import time
from collections import deque

from judge import doubt, headers, hop, settings, verdict
from judge.guest import Broken, Gone
from judge.line import Overloaded, Poison
from judge.mail import QUEUED_HERE
from judge.quarantine import Full

# Verdicts that keep a mail here, unless nearly all mail gets them: then the scanner lies, or is wrong.
KEPT = ("high spam", "virus")
HOUR = 3600
ENOUGH = 50
# So many in the judge's own line, and the queue of Postfix behind it is long.
CROWD = 10
SHARE = 0.9
MOST_RECENT = 20_000


class Later(Exception):
    """Postfix shall keep the mail, and try again. The message says why."""


class Judging:
    def __init__(self, told, ledger, line, clamd, quarantine, tell, say=print):
        self.told, self.ledger, self.line, self.clamd, self.quarantine = told, ledger, line, clamd, quarantine
        # Writes to the operator, once for each kind of event.
        self.tell, self.say = tell, say
        self.began = time.time()
        self.locks = {}
        self.recent = deque(maxlen=MOST_RECENT)
        self.judged = dict.fromkeys(verdict.WORDS, 0)
        self.unscanned, self.doubtful = 0, 0
        self.last_verdict = None
        # What waits in Postfix's queue because of the scanner: its id and when it came.
        self.sent_back = {}

    async def answers(self, mail):
        """A reply for each recipient, by address."""
        if mail.queue_id is None:
            return self._for_all(mail, b"451 4.3.0 the judge was not told the queue id")
        known = {}
        try:
            async with self._alone(mail.queue_id):
                await self._answer(mail, known)
                return known
        except Later as later:
            why = str(later)
        except OSError as error:
            why = f"the judge cannot go on ({error})"
        self.say(f"{mail.queue_id}: waits: {why}")
        return {**self._for_all(mail, b"451 4.3.2 " + verdict.printable(why).encode("ascii")), **known}

    def _for_all(self, mail, reply):
        return dict.fromkeys((r.address for r in mail.recipients), reply)

    async def _answer(self, mail, known):
        """Adds to what is known until all recipients are."""
        answers, doubts = await self.ledger.answers(mail.queue_id)
        known.update(answers)
        left = [r for r in mail.recipients if r.address not in known]
        doubted = [r for r in left if r.address in doubts]
        if doubted and await self._was_taken(mail, [doubts[r.address] for r in doubted]):
            taken = dict.fromkeys((r.address for r in doubted), b"250 2.0.0 taken before, as the log shows")
            await self.ledger.end(mail.queue_id, taken)
            known.update(taken)
            left = [r for r in left if r.address not in known]
        if not left:
            return
        found = await self._verdict(mail)
        reason, note = await self._destination(mail, found)
        if reason is not None:
            try:
                known.update(await self._keep(mail, left, found, reason))
                return
            except Full:
                self.tell("quarantine", "the quarantine is full", "It takes no more mail until what is in it is old enough to go, or `backup-mx quarantine` has released or deleted some.")
                if self.told.quarantine_when_full == "wait":
                    raise Later("the quarantine is full") from None
                note = "the quarantine is full"
        lines = b"" if await self._is_ours(mail) else headers.of(found, note)
        known.update(await self._hand_on(mail, left, found, lines))

    async def _was_taken(self, mail, begins):
        """Whether hop 2 has taken those of whom it is not known, by when it got each."""
        # What began later than this may still be on its way to the disk. The clock may have been set back.
        await asyncio.sleep(min(doubt.SETTLED, max(0.0, max(begins) + doubt.SETTLED - time.time())))
        if await doubt.was_taken(mail.queue_id, min(begins), len(begins)):
            self.say(f"{mail.queue_id}: had been taken, as the log shows")
            return True
        self.doubtful += 1
        self.say(f"{mail.queue_id}: handed on once more: hop 2's answer never came, and the log does not show the mail")
        return False

    async def _is_ours(self, mail):
        """Whether this host has judged it before: the operator has had it queued anew."""
        fields = re.split(rb"\r\n(?![ \t])", mail.top())
        if len(fields) < 2 or not QUEUED_HERE.match(mail.top()):
            return False
        found = re.search(rb"^Received: from .*\sid ([0-9A-Za-z]{6,40})[;\s]", fields[1], re.DOTALL)
        return found is not None and await self.ledger.knows(found[1].decode())

    async def _verdict(self, mail):
        if self.told.scanner == "none" and self.clamd is None:
            return verdict.NONE
        if await self._is_ours(mail):
            return verdict.NONE
        try:
            found = await self._ask(mail)
        except Poison as poison:
            return self._not_scanned(mail, str(poison))
        except (Gone, Overloaded) as error:
            return self._without(mail, error)
        self.sent_back.pop(mail.queue_id, None)
        self.last_verdict = time.time()
        if found.word == "not analysed":
            return self._not_scanned(mail, found.reason)
        return found

    async def _ask(self, mail):
        asked = []
        if self.clamd is not None:
            asked.append(self._virus(mail))
        if self.told.scanner != "none":
            asked.append(self._spam(mail))
        done = await asyncio.gather(*asked, return_exceptions=True)
        found = [one for one in done if isinstance(one, verdict.Verdict)]
        virus = next((one for one in found if one.word == "virus"), None)
        if virus:
            return virus
        for one in done:
            if isinstance(one, BaseException):
                raise one
        return found[-1] if found else verdict.Verdict("ham")

    async def _virus(self, mail):
        try:
            return await self.clamd.judge(mail, settings.TURN)
        except Broken as error:
            raise Poison(str(error)) from None
        except TimeoutError:
            raise Overloaded from None

    async def _spam(self, mail):
        if mail.size > settings.LARGEST_COPY:
            return verdict.not_analysed(f"larger than {settings.LARGEST_COPY >> 20} MB")
        if self.line.waiting >= CROWD and self._is_late(mail, self.line.able_since):
            # More comes than the scanner can judge. What waits longest goes on, and the rest moves.
            raise Overloaded
        return await self.line.judge(mail, os.urandom(8).hex(), settings.TURN)

    def _without(self, mail, error):
        """The scanner does not come to it: it waits in Postfix's queue, up to a time."""
        is_up = isinstance(error, Overloaded)
        is_starting = not is_up and self.line.state == "starting"
        # Under load counts the time in which it could have been scanned.
        if not is_starting and self._is_late(mail, self.line.able_since if is_up else 0):
            return self._not_scanned(mail, "the scanner did not come to it in time")
        self.sent_back[mail.queue_id] = mail.arrived
        raise Later("the scanner has more mail than it can judge" if is_up else f"the scanner is not there ({error})")

    def _is_late(self, mail, since):
        """Whether a mail has waited for a verdict for longer than it has to."""
        after = self.told.deliver_unscanned_after
        return after is not None and time.time() - max(mail.arrived, since) > after

    def _not_scanned(self, mail, reason):
        self.unscanned += 1
        self.sent_back.pop(mail.queue_id, None)
        self.say(f"{mail.queue_id}: not scanned: {reason}")
        self.tell("unscanned", "a mail was not scanned", f"Its queue id is {mail.queue_id}. The reason: {reason}. What becomes of such mail says the prop `unscanned`. Further ones of the next day are in the log alone.")
        return verdict.not_analysed(reason)

    async def _destination(self, mail, found):
        """Why it is kept here, or None; and a note for its header."""
        self.judged[found.word] += 1
        if found.word == "not analysed":
            return (found.reason if self.told.unscanned == "quarantine" else None), ""
        if found.word == "none":
            return None, ""
        is_kept = found.word in KEPT
        self.recent.append((time.time(), is_kept))
        if not is_kept:
            return None, ""
        if self.is_suspicious:
            self.tell("suspicious", "nearly all mail is called spam or a virus", f"More than {SHARE:.0%} of the mail of the last hour. The scanner may be wrong: until this is over such mail is delivered, and its header says so.")
            return None, "delivered, since nearly all mail is called so"
        return found.reason or found.word, ""

    @property
    def is_suspicious(self):
        begin = time.time() - HOUR
        while self.recent and self.recent[0][0] < begin:
            self.recent.popleft()
        return len(self.recent) >= ENOUGH and sum(kept for _, kept in self.recent) > SHARE * len(self.recent)

    async def _keep(self, mail, recipients, found, reason):
        try:
            name = await asyncio.to_thread(self.quarantine.put, mail, recipients, found, reason)
        except OSError as error:
            raise Later(f"the quarantine cannot be written ({error.strerror})") from None
        self.say(f"{mail.queue_id}: {found.word}: in quarantine as {name}: {reason}")
        reply = f"250 2.0.0 in quarantine as {name}".encode("ascii")
        answers = dict.fromkeys((r.address for r in recipients), reply)
        await self.ledger.end(mail.queue_id, answers)
        return answers

    async def _hand_on(self, mail, recipients, found, lines):
        addresses = [r.address for r in recipients]

        async def commit(takers):
            await self.ledger.begin(mail.queue_id, takers)
            mail.is_committed = True

        try:
            replies, next_id = await hop.hand_on(mail, recipients, lines, commit, settings.HOP)
        except hop.NotTaken as error:
            await self.ledger.forget(mail.queue_id, addresses)
            raise Later(str(error)) from None
        except hop.InDoubt as error:
            raise Later(str(error)) from None
        except asyncio.CancelledError:
            if not mail.is_committed:
                await asyncio.shield(self.ledger.forget(mail.queue_id, addresses))
            raise
        taken = {address: reply for address, reply in replies.items() if reply[:1] == b"2"}
        refused = [r for r in recipients if replies[r.address][:1] == b"5"]
        if taken:
            try:
                await self.ledger.end(mail.queue_id, taken, next_id)
            except OSError as error:
                # What hop 2 said is true all the same.
                self.say(f"{mail.queue_id}: not remembered: {error}")
        await self.ledger.forget(mail.queue_id, [a for a in addresses if a not in taken])
        if refused:
            # Postfix would write to the sender, who is often forged.
            said = verdict.printable(replies[refused[0].address].decode("latin-1"))
            self.tell("refused", "a mail was refused by hop 2", f"Its queue id is {mail.queue_id}. Postfix said: {said}. The mail is in quarantine.")
            try:
                replies |= await self._keep(mail, refused, found, f"hop 2 refused it: {said}")
            except Full:
                replies |= dict.fromkeys((r.address for r in refused), b"451 4.3.0 hop 2 refuses it, and the quarantine is full")
        say = ", ".join(sorted({reply[:3].decode("ascii") for reply in replies.values()}))
        self.say(f"{mail.queue_id}: {found.word}: handed on as {next_id}, {say}")
        return replies

    @contextlib.asynccontextmanager
    async def _alone(self, queue_id):
        """A second try of a mail that is in hand waits for the end of the first."""
        lock = self.locks.setdefault(queue_id, [asyncio.Lock(), 0])
        lock[1] += 1
        try:
            try:
                async with asyncio.timeout(settings.TURN):
                    await lock[0].acquire()
            except TimeoutError:
                raise Later("it is in the judge's hands already") from None
            try:
                yield
            finally:
                lock[0].release()
        finally:
            lock[1] -= 1
            if lock[1] == 0:
                self.locks.pop(queue_id, None)
