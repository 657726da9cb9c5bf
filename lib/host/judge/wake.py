"""Has Postfix try again now what waits for the judge. Its own pauses grow."""

import asyncio
import json

AT_ONCE = 4
LISTING_SECONDS = 300


async def waiting(path):
    """The ids of what was deferred because of the judge, whose socket has this path; None while
    Postfix does not run."""
    process = await asyncio.create_subprocess_exec(
        *("postqueue", "-j"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=1 << 24,
    )
    ids = []
    try:
        async with asyncio.timeout(LISTING_SECONDS):
            while line := await process.stdout.readline():
                try:
                    found = json.loads(line)
                    reasons = [r.get("delay_reason", "") for r in found["recipients"]]
                except (ValueError, KeyError):
                    continue
                if found["queue_name"] == "deferred" and any(path in reason for reason in reasons):
                    ids.append(found["queue_id"])
    except (TimeoutError, ValueError):
        pass
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return ids if process.returncode == 0 else None


async def wake(ids):
    places = asyncio.Semaphore(AT_ONCE)

    async def one(queue_id):
        async with places:
            process = await asyncio.create_subprocess_exec(
                *("postqueue", "-i", queue_id),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            await process.wait()

    for begin in range(0, len(ids), 1000):
        await asyncio.gather(*(one(queue_id) for queue_id in ids[begin : begin + 1000]))
