import unittest

from tools.lint.rules import proof_rule
from tools.lint.rules.samples import RuleTest, source

TESTS = source("wal/a_test.cc", """
    TEST_F(OpenTest, Opens) {}
    TEST_P(WalImplsConformance, AMarkSurvives) {}
    RC_GTEST_PROP(IdProperty, RoundTrips, ()) {}
    """)
STORIES = source("sim/scenario/some_stories.cc", """
    const Scenario kStories[] = {
        {"Milvus1", Make},
    };
    """)
MUTANTS = source("sim/mutant/catalog.cc", """
    MutantEntry{Mutant::kLate,
                "too-late"},
    """)
CHECKER = source("sim/check/order.cc", """
    constexpr Anomaly kAnomalies[] = {{"redelivery", "F2"}, {"inversion", "D8"}};
    Checker OrderChecker() { return {"order", Check, kAnomalies}; }
    """)


class ProofRuleTest(RuleTest):

    def check(self, text):
        return list(proof_rule.check_tree([TESTS, CHECKER, source(proof_rule.PAGE, text)]))

    def check_defects(self, text):
        files = [TESTS, STORIES, MUTANTS, source(proof_rule.DEFECTS, text)]
        return list(proof_rule.check_tree(files))

    def test_names_of_tests_are_fine(self):
        self.assertEqual(self.check("`OpenTest.Opens`, `OpenTest`, `IdProperty`\n"), [])
        self.assertEqual(self.check("conformance `AMarkSurvives`; `wal/doc/Name.md`\n"), [])

    def test_names_of_no_tests_are_found(self):
        for text in ("`OpenTest.Closes`", "`CloseTest`", "conformance `AMarkSurvives`, `Nothing`"):
            self.assert_lines(self.check(f"fine\n{text}\n"), [2])

    def test_checkers_that_check_the_rule_of_the_row_are_fine(self):
        self.assertEqual(self.check("| F2 | once | x | checker `order` |\n"), [])

    def test_other_checkers_are_found(self):
        for text in ("checker `disorder`", "checker `order`, `range`"):
            self.assert_lines(self.check(f"| F2 | once | x | {text} |\n"), [1])
        self.assert_lines(self.check("| F4 | said | x | checker `order` |\n"), [1])

    def test_defects_that_are_answered_are_fine(self):
        self.assertEqual(self.check_defects("| 1 | #7 | lost | scenario `Milvus1` |\n"
                                            "| 2 | #8 | late | mutant `too-late`, `OpenTest` |\n"
                                            "| 3 | #9 | stuck | not yet: needs more |\n"), [])

    def test_defects_without_an_answer_are_found(self):
        for answer in ("", "it is fine", "maybe not yet: soon", "`wal/doc/name.md`"):
            self.assert_lines(self.check_defects(f"| 1 | #7 | lost | {answer} |\n"), [1])

    def test_defects_that_are_left_out_are_found(self):
        self.assert_lines(self.check_defects("| 1 | #7 | lost | `OpenTest` |\n"
                                             "| 3 | #9 | stuck | `OpenTest` |\n"), [2])

    def test_scenarios_and_mutants_that_are_not_there_are_found(self):
        for name in ("scenario `Milvus1`, `Milvus2`", "mutant `too-early`", "`OpenTest.Closes`"):
            self.assert_lines(self.check_defects(f"| 1 | #7 | lost | {name} |\n"), [1])


if __name__ == "__main__":
    unittest.main()
