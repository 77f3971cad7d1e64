"""One takeover by real processes.

The old writer is stopped somewhere, the new one opens a higher term and appends, the old one goes
on to its end, the new one appends more.  A `tail -f` watches, if there was a log to follow.
"""

import json
import os
import shutil

from tools.harness.log import Failure, Log
from tools.harness.readers import Follower
from tools.harness.takeover_check import Evidence, check
from tools.harness.writers import Told, Writer

# What was there before the old writer came: no log, one whose writer was killed, one that was
# closed.
SCENES = ("nothing", "killed", "closed")

_LINES_BEFORE = 200
_LINES_NEW = 20
_SEGMENT_BYTES = 1 << 16  # Small, so that segments come and go.


class Round:
    """A directory of its own, and what happens there."""

    def __init__(self, walctl, directory, scene):
        shutil.rmtree(directory, ignore_errors=True)
        os.mkdir(directory)
        self.directory = directory
        self.log = Log(walctl, os.path.join(directory, "log"))
        self._told = []
        self._follower = None
        if scene == "nothing":
            return
        before = Writer(self.log, "before", 1, _SEGMENT_BYTES)
        before.give(_LINES_BEFORE)
        before.wait_for(_LINES_BEFORE // 2)
        self._told.append(before.kill() if scene == "killed" else before.end())
        self._follower = Follower(self.log, os.path.join(directory, "followed"))

    def take_over(self, old):
        """`old`, of term 2, is stopped; it is taken over, and judged."""
        new = Writer(self.log, "new", 3, _SEGMENT_BYTES)
        new.give(_LINES_NEW)
        new.wait_for(_LINES_NEW)
        old.go_on()
        self._told.append(old.end())
        new.give(_LINES_NEW)
        self._told.append(new.end())
        self._judge()

    def _judge(self):
        listing = self.log.output("cat", "--json")
        check(Evidence(writers=self._told, records=list(map(json.loads, listing.splitlines())),
                       segments=self.log.verify()["segments"]))
        self.log.open_and_close()
        if self.log.output("cat", "--json") != listing:
            raise Failure("the next open changes what is visible")
        if self._follower:
            path = os.path.join(self.directory, "listing")
            with open(path, "wb") as out:
                out.write(listing)
            self._follower.finish(len(listing))
            self._follower.check(path)

    def end(self):
        if self._follower:
            self._follower.stop()


def old_told(given):
    return Told("old", 2, given)
