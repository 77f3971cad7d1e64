import unittest

from tools.lint.rules import guard_rule
from tools.lint.rules.samples import RuleTest

GOOD = """
    // A status.
    #ifndef TIDELOG_WAL_STATUS_H_
    #define TIDELOG_WAL_STATUS_H_

    #include <string>

    #endif  // TIDELOG_WAL_STATUS_H_
    """


class GuardRuleTest(RuleTest):

    def test_the_path_as_guard_is_fine(self):
        self.assert_clean(guard_rule.check, "wal/status.h", GOOD)

    def test_the_guard_of_another_path_is_found(self):
        bad = GOOD.replace("#ifndef TIDELOG_WAL_STATUS_H_", "#ifndef TIDELOG_WAL_STATUS_H_  // BAD")
        self.assert_finds(guard_rule.check, "wal/types.h", bad)

    def test_no_guard_is_found(self):
        self.assert_finds(guard_rule.check, "wal/status.h", "#pragma once  // BAD\n")

    def test_an_unnamed_end_is_found(self):
        self.assert_finds(guard_rule.check, "wal/status.h",
                          GOOD.replace("#endif  // TIDELOG_WAL_STATUS_H_", "#endif  // BAD"))

    def test_sources_need_none(self):
        self.assert_clean(guard_rule.check, "wal/status.cc", "int x;\n")


if __name__ == "__main__":
    unittest.main()
