"""A primary that says what it is told to.   odd-primary.py ADDRESS SCRIPT

SCRIPT is JSON, read anew for each command: `greeting`, `ehlo`, `mail`, `rcpt` (by local part, `*` for
all others), `data` and `end` are replies, or "silent" (it says nothing more) or "close" (it closes the
connection), or "after N: " and a reply (it says that after so many seconds). A reply may have several lines. With `slowly` each byte of a reply comes by itself. What it
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


def read():
    with open(SCRIPT) as file:
        return {**USUAL, **json.load(file)}


async def session(reader, writer):
    script = read()

    async def say(text):
        if text == "silent":
            await reader.read()
        if text in ("silent", "close"):
            raise ConnectionError
        if late := re.match(r"after (\d+): ", text):
            await asyncio.sleep(int(late[1]))
            text = text[late.end() :]
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
            script = read()
            if not script["greeting"].startswith("2"):
                # A connection from before, that Postfix has kept.
                return
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                await say(script["ehlo"])
            elif verb == b"MAIL":
                commands = [line.decode("latin-1").rstrip()]
                await say(script["mail"])
            elif verb == b"RCPT":
                found = re.match(rb"RCPT TO:<([^@>]*)", line, re.IGNORECASE)
                local = found[1].decode("latin-1").strip('"') if found else ""
                reply = script["rcpt"].get(local, script["rcpt"].get("*", "250 ok"))
                if reply.startswith("2"):
                    commands.append(line.decode("latin-1").rstrip())
                await say(reply)
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
