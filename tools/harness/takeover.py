"""Takes a log over from a writer that is stopped, again and again, and checks every promise.

What the old writer acknowledged lies below the boundary, nothing else of it is visible but what it
told to be unknown, and it ends with exit code 5: takeover_check.py has all of it.

Without --tracer the old writer gets SIGSTOP, at random moments.  With it, it is held before and
behind system calls on the files of the log.  Which kinds of these there are is found out first, by
watching whole lives of a writer; each kind gets its rounds, and one that shows up later as well.

Exit code: 0 if all is well, 1 if not, 2 for a bad command line.
"""

import argparse
import os
import random
import sys
import time

from tools.harness.log import Failure
from tools.harness.takeover_round import SCENES, Round, old_told
from tools.harness.writers import TracedWriter, Writer, numbered

_BUSY_LINES = 100_000  # More than anybody stores before he is stopped.
_LINE_BYTES = 200
_TRACED_LINES = 400  # To the end: a clean close is among the calls.
_TRIES = 5


class Campaign:
    def __init__(self, args):
        self.args = args
        self.random = random.Random(args.seed)
        self.rounds = 0

    def new_round(self, scene):
        self.rounds += 1
        return Round(self.args.walctl, os.path.join(self.args.dir, "round"), scene)

    def lines(self, count):
        """A file of the old writer's lines."""
        path = os.path.join(self.args.dir, "lines")
        with open(path, "wb") as out:
            out.write(numbered("old", 1, count, _LINE_BYTES))
        return path


class Stopping(Campaign):
    """SIGSTOP: while the old writer opens, is busy, or waits for lines."""

    def run(self):
        path = self.lines(_BUSY_LINES)
        while self.rounds < self.args.rounds:
            moment = self.random.choice(("opening", "busy", "busy", "idle"))
            scene = self.random.choice(SCENES)
            try:
                self.round(path, moment, scene)
            except Failure as failure:
                raise Failure(f"round {self.rounds}, {scene} before, stopped while {moment}: "
                              f"{failure}") from failure
        return f"{self.rounds} rounds, stopped at random moments"

    def round(self, path, moment, scene):
        one = self.new_round(scene)
        segment_bytes = self.random.choice((1 << 16, 1 << 20, 64 << 20))
        with open(path, "rb") as lines:
            old = Writer(one.log, "old", 2, segment_bytes,
                         lines=None if moment == "idle" else lines)
        try:
            if moment != "idle":
                old.told.given = _BUSY_LINES
            self.wait_for(moment, old)
            if not old.stop():
                raise Failure(f"the old writer ended before it was stopped: {old.end().error}")
            one.take_over(IdleOld(old) if moment == "idle" else old)
        finally:
            old.process.kill()
            one.end()

    def wait_for(self, moment, old):
        if moment == "idle":
            old.give(50)
            old.wait_for(50)
            time.sleep(self.random.random() * 0.3)  # A few ticks.
        elif moment == "busy":
            old.wait_for(self.random.randrange(1, 3000))
            time.sleep(self.random.random() * 0.005)
        else:
            time.sleep(self.random.random() * 0.05)


class IdleOld:
    """An old writer that is given more lines once it goes on."""

    def __init__(self, writer):
        self._writer = writer

    def go_on(self):
        self._writer.go_on()
        self._writer.give(5)

    def end(self):
        return self._writer.end()


class Holding(Campaign):
    """Under the tracer."""

    def run(self):
        self.path = self.lines(_TRACED_LINES)
        kinds = {}  # (call, file) -> {scene: how many}
        self.held = {}  # (call, file) -> sides that a writer was held at.
        for scene in SCENES:
            self.watch(scene, kinds)
        todo = self.plan(kinds)
        while todo:
            for side, kind in todo:
                self.hold(side, kind, kinds)
            todo = self.plan(kinds)
        while self.rounds < self.args.rounds:
            self.hold(self.random.choice(("before", "behind")), self.random.choice(sorted(kinds)),
                      kinds)
        held = sum(len(sides) for sides in self.held.values())
        return (f"{self.rounds} rounds, held before or behind {held} of {2 * len(kinds)} places: "
                f"{len(kinds)} kinds of {len({call for call, _ in kinds})} system calls")

    def plan(self, kinds):
        """What no writer was held at yet: with --each kind each of them, before and behind; with
        --each call each call once, on one kind of file and one side."""
        if self.args.each == "kind":
            return [(side, kind) for kind in sorted(kinds) for side in ("before", "behind")
                    if side not in self.held.get(kind, ())]
        done = {call for call, _ in self.held}
        calls = sorted({call for call, _ in kinds} - done)
        return [(self.random.choice(("before", "behind")),
                 self.random.choice(sorted(kind for kind in kinds if kind[0] == call)))
                for call in calls]

    def watch(self, scene, kinds):
        """A whole life, to see which calls there are."""
        one = Round(self.args.walctl, os.path.join(self.args.dir, "round"), scene)
        try:
            writer = self.traced(one, None)
            told = writer.end()
            if told.code != 0 or len(told.ids) != _TRACED_LINES:
                raise Failure(f"a writer that nobody disturbs ended with {told.code}: {told.error}")
            self.note(writer.seen, scene, kinds)
        finally:
            one.end()

    def traced(self, one, place):
        return TracedWriter(self.args.tracer, one.log, old_told(_TRACED_LINES), self.path,
                            one.directory, place)

    @staticmethod
    def note(seen, scene, kinds):
        for kind, count in seen.items():
            by_scene = kinds.setdefault(kind, {})
            by_scene[scene] = max(count, by_scene.get(scene, 0))

    def hold(self, side, kind, kinds):
        """A round at one of the calls of this kind; which one, chance says."""
        scene = self.random.choice(sorted(kinds[kind]))
        number = self.random.randrange(kinds[kind][scene]) + 1
        for _ in range(_TRIES):
            place = f"{side}:{kind[0]}:{kind[1]}:{number}"
            try:
                if self.round_at(place, scene, kinds):
                    self.held.setdefault(kind, set()).add(side)
                    return
            except Failure as failure:
                raise Failure(f"round {self.rounds}, {scene} before, held {place}: "
                              f"{failure}") from failure
            number = (number + 1) // 2  # How many groups there are is not always the same.
        raise Failure(f"a {kind[0]} of a {kind[1]} was seen, and none came in {_TRIES} lives")

    def round_at(self, place, scene, kinds):
        """False: the writer did not come there."""
        one = self.new_round(scene)
        old = self.traced(one, place)
        try:
            if not old.stop():
                old.end()
                self.rounds -= 1
                return False
            one.take_over(old)
            self.note(old.seen, scene, kinds)
            return True
        finally:
            old.kill()
            one.end()


def main():
    parser = argparse.ArgumentParser(prog="takeover",
                                     description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--walctl", required=True, help="the binary")
    parser.add_argument("--tracer", help="the binary")
    parser.add_argument("--dir", required=True, help="an empty directory, on the file system meant")
    parser.add_argument("--rounds", type=int, default=20, help="at least so many")
    parser.add_argument("--each", choices=("call", "kind"), default="call",
                        help="with --tracer: hold at each call once, or at each with each kind of "
                        "file, before and behind")
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    if args.seed is None:
        args.seed = int.from_bytes(os.urandom(4), "little")
    args.dir = os.path.realpath(args.dir)
    started = time.monotonic()
    try:
        said = (Holding if args.tracer else Stopping)(args).run()
    except Failure as failure:
        print(f"takeover: {failure} (seed {args.seed}; the log is in {args.dir})", file=sys.stderr)
        return 1
    print(f"{said}: nothing lost, nothing beyond a boundary "
          f"({time.monotonic() - started:.0f} s, seed {args.seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
