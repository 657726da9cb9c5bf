"""The content of a mail while the judge has it: several read it at the same time, each from where he
is, and what one of them does to it nobody else sees."""

import os
import tempfile

# What is smaller stays in memory.
IN_MEMORY = 64 * 1024
BLOCK = 64 * 1024


class Content:
    def __init__(self, folder):
        self.folder = folder
        self.memory, self.file, self.size = bytearray(), None, 0

    def write(self, block):
        if self.file is None and self.size + len(block) > IN_MEMORY:
            # It has no name on the disk, and nothing is left of it when the judge ends.
            self.file = tempfile.TemporaryFile(dir=self.folder, buffering=0)
            self._write(bytes(self.memory))
            self.memory = None
        if self.file is None:
            self.memory += block
        else:
            self._write(block)
        self.size += len(block)

    def _write(self, block):
        while block:
            block = block[self.file.write(block) :]

    def read(self, position, size):
        """Raises ValueError once it is closed."""
        if self.file is not None:
            return os.pread(self.file.fileno(), min(size, self.size - position), position)
        if self.memory is None:
            raise ValueError("the mail is gone")
        return bytes(self.memory[position : position + size])

    def blocks(self):
        position = 0
        while block := self.read(position, BLOCK):
            position += len(block)
            yield block

    def close(self):
        self.memory = None
        if self.file is not None:
            self.file.close()
