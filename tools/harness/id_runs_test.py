"""What is lost is found, and nothing else."""

import unittest

from tools.harness.id_runs import IdRuns, compare


def runs_of(*parts):
    """Lists of ids; a number is so many lines without."""
    made = IdRuns()
    for part in parts:
        if isinstance(part, int):
            made.skip(part)
        else:
            assert made.extend(part)
    return made


class IdRunsTest(unittest.TestCase):
    def test_neighbours_are_one_run(self):
        made = runs_of([2, 3], [4], [6, 7, 9], 1, [10])
        self.assertEqual(list(made.runs()), [(0, 2, 3), (3, 6, 2), (5, 9, 1), (7, 10, 1)])
        self.assertEqual(made.count, 7)

    def test_ids_that_do_not_increase_are_refused(self):
        self.assertFalse(IdRuns().extend([2, 2]))
        made = runs_of([5])
        self.assertFalse(made.extend([5]))
        self.assertTrue(IdRuns().extend([]))

    def test_what_is_stored_is_not_lost(self):
        acknowledged = runs_of([2, 3], 1, [5, 9])
        self.assertEqual(compare(acknowledged, runs_of([2, 3, 4, 5, 9])), (0, 0))
        self.assertEqual(compare(runs_of(), runs_of([1])), (0, 0))

    def test_what_is_missing_is_lost(self):
        acknowledged = runs_of([2, 3, 4, 8, 9])
        self.assertEqual(compare(acknowledged, runs_of([2, 3, 4, 8])), (1, 0))
        self.assertEqual(compare(acknowledged, runs_of([8, 9]))[0], 3)
        self.assertEqual(compare(acknowledged, runs_of()), (5, 0))

    def test_what_is_there_as_another_line_is_misplaced(self):
        self.assertEqual(compare(runs_of([2, 3, 4]), runs_of([2, 4])), (1, 1))
        self.assertEqual(compare(runs_of([2, 3]), runs_of([1, 2, 3])), (0, 2))


if __name__ == "__main__":
    unittest.main()
