"""Takeovers find each bug that is planted into the walctl they drive, and say what it did.

Not among them: what only a crash of the machine shows, since all that a stopped process wrote is in
the page cache, for a takeover to find.
"""

import os
import subprocess
import tempfile
import unittest

WALCTL = os.path.abspath(os.environ["WALCTL"])
ROUNDS = 100  # Most are found within a few.


def takeover(mutant, directory):
    environment = {**os.environ, "TIDELOG_MUTANT": mutant} if mutant else None
    return subprocess.run(
        ["/usr/bin/python3", "-P", "-m", "tools.harness.takeover", "--walctl", WALCTL, "--dir",
         directory, "--rounds", str(ROUNDS if mutant else 5)],
        env=environment, capture_output=True, text=True, check=False)


class TakeoverMutantsTest(unittest.TestCase):
    def finds(self, mutant, words):
        with tempfile.TemporaryDirectory() as directory:
            done = takeover(mutant, directory)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stderr, words)

    def test_none(self):
        with tempfile.TemporaryDirectory() as directory:
            done = takeover(None, directory)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_owner_that_never_looks_at_the_owner_word(self):
        self.finds("owner-never-looks", "old writer")

    def test_an_owner_that_acknowledges_before_it_looks(self):
        self.finds("old-owner-acknowledges", "old writer acknowledged")

    def test_a_takeover_that_finds_no_boundary(self):
        self.finds("sealed-by-manifest", "visible")

    def test_unknown_told_as_not_done(self):
        self.finds("unknown-told-not-done", "acknowledged and 0 unknown")

    def test_a_term_that_tells_other_ids_than_it_stores(self):
        self.finds("ids-roll-back", "acknowledged its line 1")


if __name__ == "__main__":
    unittest.main()
