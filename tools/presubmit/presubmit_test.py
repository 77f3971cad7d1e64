import unittest

from tools.presubmit import presubmit


def summary(label, status, runs=1, cached=0):
    return {"id": {"testSummary": {"label": label}},
            "testSummary": {"overallStatus": status, "totalRunCount": runs,
                            "totalNumCached": cached}}


def completed(label, success):
    return {"id": {"targetCompleted": {"label": label}},
            "completed": {"success": True} if success else {}}


class OutcomeTest(unittest.TestCase):

    def test_tests_that_ran_and_tests_that_did_not_are_told_apart(self):
        events = [summary("//a:x", "PASSED"), summary("//a:y", "PASSED", cached=1),
                  summary("//a:z", "PASSED", runs=2, cached=1)]
        outcome = presubmit.outcome_of(events, 0, "clang")
        self.assertEqual((outcome.passed, outcome.unchanged, outcome.failures), (2, 1, []))

    def test_whatever_did_not_pass_is_a_failure(self):
        for status in ("FAILED", "TIMEOUT", "FLAKY", "INCOMPLETE", "NO_STATUS"):
            outcome = presubmit.outcome_of([summary("//a:x", status)], 3, "asan")
            self.assertEqual(len(outcome.failures), 1, status)
            self.assertIn("asan: //a:x", outcome.failures[0])

    def test_a_test_that_does_not_build_is_one_failure(self):
        events = [completed("//a:x", False), summary("//a:x", "FAILED_TO_BUILD"),
                  completed("//a:y", True)]
        outcome = presubmit.outcome_of(events, 1, "gcc")
        self.assertEqual(len(outcome.failures), 1)

    def test_a_library_that_does_not_build_is_a_failure(self):
        outcome = presubmit.outcome_of([completed("//a:x", False)], 1, "gcc")
        self.assertEqual(outcome.failures, ["gcc: //a:x: does not build"])

    def test_a_bazel_that_says_nothing_but_fails_is_a_failure(self):
        self.assertEqual(len(presubmit.outcome_of([], 2, "tsan").failures), 1)
        events = [summary("//a:x", "PASSED")]
        self.assertEqual(len(presubmit.outcome_of(events, 1, "tsan").failures), 1)


class ThreadingSourcesTest(unittest.TestCase):

    def test_reasons_and_comments_are_no_sources(self):
        lines = ["# Who may make threads.\n", "a/b.cc    # A pool.\n", "\n", "c.h\n"]
        self.assertEqual(presubmit.threading_sources(lines), ["a/b.cc", "c.h"])


class FirstDifferenceTest(unittest.TestCase):

    def test_equal_lists_have_none(self):
        self.assertIsNone(presubmit.first_difference(["1 a", "2 b"], ["1 a", "2 b"]))

    def test_it_is_the_first(self):
        self.assertEqual(presubmit.first_difference(["1 a", "2 b", "3 c"], ["1 a", "2 x", "3 y"]),
                         ("2 b", "2 x"))

    def test_a_list_that_ends_early_differs(self):
        self.assertEqual(presubmit.first_difference(["1 a"], ["1 a", "2 b"]), ("", "2 b"))


if __name__ == "__main__":
    unittest.main()
