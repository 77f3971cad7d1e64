"""What is appended: lines, each a record.

An input has a length (how many lines), a size (bytes with newlines) and three ways to its lines:
open_at(line), what a writer is given as its standard input; line(i); and pieces(), all of it.
"""

import array
import os
import threading

from tools.harness.log import PIECE_BYTES, Failure

_BLOCK = 4096  # Lines made at once.
_MULTIPLIER = 0x9E3779B97F4A7C15  # Odd, so that no two numbers below 2^64 become the same.
_MASK = (1 << 64) - 1


class Text:
    """Whole lines of the given files, cycled up to `size` bytes, in one file."""

    def __init__(self, path, files, size, line_max):
        self._path = path
        self._offsets = array.array("Q", [0])
        total = 0
        with open(path, "wb") as out:
            while total < size:
                before = total
                for name in files:
                    total = self._add(out, name, total, size, line_max)
                    if total >= size:
                        break
                if total == before:
                    raise Failure("the input files hold no text")
        self.size = total

    def _add(self, out, name, total, size, line_max):
        try:
            with open(name, "rb") as source:
                for line in source:
                    if not line.endswith(b"\n") or len(line) > line_max:
                        continue
                    out.write(line)
                    total += len(line)
                    self._offsets.append(total)
                    if total >= size:
                        break
        except OSError as error:
            raise Failure(f"cannot read {name}: {error.strerror}") from error
        return total

    def __len__(self):
        return len(self._offsets) - 1

    def open_at(self, line):
        source = open(self._path, "rb", buffering=0)
        source.seek(self._offsets[line])
        return source

    def line(self, index):
        with self.open_at(index) as source:
            return source.read(self._offsets[index + 1] - self._offsets[index] - 1)

    def pieces(self):
        with self.open_at(0) as source:
            while piece := source.read(PIECE_BYTES):
                yield piece


class Numbers:
    """As many lines as asked for, each made from its number, so that nothing needs to be kept."""

    _WIDTH = 17  # Sixteen digits and the newline.

    def __init__(self, count):
        self._count = count
        self.size = count * self._WIDTH

    def __len__(self):
        return self._count

    def open_at(self, line):
        """The reading end of a pipe, filled as it is emptied, until nobody reads there."""
        reader, writer = os.pipe()
        threading.Thread(target=self._feed, args=(line, writer), daemon=True).start()
        return open(reader, "rb", buffering=0)

    def _feed(self, line, descriptor):
        try:
            with open(descriptor, "wb", buffering=0) as out:
                for block in self._blocks(line):
                    _write_all(out, block)
        except BrokenPipeError:
            pass  # The writer was killed.

    def _blocks(self, line):
        while line < self._count:
            end = min(self._count, line + _BLOCK)
            values = tuple((i * _MULTIPLIER) & _MASK for i in range(line, end))
            yield b"%016x\n" * (end - line) % values
            line = end

    def line(self, index):
        return b"%016x" % ((index * _MULTIPLIER) & _MASK)

    def pieces(self):
        return self._blocks(0)


def _write_all(out, block):
    view = memoryview(block)
    while view:
        view = view[out.write(view):]
