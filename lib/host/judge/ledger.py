"""What hop 2 has taken, by queue id and recipient, on the disk of the queue: a recipient is handed on
once, also when Postfix asks again."""

import asyncio
import os
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

PATH = "/var/spool/backup-mx/judge/ledger.db"
# Longer than a host may be down between hop 2's answer and Postfix's next try.
KEPT = 30 * 86400
# Errors of the disk and not of the ledger: another try may do.
PASSING = re.compile(r"disk I/O|is full|unable to open|readonly|locked")
TABLE = """
create table if not exists handed (
  queue_id text, recipient blob, at real, reply blob, next_id text, primary key (queue_id, recipient)
) without rowid;
create index if not exists handed_next_id on handed (next_id);
create index if not exists handed_at on handed (at);
"""


class Ledger:
    """All of it happens in one thread. What is asked for at the same time goes to the disk at once."""

    def __init__(self, path, say=print):
        self.thread = ThreadPoolExecutor(1)
        self.path, self.say = path, say
        self.waiting = []
        self.writer = None
        self.database = None

    async def open(self):
        await self._run(self._open)

    async def answers(self, queue_id):
        """The replies for the recipients that hop 2 has, and since when others are in doubt."""
        return await self._run(self._answers, queue_id)

    async def begin(self, queue_id, recipients):
        """Recipients are about to be handed on: from now on they are in doubt. Not yet on the disk:
        the next answer takes it along, and after a power cut the log would be gone as well."""
        await self._write((queue_id, [(r, None, None) for r in recipients]), False)

    async def end(self, queue_id, answers, next_id=None):
        """These are hop 2's answers. It is on the disk when this returns."""
        await self._write((queue_id, [(r, reply, next_id) for r, reply in answers.items()]), True)

    async def forget(self, queue_id, recipients):
        """Hop 2 has not taken them."""
        await self._run(self._forget, queue_id, recipients)

    async def knows(self, next_id):
        """Whether a queue id is one under which hop 2 has taken a mail."""
        return await self._run(self._knows, next_id)

    async def prune(self):
        await self._run(self._prune)

    def close(self):
        self.thread.shutdown()
        if self.database:
            self.database.close()

    def _run(self, function, *arguments):
        return asyncio.get_running_loop().run_in_executor(self.thread, self._safely, function, *arguments)

    def _safely(self, function, *arguments):
        try:
            return function(*arguments)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and PASSING.search(str(error)):
                raise OSError(f"the ledger: {error}") from None
            self._set_aside(error)
            return function(*arguments)

    def _set_aside(self, error):
        """One that is damaged must not stop the mail: at worst a mail arrives twice."""
        self.say(f"the ledger is damaged and set aside: {error}")
        if self.database:
            self.database.close()
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.path + end):
                os.replace(self.path + end, f"{self.path}.damaged{end}")
        self._open()

    def _open(self):
        self.database = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self.database.execute("pragma journal_mode = wal")
        if self.database.execute("pragma quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("it is not whole")
        self.database.executescript(TABLE)

    def _answers(self, queue_id):
        rows = self.database.execute(
            "select recipient, at, reply from handed where queue_id = ?", (queue_id,)
        ).fetchall()
        answers = {bytes(recipient): bytes(reply) for recipient, _, reply in rows if reply is not None}
        doubts = {bytes(recipient): at for recipient, at, reply in rows if reply is None}
        return answers, doubts

    def _knows(self, next_id):
        found = self.database.execute("select 1 from handed where next_id = ? limit 1", (next_id,))
        return found.fetchone() is not None

    def _forget(self, queue_id, recipients):
        self.database.executemany(
            "delete from handed where queue_id = ? and recipient = ? and reply is null",
            [(queue_id, recipient) for recipient in recipients],
        )

    def _prune(self):
        self.database.execute("delete from handed where at < ?", (time.time() - KEPT,))

    async def _write(self, record, must_last):
        done = asyncio.get_running_loop().create_future()
        self.waiting.append((record, must_last, done))
        if self.writer is None or self.writer.done():
            self.writer = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self):
        while self.waiting:
            batch, self.waiting = self.waiting, []
            try:
                await self._run(self._commit, [r for r, _, _ in batch], any(last for _, last, _ in batch))
            except Exception as error:
                for _, _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            else:
                for _, _, done in batch:
                    if not done.done():
                        done.set_result(None)

    def _commit(self, records, must_last):
        self.database.execute(f"pragma synchronous = {'full' if must_last else 'normal'}")
        now = time.time()
        rows = [
            (queue_id, recipient, now, reply, next_id)
            for queue_id, answers in records
            for recipient, reply, next_id in answers
        ]
        self.database.execute("begin")
        try:
            self.database.executemany("insert or replace into handed values (?, ?, ?, ?, ?)", rows)
            self.database.execute("commit")
        except BaseException:
            if self.database.in_transaction:
                self.database.execute("rollback")
            raise
