"""What programs of lesser rights have written, for a program of root to read and to print."""

import os
import stat
import subprocess

LARGEST = 64 * 1024


def read(path, largest=LARGEST):
    """The content of a small regular file and when it was written, or None. It waits for nobody, and
    follows no link."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > largest:
            return None
        data = b""
        while len(data) <= largest and (block := os.read(descriptor, largest + 1 - len(data))):
            data += block
        return None if len(data) > largest else (data, facts.st_mtime)
    finally:
        os.close(descriptor)


def written(path):
    """When a file was written, or None."""
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return None


def printable(text):
    """Without anything that a terminal would obey, but for the ends of lines."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def as_judge(program, *arguments, given=b"", limit=None):
    """Runs a program of this host as the user of the judge, and returns how it ended."""
    return subprocess.run(
        _command(program, *arguments), input=given, capture_output=True, timeout=limit, **APART
    )


def start_as_judge(program, *arguments):
    """Starts one that is told more while it runs."""
    return subprocess.Popen(
        _command(program, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **APART
    )


# It has no terminal: whoever has taken over that user must not type at root's.
APART = {"start_new_session": True, "cwd": "/"}


def _command(program, *arguments):
    user = ("--reuid=backup-mx-judge", "--regid=backup-mx-judge", "--groups=postdrop", "--no-new-privs")
    return ["setpriv", *user, f"/usr/local/sbin/{program}", *arguments]
