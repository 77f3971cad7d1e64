"""The table of instructions: written, read, compared."""
import os
import unittest

from tools.benchmark import instructions

CASE = ("file", "adaptor", 1024, 64)


class InstructionsTest(unittest.TestCase):
    def test_what_is_written_is_read_again(self):
        counts = {case: 1000.4 + i for i, case in enumerate(instructions.CASES)}
        text = instructions.table_of(counts, "clang version 19.1")
        self.assertEqual(instructions.read_table(text),
                         {case: round(value) for case, value in counts.items()})

    def test_a_count_above_the_table_is_told_with_both_figures(self):
        lines = list(instructions.worse({CASE: 2000}, {CASE: 2200.0}))
        self.assertEqual(lines, ["file adaptor, 1024 bytes, 64 in flight: 2200 instructions, 2000 "
                                 "before (+10.0%)"])

    def test_a_count_within_a_hundredth_or_below_is_fine(self):
        self.assertEqual(list(instructions.worse({CASE: 2000}, {CASE: 2020.0})), [])
        self.assertEqual(list(instructions.worse({CASE: 2000}, {CASE: 1000.0})), [])

    def test_a_case_that_the_table_lacks_is_told(self):
        self.assertIn("lacks it", list(instructions.worse({}, {CASE: 1.0}))[0])

    def test_the_count_is_callgrinds(self):
        self.assertEqual(instructions.collected("==7== \n==7== Collected : 123456\n"), 123456)
        for text in ("", "==7== Collected : 0\n"):
            with self.assertRaises(SystemExit):
                instructions.collected(text)

    def test_the_table_at_hand_has_every_case(self):
        with open(os.path.join(os.getcwd(), instructions.TABLE), encoding="utf-8") as f:
            counts = instructions.read_table(f.read())
        self.assertEqual(set(counts), set(instructions.CASES))
        self.assertTrue(all(count > 100 for count in counts.values()), counts)


if __name__ == "__main__":
    unittest.main()
