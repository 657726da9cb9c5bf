"""Sends mails byte for byte: every command and every byte as it is told, in latin-1.

Reads {"server", "helo", "connections", "mails": [{"mail", "rcpt": [], "data", "fill"}]} and prints
the replies of each mail: {"mail", "rcpt": [], "data"}. `fill` adds so many bytes of short lines."""

import asyncio
import json
import re
import sys




async def reply(reader):
    while (line := await reader.readline())[3:4] == b"-":
        pass
    if not line:
        raise ConnectionError("hung up")
    return line.decode("latin-1").strip()


async def ask(reader, writer, command):
    writer.write(command.encode("latin-1") + b"\r\n")
    await writer.drain()
    return await reply(reader)


async def send(reader, writer, mail):
    said = {"mail": await ask(reader, writer, mail["mail"]), "rcpt": [], "data": ""}
    for recipient in mail["rcpt"]:
        said["rcpt"].append(await ask(reader, writer, recipient))
    if not any(one[:1] == "2" for one in said["rcpt"]):
        await ask(reader, writer, "RSET")
        return said
    said["data"] = await ask(reader, writer, "DATA")
    if said["data"][:3] == "354":
        writer.write(re.sub(rb"(^|\r\n)\.", rb"\1..", mail["data"].encode("latin-1")))
        left, line = mail.get("fill", 0), b"x" * 98 + b"\r\n"
        while left > 0:
            part = line * (min(left, 100_000) // 100 or 1)
            writer.write(part)
            await writer.drain()
            left -= len(part)
        writer.write(b".\r\n")
        said["data"] = await reply(reader)
    return said


async def connection(told, mails, said):
    reader, writer = None, None
    while mails:
        number, mail = mails.pop(0)
        if reader is None:
            reader, writer = await asyncio.open_connection(told["server"], 25, limit=1 << 20)
            await reply(reader)
            await ask(reader, writer, f"EHLO {told['helo']}")
        said[number] = await send(reader, writer, mail)
    if writer is not None:
        writer.write(b"QUIT\r\n")
        writer.close()


async def main():
    told = json.load(sys.stdin)
    mails, said = list(enumerate(told["mails"])), {}
    await asyncio.gather(*(connection(told, mails, said) for _ in range(told["connections"])))
    print(json.dumps([said[number] for number in range(len(told["mails"]))]))


asyncio.run(main())
