"""Kills a writer again and again, and checks that nothing it acknowledged is lost.

Each line of the input is appended by `walctl append --json`, which prints a record's id once the
record is durable.  At random moments the writer gets SIGKILL.  The next term recovers the log; what
it then holds behind the last acknowledged record was in flight and may be there or not, but only as
the next lines, in order.  Then the writing goes on from there.  At the end the log must hold the
input byte for byte, and each acknowledged id once, in order.

With --readers two readers in other processes watch all that: one `tail -f`, and one `cat` after
another, each from where the last one ended.  Both must be shown each record once.

With --records the input is not text but so many short lines, each made from its number: neither
memory nor disk holds a copy of it.

Exit code: 0 if so, 1 if not, 2 for a bad command line.
"""

import argparse
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time

from tools.harness import id_runs, inputs, readers
from tools.harness.log import Failure, Log, ids_in, payload_of, whole_lines
from tools.harness.report import Latencies, print_table

_LINE_MAX = 1 << 20


def position_of(record):
    return f"{record['id']}@{record['time_tick']}"


class Run:
    def __init__(self, args, source):
        self.source = source
        self.random = random.Random(args.seed)
        self.directory = args.dir
        self.log = Log(args.walctl, os.path.join(args.dir, "log"))
        self.append_flags = ["--json", "--latency", *args.append_flag]
        self.acknowledged = id_runs.IdRuns()
        self.latencies = Latencies()
        self.stored = 0  # Lines that the log holds for certain, so far.
        self.last = None  # Position of the last acknowledged or recovered record.
        self.recoveries = []  # Seconds each.
        self.seconds = 0.0  # Of appending.
        self.unknown = 0
        self.readers = []

    def start_readers(self):
        self.log.open_and_close()  # Before, there is nothing to follow.
        follower = readers.Follower(self.log, os.path.join(self.directory, "followed"))
        self.readers.append(follower)
        resumer = readers.Resumer(self.log, os.path.join(self.directory, "resumed"), follower)
        self.readers.append(resumer)

    def stop_readers(self):
        for reader in self.readers:
            reader.stop()

    def round(self, kill_after):
        """Appends from the first line not stored; kills the writer after so many are durable."""
        started = time.monotonic()
        with self.source.open_at(self.stored) as lines:
            writer = self.log.start("append", *self.append_flags, stdin=lines,
                                    stdout=subprocess.PIPE)
        last, killed = b"", False
        with writer:
            for last in whole_lines(writer.stdout):
                self.take_acknowledgements(last)
                if kill_after is not None and self.stored >= kill_after and not killed:
                    # So that the moment is not always between two groups.
                    time.sleep(self.random.random() * 0.005)
                    writer.send_signal(signal.SIGKILL)
                    killed = True
        self.seconds += time.monotonic() - started
        if writer.returncode != 0 and not (killed and writer.returncode == -signal.SIGKILL):
            raise Failure(f"the writer ended with {writer.returncode}")
        if last:
            self.last = position_of(json.loads(last.splitlines()[-1]))

    def take_acknowledgements(self, lines):
        ids = ids_in(lines)
        if not self.acknowledged.extend(ids):
            raise Failure("acknowledged ids do not increase")
        self.latencies.add_from(lines)
        self.stored += len(ids)

    def recover(self):
        """Opens the next term, and counts what was in flight and is there."""
        started = time.monotonic()
        self.log.open_and_close()
        self.recoveries.append(time.monotonic() - started)
        for record in self.log.records(*(["--after", self.last] if self.last else [])):
            if self.stored == len(self.source):
                raise Failure(f"the log holds more than the input: {record['id']}")
            if payload_of(record) != self.source.line(self.stored):
                raise Failure(f"line {self.stored + 1} of the input is stored as something "
                              f"else: {record['id']}")
            self.stored += 1
            self.unknown += 1
            self.acknowledged.skip(1)
            self.last = position_of(record)

    def run(self, kills):
        for kill in range(kills):
            left = len(self.source) - self.stored
            span = left // (kills - kill + 1)
            self.round(self.stored + 1 + self.random.randrange(max(1, 2 * span - 1)))
            self.recover()
            if self.stored == len(self.source):
                break
        self.round(None)

    def verify(self):
        """Compares everything, once, at the end.  Returns how many are lost and duplicated."""
        same = self.holds_the_input()
        stored = id_runs.IdRuns()
        for lines in self.list_all():
            if not stored.extend(ids_in(lines)):
                raise Failure("ids do not increase")
        lost, misplaced = id_runs.compare(self.acknowledged, stored)
        duplicated = max(0, stored.count - len(self.source))
        if not same and lost == 0 and duplicated == 0:
            raise Failure("the log does not hold the input byte for byte")
        if misplaced and lost == 0 and duplicated == 0:
            raise Failure(f"{misplaced} acknowledged records are not where they should be")
        self.log.verify()
        return lost, duplicated

    def holds_the_input(self):
        pieces = itertools.chain(self.source.pieces(), (b"",))
        with self.log.start("cat", stdout=subprocess.PIPE) as cat:
            same = all(cat.stdout.read(max(1, len(piece))) == piece for piece in pieces)
            while cat.stdout.read(1 << 20):
                pass
        if cat.returncode != 0:
            raise Failure(f"cat ended with {cat.returncode}")
        return same

    def list_all(self):
        """All that `cat --json` prints; that is also what the readers must have been shown."""
        listing = self.log.pieces("cat", "--json")
        if not self.readers:
            yield from listing
            return
        path = os.path.join(self.directory, "listing")
        with open(path, "wb") as out:
            for lines in listing:
                out.write(lines)
                yield lines
        for reader in self.readers:
            reader.finish(os.path.getsize(path))
            reader.check(path)

    def report(self, lost, duplicated, seed):
        recovery = 1000 * statistics.median(self.recoveries or [0])
        print_table([
            ("records", f"{len(self.source):,}"),
            ("bytes", f"{self.source.size:,}"),
            ("appends a second", f"{self.acknowledged.count / self.seconds:,.0f}"),
            *self.latencies.rows(),
            ("writers killed", f"{len(self.recoveries)}"),
            ("recoveries", f"{len(self.recoveries)}, median {recovery:.0f} ms"),
            ("stored unacknowledged", f"{self.unknown}"),
            *((f"shown by {reader.name}", "each record once") for reader in self.readers),
            ("lost", f"{lost}"),
            ("duplicated", f"{duplicated}"),
        ])
        print("(latency is from hand-over to durable, with up to 1,024 appends in flight; "
              f"seed {seed})")


def make_source(args):
    if args.records is not None:
        return inputs.Numbers(args.records)
    return inputs.Text(os.path.join(args.dir, "input"), args.files, args.bytes, _LINE_MAX)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="kill_writer",
                                     description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--walctl", required=True, help="the binary")
    parser.add_argument("--dir", required=True, help="an empty directory for the log and the input")
    parser.add_argument("--bytes", type=int, default=200_000_000, help="at least so much input")
    parser.add_argument("--records", type=int, help="so many numbers, instead of text")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--readers", action="store_true", help="with readers in other processes")
    parser.add_argument("--seed", type=int, default=None, help="of the moments to kill at")
    parser.add_argument("--append-flag", action="append", default=[],
                        help="handed to walctl append")
    parser.add_argument("files", nargs="*", help="text; cycled if it is too short")
    args = parser.parse_args()
    if bool(args.files) == (args.records is not None):
        parser.error("give files of text, or --records")
    if args.seed is None:
        args.seed = int.from_bytes(os.urandom(4), "little")
    return args


def main():
    args = parse_arguments()
    try:
        run = Run(args, make_source(args))
        try:
            if args.readers:
                run.start_readers()
            run.run(args.kills)
            lost, duplicated = run.verify()
        finally:
            run.stop_readers()
        run.report(lost, duplicated, args.seed)
    except Failure as failure:
        print(f"kill_writer: {failure} (seed {args.seed}; the log is in {args.dir})",
              file=sys.stderr)
        return 1
    return 1 if lost or duplicated else 0


if __name__ == "__main__":
    sys.exit(main())
