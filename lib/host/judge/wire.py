"""One connection of SMTP or LMTP, by lines, with every byte after a mail left for the next command."""

import asyncio

LONGEST_LINE = 64 * 1024
BLOCK = 64 * 1024


class Reader(asyncio.StreamReader):
    """Tells as soon as the other side is gone, whatever it has left unread."""

    def __init__(self):
        super().__init__(limit=LONGEST_LINE)
        self.is_gone = asyncio.Event()

    def feed_eof(self):
        self.is_gone.set()
        super().feed_eof()

    def set_exception(self, error):
        self.is_gone.set()
        super().set_exception(error)


class Wire:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.rest = b""

    @classmethod
    async def connect(cls, path):
        return cls(*await asyncio.open_unix_connection(path, limit=LONGEST_LINE))

    async def line(self):
        """The next line without its end; None at the end of the connection."""
        while (end := self.rest.find(b"\n")) < 0:
            if len(self.rest) > LONGEST_LINE:
                raise ValueError("a line is too long")
            block = await self.reader.read(BLOCK)
            if not block:
                return None
            self.rest += block
        line, self.rest = self.rest[:end], self.rest[end + 1 :]
        return line.removesuffix(b"\r")

    async def data(self):
        """The blocks of a mail, up to the line with a single dot."""
        # The line before it has ended; these two bytes are not part of the mail.
        held, surplus = b"\r\n" + self.rest, 2
        self.rest = b""
        while True:
            end = held.find(b"\r\n.\r\n")
            if end >= 0:
                self.rest = held[end + 5 :]
                yield held[surplus : end + 2]
                return
            # The end may be here in part.
            ready = len(held) - 4
            if ready > surplus:
                yield held[surplus:ready]
                held, surplus = held[ready:], 0
            block = await self.reader.read(BLOCK)
            if not block:
                raise ConnectionError("the mail has no end")
            held += block

    async def reply(self):
        """The next reply as it came, of which only the last line is kept."""
        while True:
            line = await self.line()
            if line is None:
                raise ConnectionError("the connection ended before the reply")
            if not line[:3].isdigit():
                raise ConnectionError("the reply is none")
            if line[3:4] != b"-":
                return line

    async def ask(self, command):
        await self.send(command + b"\r\n")
        return await self.reply()

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    def close(self):
        self.writer.close()
