"""Writers of numbered lines: alone, stopped by a signal, or held at a system call by the tracer.

A writer has a name and a term; its lines are "NAME 1 xx...", "NAME 2 xx..." and so on.
"""

import dataclasses
import os
import signal
import subprocess
import threading

from tools.harness.log import Failure, ids_in, whole_lines

_PATIENCE_SECONDS = 60  # For what takes milliseconds.


@dataclasses.dataclass
class Told:
    """What became of a writer, by its own words."""

    name: str
    term: int
    given: int = 0  # Lines that it could read.
    ids: list = dataclasses.field(default_factory=list)  # Acknowledged, line by line.
    code: int = 0
    error: str = ""


def numbered(name, first, count, size):
    """So many lines of about `size` bytes."""
    return b"".join(b"%s %d %s\n" % (name.encode(), i, b"x" * (size - 20))
                    for i in range(first, first + count))


def _append_flags(term, segment_bytes):
    return ["--json", "--term", str(term), "--take-over", "--set",
            f"segment_bytes={segment_bytes}"]


class Writer:
    """`append`, given lines from a file, or by give(); acknowledgements are taken as they come."""

    def __init__(self, log, name, term, segment_bytes=1 << 20, lines=None):
        self.name = name
        self.told = Told(name, term)
        self.process = log.start("append", *_append_flags(term, segment_bytes),
                                 stdin=lines or subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self):
        for lines in whole_lines(self.process.stdout):
            with self._changed:
                self.told.ids += ids_in(lines)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def give(self, count, size=100):
        lines = numbered(self.name, self.told.given + 1, count, size)
        self.told.given += count
        try:
            self.process.stdin.write(lines)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # It has ended; its exit code says why.

    def wait_for(self, count):
        """Waits until so many are acknowledged, or it has ended."""
        with self._changed:
            enough = self._changed.wait_for(
                lambda: self._ended or len(self.told.ids) >= count, _PATIENCE_SECONDS)
        if not enough:
            raise Failure(f"the {self.name} writer stands still, with {len(self.told.ids)} "
                          "acknowledged")

    def end(self):
        """Waits for its end, with no more lines to come."""
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        self._thread.join()
        self.told.error = self.process.stderr.read().decode()
        self.told.code = self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.told

    def kill(self):
        self.process.kill()
        return self.end()

    def stop(self):
        """SIGSTOP.  False: it had ended before."""
        self.process.send_signal(signal.SIGSTOP)
        what = os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return what.si_code == os.CLD_STOPPED

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


class TracedWriter:
    """`append` of a file of lines under the tracer, that holds it at `place`, if it comes there."""

    def __init__(self, tracer, log, told, lines_path, scratch, place, segment_bytes=1 << 16):
        self.told = told
        self.seen = {}
        self._acks = os.path.join(scratch, "acks")
        self._errors = os.path.join(scratch, "errors")
        hold = ["--hold", place] if place else []
        command = log.command("append", *_append_flags(told.term, segment_bytes))
        self._process = subprocess.Popen(
            [tracer, "--log", log.directory, *hold, "--input", lines_path, "--output", self._acks,
             "--errors", self._errors, "--", *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._said = ""

    def stop(self):
        """Waits until it is held.  False: it ended before."""
        line = self._process.stdout.readline()
        if line.startswith("held "):
            return True
        self._said = line
        return False

    def go_on(self):
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def end(self):
        with self._process as tracer:
            said = [self._said, *tracer.stdout]
            error = tracer.stderr.read().strip()
        if tracer.returncode != 0:
            raise Failure(f"the tracer ended with {tracer.returncode}: {error}")
        for words in map(str.split, filter(None, said)):
            if words[0] == "seen":
                self.seen[words[1], words[2]] = int(words[3])
            else:
                self.told.code = int(words[1]) * (1 if words[0] == "exited" else -1)
        with open(self._acks, "rb") as acks:
            self.told.ids = ids_in(acks.read())
        with open(self._errors, encoding="utf-8") as errors:
            self.told.error = errors.read()
        return self.told

    def kill(self):
        """Ends tracer and writer, if they have not ended."""
        with self._process as tracer:
            tracer.kill()
