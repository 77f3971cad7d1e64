#!/usr/bin/env python3
"""Kills a writer again and again, and checks that nothing it acknowledged is lost.

Each line of the input is appended by `walctl append --json`, which prints a record's id once the
record is durable.  At random moments the writer gets SIGKILL.  The next term recovers the log; what
it then holds behind the last acknowledged record was in flight and may be there or not, but only as
the next lines, in order.  Then the writing goes on from there.  At the end the log must hold the
input byte for byte, and each acknowledged id once, in order.

Exit code: 0 if so, 1 if not, 2 for a bad command line.
"""

import argparse
import array
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time

ACK_ID, ACK_TICK, ACK_LATENCY = '{"id":"', '"time_tick":', '"latency_us":'


class Failure(Exception):
    """The log broke a promise, or walctl did not do its work."""


def field(line, key):
    """The number behind `key` in a line of JSON that walctl wrote."""
    start = line.index(key) + len(key)
    end = start
    while end < len(line) and line[end].isdigit():
        end += 1
    return int(line[start:end])


def id_text(line):
    start = line.index(ACK_ID) + len(ACK_ID)
    return line[start:line.index('"', start)]


class Corpus:
    """The input: whole lines of the given files, cycled up to `size` bytes, in one file."""

    def __init__(self, path, files, size, line_max):
        self.path = path
        self.offsets = array.array("Q", [0])
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
                    self.offsets.append(total)
                    if total >= size:
                        break
        except OSError as error:
            raise Failure(f"cannot read {name}: {error.strerror}") from error
        return total

    def __len__(self):
        return len(self.offsets) - 1


class Run:
    def __init__(self, args):
        self.args = args
        self.random = random.Random(args.seed)
        self.log = ["--dir", os.path.join(args.dir, "log"), "--channel", "lines"]
        self.acknowledged = array.array("Q")  # By line: the number in its id; 0: it was not.
        self.latencies = array.array("I")
        self.stored = 0  # Lines that the log holds for certain, so far.
        self.last = None  # (id, tick) of the last acknowledged or recovered record.
        self.recoveries = []  # Seconds each.
        self.seconds = 0.0  # Of appending.
        self.unknown = 0

    def command(self, name, *more):
        return [self.args.walctl, name, *self.log, *more]

    def walctl(self, name, *more, **kwargs):
        return subprocess.run(self.command(name, *more), check=False, **kwargs)

    def round(self, corpus, kill_after):
        """Appends from the first line not stored; kills the writer after so many are durable."""
        append = self.command("append", "--json", "--latency", *self.args.append_flag)
        with open(corpus.path, "rb", buffering=0) as source:
            source.seek(corpus.offsets[self.stored])
            started = time.monotonic()
            writer = subprocess.Popen(append, stdin=source, stdout=subprocess.PIPE,
                                      bufsize=1 << 20)
        count, last_line, killed = 0, None, False
        for raw in writer.stdout:
            if not raw.endswith(b"\n"):
                break
            last_line = raw.decode()
            self.acknowledged.append(int(id_text(last_line).rsplit(".", 1)[1]))
            self.latencies.append(field(last_line, ACK_LATENCY))
            count += 1
            if kill_after is not None and count == kill_after:
                # So that the moment is not always between two groups.
                time.sleep(self.random.random() * 0.005)
                writer.send_signal(signal.SIGKILL)
                killed = True
        code = writer.wait()
        self.seconds += time.monotonic() - started
        if killed and code != -signal.SIGKILL and code != 0:
            raise Failure(f"the writer ended with {code} before it could be killed")
        if not killed and code != 0:
            raise Failure(f"the writer ended with {code}")
        self.stored += count
        if last_line is not None:
            self.last = (id_text(last_line), field(last_line, ACK_TICK))

    def recover(self, corpus):
        """Opens the next term, and counts what was in flight and is there."""
        started = time.monotonic()
        opened = self.walctl("append", stdin=subprocess.DEVNULL)
        self.recoveries.append(time.monotonic() - started)
        if opened.returncode != 0:
            raise Failure(f"the log does not open after a kill: exit code {opened.returncode}")
        position = ["--after", f"{self.last[0]}@{self.last[1]}"] if self.last else []
        behind = self.walctl("cat", "--json", *position, stdout=subprocess.PIPE)
        if behind.returncode != 0:
            raise Failure(f"the log does not read after a kill: exit code {behind.returncode}")
        with open(corpus.path, "rb") as source:
            source.seek(corpus.offsets[self.stored])
            for raw in behind.stdout.splitlines():
                record = json.loads(raw)
                wanted = source.readline()[:-1]
                if payload_of(record) != wanted:
                    raise Failure(f"line {self.stored + 1} of the input is stored as something "
                                  f"else: {record['id']}")
                self.stored += 1
                self.unknown += 1
                self.acknowledged.append(0)
                self.last = (record["id"], record["time_tick"])

    def verify(self, corpus):
        """Compares everything, once, at the end.  Returns how many are lost and duplicated."""
        with open(corpus.path, "rb") as source:
            cat = subprocess.Popen(self.command("cat"), stdout=subprocess.PIPE)
            same = True
            while True:
                piece = cat.stdout.read(1 << 20)
                same = same and piece == source.read(len(piece))
                if not piece:
                    break
            same = same and not source.read(1)
            if cat.wait() != 0:
                raise Failure(f"cat ended with {cat.returncode}")
        ids = array.array("Q")
        listing = subprocess.Popen(self.command("cat", "--json"), stdout=subprocess.PIPE)
        for raw in listing.stdout:
            end = raw.index(b'"', len(ACK_ID))
            ids.append(int(raw[raw.rindex(b".", 0, end) + 1:end]))
        if listing.wait() != 0:
            raise Failure(f"cat --json ended with {listing.returncode}")
        if any(b <= a for a, b in zip(ids, ids[1:])):
            raise Failure("ids do not increase")
        present = set(ids)
        lost = sum(1 for number in self.acknowledged if number and number not in present)
        duplicated = max(0, len(ids) - len(corpus))
        misplaced = sum(1 for index, number in enumerate(self.acknowledged)
                        if number and (index >= len(ids) or ids[index] != number))
        if not same and lost == 0 and duplicated == 0:
            raise Failure("the log does not hold the input byte for byte")
        if misplaced and lost == 0 and duplicated == 0:
            raise Failure(f"{misplaced} acknowledged records are not where they should be")
        checked = self.walctl("verify", stdout=subprocess.PIPE, text=True)
        if checked.returncode != 0:
            raise Failure("verify finds damage:\n" + checked.stdout)
        return lost, duplicated

    def report(self, corpus, lost, duplicated):
        latencies = sorted(self.latencies)
        rows = [
            ("records", f"{len(corpus):,}"),
            ("bytes", f"{corpus.size:,}"),
            ("appends a second", f"{len(self.latencies) / self.seconds:,.0f}"),
            ("latency p50", f"{latencies[len(latencies) // 2] / 1000:.2f} ms"),
            ("latency p99", f"{latencies[len(latencies) * 99 // 100] / 1000:.2f} ms"),
            ("writers killed", f"{len(self.recoveries)}"),
            ("recoveries", f"{len(self.recoveries)}, median {self.median_recovery():.0f} ms"),
            ("stored unacknowledged", f"{self.unknown}"),
            ("lost", f"{lost}"),
            ("duplicated", f"{duplicated}"),
        ]
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            print(f"{name:<{width}}  {value}")
        print("(latency is from hand-over to durable, with up to 1,024 appends in flight; "
              f"seed {self.args.seed})")

    def median_recovery(self):
        return 1000 * statistics.median(self.recoveries or [0])


def payload_of(record):
    if "payload" in record:
        return record["payload"].encode()
    import base64
    return base64.b64decode(record["payload_base64"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--walctl", required=True, help="the binary")
    parser.add_argument("--dir", required=True, help="an empty directory for the log and the input")
    parser.add_argument("--bytes", type=int, default=200_000_000, help="at least so much input")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of the moments to kill at")
    parser.add_argument("--append-flag", action="append", default=[],
                        help="handed to walctl append")
    parser.add_argument("files", nargs="+", help="text; cycled if it is too short")
    args = parser.parse_args()
    if args.seed is None:
        args.seed = int.from_bytes(os.urandom(4), "little")
    try:
        corpus = Corpus(os.path.join(args.dir, "input"), args.files, args.bytes, 1 << 20)
        run = Run(args)
        for kill in range(args.kills):
            left = len(corpus) - run.stored
            span = left // (args.kills - kill + 1)
            run.round(corpus, 1 + run.random.randrange(max(1, 2 * span - 1)) if span else 1)
            run.recover(corpus)
            if run.stored >= len(corpus):
                break
        run.round(corpus, None)
        lost, duplicated = run.verify(corpus)
        run.report(corpus, lost, duplicated)
    except Failure as failure:
        print(f"kill_writer: {failure} (seed {args.seed}; the log is in {args.dir})",
              file=sys.stderr)
        return 1
    return 1 if lost or duplicated else 0


if __name__ == "__main__":
    sys.exit(main())
