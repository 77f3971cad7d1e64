"""Readers in other processes, beside writers that come and go.

Each keeps what it was shown, as `--json` prints it, in a file.  In the end that must be what `cat`
prints: each record once, in order, to the byte.
"""

import json
import signal
import subprocess
import threading

from tools.harness.log import PIECE_BYTES, Failure, whole_lines

_ALL = str((1 << 63) - 1)  # As many of the last lines as there may be.
_PATIENCE_SECONDS = 60  # For what takes milliseconds: a reader that stands still is an error.


class _Reader:
    """A thread that fills a file, and may be waited for."""

    def __init__(self, path):
        self.path = path
        self.size = 0
        self._file = open(path, "wb")
        self._changed = threading.Condition()
        self._ended = None  # Why, once it has.
        self._thread = threading.Thread(target=self._run_to_end, daemon=True)

    def _run_to_end(self):
        try:
            why = self._run()
        except Failure as failure:
            why = str(failure)
        with self._changed:
            self._ended = why
            self._changed.notify_all()

    def _keep(self, lines):
        self._file.write(lines)
        self._file.flush()
        with self._changed:
            self.size += len(lines)
            self._changed.notify_all()

    def wait_for(self, size):
        """Waits until it was shown so many bytes."""
        with self._changed:
            self._changed.wait_for(lambda: self.size >= size or self._ended is not None,
                                   _PATIENCE_SECONDS)
            if self.size < size:
                raise Failure(f"{self.name}: {self._ended or 'stands still'}, with {self.size} of "
                              f"{size} bytes shown")

    def wait_for_more(self, stopping):
        """Waits until it was shown more, or was woken.  False: `stopping` says yes."""
        with self._changed:
            if not stopping() and self._ended is None:
                self._changed.wait(_PATIENCE_SECONDS)
            return not stopping() and self._ended is None

    def wake(self):
        with self._changed:
            self._changed.notify_all()

    def check(self, listing_path):
        """Compares what it was shown with what `cat` printed to a file."""
        self._file.close()
        with open(listing_path, "rb") as wanted, open(self.path, "rb") as shown:
            number = 0
            while True:
                a, b = wanted.readlines(PIECE_BYTES), shown.readlines(PIECE_BYTES)
                if a != b:
                    at = next(i for i in range(max(len(a), len(b))) if a[i:i + 1] != b[i:i + 1])
                    raise Failure(f"{self.name}: record {number + at + 1} was shown as "
                                  f"{b[at:at + 1]}, and is {a[at:at + 1]}")
                if not a:
                    return
                number += len(a)


class Follower(_Reader):
    """One `tail -f`, across everything that happens to the writers."""

    name = "tail -f"

    def __init__(self, log, path):
        super().__init__(path)
        self._process = log.start("tail", "-f", "-n", _ALL, "--json", stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._thread.start()

    def _run(self):
        for lines in whole_lines(self._process.stdout):
            self._keep(lines)
        error = self._process.stderr.read().decode().strip()
        return f"ended with {self._process.wait()} {error}"

    def finish(self, size):
        """Ends it once it was shown so many bytes."""
        self.wait_for(size)
        self.stop()

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._thread.join()
        for pipe in (self._process.stdout, self._process.stderr):
            pipe.close()


class Resumer(_Reader):
    """A `cat` after another, each from where the one before it ended: a pass for each time that
    `pace`, a reader too, is shown something."""

    name = "cat --after"

    def __init__(self, log, path, pace):
        super().__init__(path)
        self._log = log
        self._pace = pace
        self._position = []
        self._stopping = False
        self._thread.start()

    def _run(self):
        while self._pace.wait_for_more(lambda: self._stopping):
            self._read_on()
        self._read_on()
        return "was stopped"

    def _read_on(self):
        lines = self._log.output("cat", "--json", *self._position)
        if lines:
            last = json.loads(lines.splitlines()[-1])
            self._position = ["--after", f"{last['id']}@{last['time_tick']}"]
            self._keep(lines)

    def finish(self, size):
        """Ends it once it has read to the end, which is to be so many bytes."""
        self.stop()
        self.wait_for(size)

    def stop(self):
        self._stopping = True
        self._pace.wake()
        self._thread.join()
