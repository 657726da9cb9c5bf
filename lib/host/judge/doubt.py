"""Whether hop 2 has taken a mail whose answer never came, as Postfix's log tells it."""

import asyncio
import re

# Hop 2 writes its line only when the mail is on the disk.
SETTLED = 15
LONGEST_SECONDS = 60


async def was_taken(queue_id, since, recipients):
    """Whether the log shows a mail of this id from hop 2 with so many recipients. Where the log does
    not tell, it was not: a mail that arrives twice is better than one that is lost."""
    command = ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--since=@{int(since) - 1}"]
    names = ("postfix/judged/smtpd", "postfix/qmgr")
    process = await asyncio.create_subprocess_exec(
        *command,
        *(f"SYSLOG_IDENTIFIER={name}" for name in names),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    ids, taken = set(), False
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while line := await process.stdout.readline():
                text = line.decode("utf-8", "replace")
                if opened := re.search(rf"(\w+): client=.*, orig_queue_id={queue_id}(?:,|$)", text.rstrip()):
                    ids.add(opened[1])
                active = re.search(r"(\w+): from=<.*, nrcpt=(\d+) \(queue active\)", text)
                if active and active[1] in ids and int(active[2]) == recipients:
                    taken = True
    except (TimeoutError, ValueError):
        taken = False
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return taken
