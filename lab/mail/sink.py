"""A primary that takes every mail and keeps it as it came.   sink.py ADDRESS FOLDER

FOLDER/arrived has a line of JSON for each mail: its commands in latin-1, its size, the SHA-256 of its
body, and the name of the file that holds it, without the dots that SMTP adds. Of a large mail only the
header is kept. Who writes 4xx or 5xx as the local part of a recipient hears it."""

import asyncio
import hashlib
import json
import re
import sys
import time

ADDRESS, FOLDER = sys.argv[1:]
LARGE = 1 << 20
OFFER = b"250-sink\r\n250-PIPELINING\r\n250-SIZE 90000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN\r\n"
log = open(f"{FOLDER}/arrived", "a")
count = 0


class Mail:
    def __init__(self):
        self.kept, self.size, self.digest, self.tail = b"", 0, None, b""

    def add(self, block):
        """A block of the content without added dots."""
        self.size += len(block)
        if self.digest is None:
            self.kept += block
            begin = self.kept.find(b"\r\n\r\n")
            if begin >= 0:
                self.digest = hashlib.sha256(self.kept[begin + 4 :])
        else:
            self.digest.update(block)
            if self.size <= LARGE:
                self.kept += block

    def keep(self, envelope):
        global count
        count += 1
        with open(f"{FOLDER}/{count}.eml", "wb") as file:
            file.write(self.kept)
        digest = self.digest or hashlib.sha256()
        facts = {"envelope": envelope, "file": f"{count}.eml", "size": self.size, "digest": digest.hexdigest(), "time": time.time()}
        print(json.dumps(facts), file=log, flush=True)


async def take(reader, rest):
    """The content of a mail, and what follows it."""
    mail, held, surplus = Mail(), b"\r\n" + rest, 2
    while (end := held.find(b"\r\n.\r\n")) < 0:
        ready = held.rfind(b"\n") + 1 - 2
        if ready > surplus:
            mail.add(held[:ready].replace(b"\r\n.", b"\r\n")[surplus:])
            held, surplus = held[ready:], 0
        block = await reader.read(1 << 18)
        if not block:
            raise ConnectionError
        held += block
    mail.add(held[: end + 2].replace(b"\r\n.", b"\r\n")[surplus:])
    return mail, held[end + 5 :]


async def session(reader, writer):
    envelope, rest = [], b""

    async def say(text):
        writer.write(text + b"\r\n")
        await writer.drain()

    try:
        await say(b"220 sink ESMTP")
        while True:
            while b"\r\n" not in rest:
                block = await reader.read(65536)
                if not block:
                    return
                rest += block
            line, rest = rest.split(b"\r\n", 1)
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(OFFER)
            elif verb == b"RSET":
                envelope = []
                await say(b"250 ok")
            elif verb == b"MAIL":
                envelope = [line.decode("latin-1")]
                await say(b"250 ok")
            elif verb == b"RCPT":
                if found := re.match(rb"RCPT TO:<([45]\d\d)@", line):
                    await say(found[1] + b" refused")
                else:
                    envelope.append(line.decode("latin-1"))
                    await say(b"250 ok")
            elif verb == b"DATA":
                await say(b"354 go")
                mail, rest = await take(reader, rest)
                mail.keep(envelope)
                await say(b"250 taken")
            elif verb == b"QUIT":
                return await say(b"221 bye")
            else:
                await say(b"502 no")
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(session, ADDRESS, 25, limit=1 << 18)
    print("listens", flush=True)
    await server.serve_forever()


asyncio.run(main())
