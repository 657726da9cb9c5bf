"""Has systemd kill a guest and start it anew, which may not want to end."""

import asyncio

from judge.wire import Wire

SOCKET = "/run/backup-mx-restart.sock"
SECONDS = 60


async def restart(name, say):
    try:
        async with asyncio.timeout(SECONDS):
            wire = await Wire.connect(SOCKET)
            try:
                await wire.send(name.encode() + b"\n")
                said = await wire.line()
            finally:
                wire.close()
        if said != b"done":
            say(f"{name} was not restarted: {(said or b'').decode('ascii', 'replace')[:200]}")
    except (OSError, ValueError, TimeoutError) as error:
        say(f"{name} was not restarted: {error or 'it took too long'}")
