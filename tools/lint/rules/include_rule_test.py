import unittest

from tools.lint.rules import include_rule
from tools.lint.rules.samples import RuleTest, source


class IncludeRuleTest(RuleTest):

    def find(self, *files):
        return list(include_rule.check_tree([source(path, text) for path, text in files]))

    def test_what_is_named_must_be_included(self):
        found = self.find(("wal/a.cc", """
            #include <vector>

            std::vector<int> F(std::optional<int> a);
            std::optional<int> Told(int b);
            absl::Status G() { return absl::StrCat("a"); }
            uint64_t H();
            """))
        self.assert_lines(found, [3, 5, 6])
        self.assertIn("std::optional is of optional", str(found[0]))

    def test_a_header_of_ours_may_include_it(self):
        self.assert_lines(self.find(
            ("wal/a.h", "#include <vector>\n#include \"absl/status/statusor.h\"\n"),
            ("wal/b.h", "#include \"wal/a.h\"\n#include \"wal/c.h\"\n"),
            ("wal/c.h", "#include \"wal/b.h\"\n"),
            ("wal/d.cc", "#include \"wal/c.h\"\nstd::vector<int> A();\nabsl::Status B();\n")), [])

    def test_comments_texts_and_longer_names_do_not_count(self):
        self.assert_lines(self.find(("wal/a.cc", """
            // std::vector
            const char* a = "std::vector";
            Status b = other::absl::StrCat(std::vectors, x.CHECK, MY_CHECK(1));
            """)), [])


if __name__ == "__main__":
    unittest.main()
