"""A primary that says what it is told to.   odd-primary.py ADDRESS SCRIPT

SCRIPT is JSON, read anew for each connection: `greeting`, `ehlo`, `mail`, `rcpt` (by local part, `*` for
all others), `data` and `end` are replies, or "silent" (it says nothing more) or "close" (it closes the
connection). A reply may have several lines. With `slowly` each byte of a reply comes by itself. What it
takes, also if it does not say so, it adds to SCRIPT.taken, a line of JSON each."""

import asyncio
import json
import re
import sys

ADDRESS, SCRIPT = sys.argv[1:]
USUAL = {
    "greeting": "220 odd ESMTP",
    "ehlo": "250-odd\r\n250-PIPELINING\r\n250 8BITMIME",
    "mail": "250 2.1.0 ok",
    "rcpt": {"*": "250 2.1.5 ok"},
    "data": "354 go",
    "end": "250 2.0.0 taken",
    "slowly": False,
}


async def session(reader, writer):
    with open(SCRIPT) as file:
        script = {**USUAL, **json.load(file)}

    async def say(text):
        if text == "silent":
            await reader.read()
        if text in ("silent", "close"):
            raise ConnectionError
        data = text.encode("utf-8", "surrogateescape") + b"\r\n"
        if script["slowly"]:
            for byte in data:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.002)
        else:
            writer.write(data)
            await writer.drain()

    try:
        commands = []
        await say(script["greeting"])
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"MAIL":
                commands = []
            if verb in (b"MAIL", b"RCPT"):
                commands.append(line.decode("latin-1").rstrip())
            if verb in (b"EHLO", b"HELO"):
                await say(script["ehlo"])
            elif verb == b"MAIL":
                await say(script["mail"])
            elif verb == b"RCPT":
                found = re.match(rb"RCPT TO:<([^@>]*)", line, re.IGNORECASE)
                local = found[1].decode("latin-1").strip('"') if found else ""
                await say(script["rcpt"].get(local, script["rcpt"].get("*", "250 ok")))
            elif verb == b"DATA":
                await say(script["data"])
                if script["data"].startswith("3"):
                    content = b""
                    while (line := await reader.readline()) != b".\r\n":
                        if not line:
                            return
                        content += line
                    if not script["end"].startswith(("4", "5")):
                        with open(f"{SCRIPT}.taken", "a") as file:
                            mail = {"commands": commands, "content": content.decode("latin-1")}
                            file.write(json.dumps(mail) + "\n")
                    await say(script["end"])
            elif verb == b"QUIT":
                return await say("221 bye")
            else:
                await say("250 ok")
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(session, ADDRESS, 25)
    print("listens", flush=True)
    await server.serve_forever()


asyncio.run(main())
