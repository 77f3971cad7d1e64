import unittest

from tools.lint.rules import proof_rule
from tools.lint.rules.samples import RuleTest, source

TESTS = source("wal/a_test.cc", """
    TEST_F(OpenTest, Opens) {}
    TEST_P(WalImplsConformance, AMarkSurvives) {}
    RC_GTEST_PROP(IdProperty, RoundTrips, ()) {}
    """)
CHECKER = source("sim/check/order.cc", """
    constexpr Anomaly kAnomalies[] = {{"redelivery", "F2"}, {"inversion", "D8"}};
    Checker OrderChecker() { return {"order", Check, kAnomalies}; }
    """)


class ProofRuleTest(RuleTest):

    def check(self, text):
        return list(proof_rule.check_tree([TESTS, CHECKER, source(proof_rule.PAGE, text)]))

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


if __name__ == "__main__":
    unittest.main()
