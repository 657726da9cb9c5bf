"""The mails that wait for a scanner. Networks take turns; a mail on which a scanner has broken waits
by itself, so that a bad one costs the others little."""

import asyncio
import time
from collections import OrderedDict, deque

from judge.guest import Broken, Gone


# So many bad mails are remembered.
MOST_BAD = 10_000


class Overloaded(Exception):
    """Its turn did not come."""


class Poison(Exception):
    """The scanner has broken on it twice. The message says how."""


class Job:
    def __init__(self, mail, name, patience):
        self.mail, self.name = mail, name
        self.result = asyncio.get_running_loop().create_future()
        # A guest has it in hand. Else it waits for its turn, until then at the latest.
        self.is_in_hand = False
        self.patience = patience
        self.until = time.monotonic() + patience
        self.failure = ""

    @property
    def is_suspect(self):
        return self.failure != ""


class Line:
    def __init__(self, guests, settings, say=print):
        self.guests, self.settings, self.say = guests, settings, say
        self.networks = OrderedDict()
        self.suspects = deque()
        # Mail on which a scanner has broken, by its queue id, and how.
        self.bad = OrderedDict()
        self.news = asyncio.Condition()
        # A suspect has a guest for itself, and there is one at a time.
        self.suspect = None
        self.rest_until = 0.0
        self.tasks = []

    def start(self):
        for guest in self.guests:
            self.tasks.append(asyncio.create_task(guest.watch()))
            for _ in range(guest.places):
                self.tasks.append(asyncio.create_task(self._serve(guest)))

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    @property
    def waiting(self):
        return sum(len(jobs) for jobs in self.networks.values()) + len(self.suspects)

    @property
    def in_hand(self):
        return sum(len(guest.jobs) for guest in self.guests)

    @property
    def state(self):
        """How the scanner is as a whole: up, starting or down."""
        states = {guest.state for guest in self.guests}
        return next((state for state in ("up", "starting") if state in states), "down")

    @property
    def since(self):
        state = self.state
        return min((g.since for g in self.guests if g.state == state), default=0.0)

    @property
    def able_since(self):
        """Since when mail could have been judged."""
        return min((g.able_since for g in self.guests if g.able_since is not None), default=time.time())

    @property
    def reason(self):
        return next((g.reason for g in self.guests if g.state == self.state), "there is none")

    async def judge(self, mail, name, patience):
        """A verdict. Raises Gone, Overloaded or Poison."""
        job = Job(mail, name, patience)
        # Postfix has tried it before: it goes on where it was, and costs the others no first try again.
        job.failure = self.bad.get(mail.queue_id, "")
        await self._enter(job)
        try:
            while not job.result.done():
                if not job.is_in_hand:
                    self._must_have_hope(job)
                await asyncio.wait({job.result}, timeout=1)
            return job.result.result()
        finally:
            await self._leave(job)

    def _must_have_hope(self, job):
        """Raises where it is not worth it to wait for a turn any longer."""
        if self.state == "down":
            raise Gone(self.reason)
        if time.monotonic() <= job.until:
            return
        # So many bad ones are before it.
        if job.is_suspect:
            raise Poison(job.failure)
        raise Overloaded if self.state == "up" else Gone(self.reason)

    async def _enter(self, job):
        async with self.news:
            if job.is_suspect:
                self.suspects.append(job)
            else:
                self.networks.setdefault(job.mail.network, deque()).append(job)
            self.news.notify_all()

    async def _leave(self, job):
        if not job.result.done():
            job.result.cancel()
        async with self.news:
            network = job.mail.network
            jobs = self.networks.get(network, ())
            if job in jobs:
                jobs.remove(job)
                if not jobs:
                    del self.networks[network]
            if job in self.suspects:
                self.suspects.remove(job)
            self.news.notify_all()

    def _next(self, guest):
        """The next mail for a place of this guest, if it may have one."""
        if self.suspect in guest.jobs:
            return None
        # Others go on meanwhile: with one guest the time is shared, and a suspect goes first only
        # after it has rested for as long as the last one took.
        last = next(g for g in reversed(self.guests) if g is guest or g.is_up.is_set())
        if self.suspects and self.suspect is None and guest is last:
            may = len(self.guests) > 1 or not self.networks or time.monotonic() >= self.rest_until
            if may:
                if guest.jobs:
                    # It waits until the guest is free, which takes no new ones.
                    return None
                self.suspect = self.suspects.popleft()
                return self.suspect
        if not self.networks:
            return None
        network, jobs = next(iter(self.networks.items()))
        job = jobs.popleft()
        if jobs:
            self.networks.move_to_end(network)
        else:
            del self.networks[network]
        return job

    async def _serve(self, guest):
        """One place of a guest, for as long as the judge runs."""
        while True:
            await guest.is_up.wait()
            async with self.news:
                job = self._next(guest)
                if job is None:
                    await self.news.wait()
                    continue
                guest.jobs.add(job)
            try:
                await self._serve_one(guest, job)
            except Exception as error:
                # Whatever it is, a place that ends would never come back.
                self.say(f"{guest.name} could not be asked: {error!r}")
                if not job.result.done():
                    job.result.set_exception(Poison("the judge could not ask the scanner"))
            finally:
                async with self.news:
                    guest.jobs.discard(job)
                    if self.suspect is job:
                        self.suspect = None
                    self.news.notify_all()

    async def _serve_one(self, guest, job):
        job.is_in_hand = True
        begin = time.monotonic()
        limit = self.settings.time_limit if job.is_suspect and guest.places == 1 else self.settings.first_limit
        asked = asyncio.create_task(guest.judge(job.mail, job.name))
        try:
            # Also where nobody waits for it any more: the guest has it in hand.
            await asyncio.wait({asked}, timeout=limit)
            if asked.done():
                found = asked.result()
                self.bad.pop(job.mail.queue_id, None)
                if not job.result.done():
                    job.result.set_result(found)
            else:
                why = f"the scanner took more than {limit:.0f} s"
                await self._fails(job, why)
                await guest.restart(why)
        except Gone as error:
            guest.lost(str(error))
            try:
                self._must_have_hope(job)
            except (Gone, Overloaded, Poison) as hopeless:
                if not job.result.done():
                    job.result.set_exception(hopeless)
            await self._again(job)
        except Broken as error:
            await self._fails(job, str(error))
            if guest.places == 1 or "gave no verdict" in str(error):
                await guest.restart(str(error))
        finally:
            asked.cancel()
            if job.is_suspect:
                self.rest_until = time.monotonic() + (time.monotonic() - begin)

    async def _fails(self, job, why):
        if not job.is_suspect:
            job.failure = self.bad[job.mail.queue_id] = why
            # A second try has a turn of its own.
            job.until = time.monotonic() + job.patience
            if len(self.bad) > MOST_BAD:
                self.bad.popitem(last=False)
            await self._again(job)
        elif not job.result.done():
            self.bad.pop(job.mail.queue_id, None)
            job.result.set_exception(Poison(why))

    async def _again(self, job):
        if not job.result.done():
            job.is_in_hand = False
            await self._enter(job)
