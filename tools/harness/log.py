"""A log in files as the tests of this directory see it: through the real walctl."""

import json
import re
import subprocess

# How an acknowledgement and a record of `cat --json` begin.  A payload cannot look like it: its
# quotation marks are escaped.
ID = re.compile(rb'\{"id":"[\w.-]*?\.(\d+)","time_tick":')
FENCED = 5  # walctl's exit code.
PIECE_BYTES = 1 << 20


class Failure(Exception):
    """The log broke a promise, or walctl did not do its work."""


def ids_in(lines):
    """The numbers in the ids of acknowledgements or records, in order."""
    return [int(number) for number in ID.findall(lines)]


def payload_of(record):
    if "payload" in record:
        return record["payload"].encode()
    import base64
    return base64.b64decode(record["payload_base64"])


def whole_lines(stream):
    """What comes from a pipe, as soon as it comes, cut behind newlines.  A line without one, which
    a killed process leaves, is dropped."""
    rest = b""
    while True:
        piece = stream.read1(PIECE_BYTES)
        if not piece:
            return
        end = piece.rfind(b"\n") + 1
        if end == 0:
            rest += piece
            continue
        yield rest + piece[:end]
        rest = piece[end:]


class Log:
    """One channel, and the walctl that works on it."""

    def __init__(self, walctl, directory, channel="lines"):
        self.directory = directory
        self._walctl = walctl
        self._channel = channel

    def command(self, name, *more):
        return [self._walctl, name, "--dir", self.directory, "--channel", self._channel, *more]

    def start(self, name, *more, **kwargs):
        return subprocess.Popen(self.command(name, *more), **kwargs)

    def output(self, name, *more):
        """What a command prints, which must not fail."""
        done = subprocess.run(self.command(name, *more), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Failure(f"{name} ended with {done.returncode}: {done.stderr.decode().strip()} "
                          f"{done.stdout[-2000:].decode(errors='replace')}".rstrip())
        return done.stdout

    def pieces(self, name, *more):
        """The same of a command that prints more than memory holds: whole lines, piece by piece."""
        with self.start(name, *more, stdout=subprocess.PIPE) as process:
            yield from whole_lines(process.stdout)
        if process.returncode != 0:
            raise Failure(f"{name} ended with {process.returncode}")

    def records(self, *more):
        return [json.loads(line) for line in self.output("cat", "--json", *more).splitlines()]

    def open_and_close(self):
        """Recovers the log at the next term, and stores nothing."""
        self.output("append")

    def verify(self):
        """Reads every byte; what `verify --json` reports."""
        return json.loads(self.output("verify", "--json"))
