"""Mail that is not forwarded, as it came, with its envelope beside it. It is on the disk of the queue
and outlives the instance."""

import contextlib
import hashlib
import json
import os
import re
import time

FOLDER = "/var/spool/backup-mx/quarantine"
NAME = re.compile(r"[0-9A-Za-z]{1,40}-[0-9a-f]{8}")
SCAN_SECONDS = 300


class Full(Exception):
    """There is no room, and what is in it is too young to go."""


class Quarantine:
    def __init__(self, settings, folder=FOLDER):
        self.settings, self.folder = settings, folder
        self.mails, self.bytes, self.oldest = 0, 0, None
        self.looked = 0.0

    @property
    def limit(self):
        disk = os.statvfs(self.folder)
        return disk.f_blocks * disk.f_frsize * self.settings.quarantine_share // 100

    @property
    def is_full(self):
        return self.bytes >= self.limit

    def look(self, now=None):
        """Counts what is there, and takes away what is old or was left half done."""
        now = now or time.time()
        self.looked = now
        mails, size, oldest = 0, 0, None
        names = set(os.listdir(self.folder))
        for name in names:
            path = os.path.join(self.folder, name)
            try:
                stat = os.lstat(path)
            except FileNotFoundError:
                # Somebody has just released it, or it was half done and is whole now.
                continue
            is_half = name.endswith((".new", ".eml")) and f"{name[:-4]}.json" not in names
            if now - stat.st_mtime > (3600 if is_half else self.settings.quarantine_lifetime):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
                continue
            size += stat.st_blocks * 512
            if name.endswith(".json"):
                mails += 1
                oldest = min(stat.st_mtime, oldest or now)
        self.mails, self.bytes, self.oldest = mails, size, oldest

    @property
    def has_changed(self):
        """Whether the postmaster, or the judge, has been at it since it was looked at."""
        return os.stat(self.folder).st_mtime > self.looked

    def put(self, mail, recipients, verdict, reason):
        """Keeps a mail for some of its recipients; a second time it is the same one. Returns its name."""
        if time.time() - self.looked > SCAN_SECONDS:
            self.look()
        if self.bytes + mail.size >= self.limit:
            raise Full
        addresses = b"\0".join(sorted(r.address for r in recipients))
        name = f"{mail.queue_id}-{hashlib.sha256(addresses).hexdigest()[:8]}"
        facts = {
            "version": 1,
            "name": name,
            "queue_id": mail.queue_id,
            "arrived": mail.arrived,
            "quarantined": time.time(),
            "verdict": verdict.word,
            "score": verdict.score,
            "rules": list(verdict.rules),
            "reason": reason or verdict.reason,
            "mail": mail.line.decode("latin-1"),
            "recipients": [r.line.decode("latin-1") for r in recipients],
            "xforward": [line.decode("latin-1") for line in mail.xforward],
            "client": {k.decode("latin-1"): v.decode("latin-1") for k, v in mail.client.items()},
            "size": mail.size,
        }
        # The mail first: what has its facts is whole.
        self._write(f"{name}.eml", mail.text())
        self._write(f"{name}.json", [_json(facts)])
        self._sync()
        self.bytes += mail.size
        self.mails += 1
        return name

    def names(self):
        return sorted(n[:-5] for n in os.listdir(self.folder) if n.endswith(".json") and NAME.fullmatch(n[:-5]))

    def facts(self, name):
        if not NAME.fullmatch(name):
            raise KeyError(name)
        with open(os.path.join(self.folder, f"{name}.json"), opener=at_once) as file:
            return json.load(file)

    def path(self, name):
        return os.path.join(self.folder, f"{name}.eml")

    def has(self, name):
        return os.path.lexists(os.path.join(self.folder, f"{name}.json"))

    def replace(self, name, facts):
        """Keeps other facts of a mail, when part of its recipients have got it."""
        path = os.path.join(self.folder, f"{name}.json")
        since = os.stat(path)
        self._write(f"{name}.json", [_json(facts)])
        # It is not younger for that.
        os.utime(path, ns=(since.st_atime_ns, since.st_mtime_ns))
        self._sync()

    def remove(self, name):
        # The facts last: without them nobody would find the mail.
        for end in (".eml", ".json"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, name + end))
        self._sync()

    def _write(self, name, blocks):
        path = os.path.join(self.folder, name)
        try:
            with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for block in blocks:
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            os.replace(f"{path}.new", path)
        except OSError:
            if os.path.exists(f"{path}.new"):
                os.unlink(f"{path}.new")
            raise

    def _sync(self):
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def at_once(path, flags):
    """Opens a file that is one; for anything else nobody waits."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _json(facts):
    return json.dumps(facts, indent=1).encode() + b"\n"
