"""Each thing that a takeover must not do is found."""

import unittest

from tools.harness.log import Failure
from tools.harness.takeover_check import Evidence, check
from tools.harness.writers import Told

FENCE = ("walctl: append to c at term 2: it was opened as 3/1 "
         "(2 records are stored; 1 more may be)\n")


def sound():
    """A takeover in which one record was in flight, and is there."""
    records = [("before", 1, 2, 1), ("old", 1, 4, 2), ("old", 2, 5, 2), ("old", 3, 6, 2),
               ("new", 1, 8, 3)]
    return Evidence(
        writers=[Told("before", 1, 1, [2], 0), Told("old", 2, 9, [4, 5], 5, FENCE),
                 Told("new", 3, 1, [8], 0)],
        records=[{"id": f"file.1.0.{number}", "term": term, "payload": f"{name} {line} xxx"}
                 for name, line, number, term in records],
        segments=[{"file": "000000000000002-00001-0000000001.seg", "base_id": 3},
                  {"file": "000000000000003-00001-0000000001.seg", "base_id": 7}])


class TakeoverCheckTest(unittest.TestCase):
    def finds(self, words, change):
        evidence = sound()
        change(evidence, *evidence.writers)
        with self.assertRaisesRegex(Failure, words):
            check(evidence)

    def test_a_sound_takeover_passes(self):
        check(sound())

    def test_an_old_writer_that_had_stored_everything_may_end_well(self):
        evidence = sound()
        old = evidence.writers[1]
        old.given, old.code, old.error, old.ids = 3, 0, "", [4, 5, 6]
        check(evidence)

    def test_the_old_writer_must_learn_of_the_fence(self):
        self.finds("ended with 0", lambda e, b, old, n: setattr(old, "code", 0))
        self.finds("ended with -6", lambda e, b, old, n: setattr(old, "code", -6))
        self.finds("sentence", lambda e, b, old, n: setattr(old, "error", "Segmentation fault"))
        self.finds("acknowledged 2, and says",
                   lambda e, b, old, n: setattr(old, "error", FENCE.replace("(2", "(1")))

    def test_the_new_writer_must_not_suffer(self):
        self.finds("new writer ended", lambda e, b, o, new: setattr(new, "code", 5))
        self.finds("0 of 1", lambda e, b, o, new: new.ids.clear())

    def test_an_acknowledged_record_that_is_lost(self):
        def lose(evidence, *_):
            del evidence.records[2:4]
        self.finds("acknowledged its line 2 as record 5, and visible is nothing", lose)

    def test_an_acknowledgement_of_another_id(self):
        self.finds("line 2 as record 6", lambda e, b, old, n: old.ids.__setitem__(1, 6))

    def test_a_record_that_is_there_twice_or_out_of_order(self):
        self.finds("behind 1 of it", lambda e, *_: e.records[2].update(payload="old 1 x"))
        self.finds("behind 1 of it", lambda e, *_: e.records[2].update(payload="old 3 x"))
        self.finds("later writer", lambda e, *_: e.records[4].update(payload="before 1 x"))
        self.finds("does not lie behind", lambda e, *_: e.records[2].update(id="file.1.0.4"))

    def test_a_record_that_was_told_not_done(self):
        self.finds("1 unknown|0 unknown",
                   lambda e, b, old, n: setattr(old, "error", FENCE.replace("1 more", "0 more")))

    def test_a_record_beyond_the_boundary(self):
        self.finds("beyond the boundary 5", lambda e, *_: e.segments[1].update(base_id=6))
        self.finds("below its boundary 8", lambda e, *_: e.segments[1].update(base_id=9))

    def test_a_record_under_a_term_that_is_not_its_own(self):
        self.finds("has term 3", lambda e, *_: e.records[3].update(term=3))


if __name__ == "__main__":
    unittest.main()
