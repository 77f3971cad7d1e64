import unittest

from tools.lint.rules import size_rule
from tools.lint.rules.samples import RuleTest, source


def function_of(lines):
    return "int Foo::Bar(int x) const {\n" + "  x();\n" * (lines - 2) + "}\n"


class SizeRuleTest(RuleTest):

    def test_everything_at_its_limit_is_fine(self):
        self.assert_clean(size_rule.check, "wal/a.cc", "x" * 100 + "\n")
        self.assert_clean(size_rule.check, "wal/a.h", "\n" * 200)
        self.assert_clean(size_rule.check, "wal/a.cc", "\n" * 700)
        self.assert_clean(size_rule.check, "wal/a.cc", function_of(70) + function_of(70))

    def test_a_long_line_is_found(self):
        self.assert_finds(size_rule.check, "wal/a.cc", "int x;\n// BAD " + "x" * 100 + "\n")

    def test_a_long_address_is_fine(self):
        self.assert_clean(size_rule.check, "wal/a.cc", "// https://" + "x" * 100 + "\n")

    def test_a_long_header_is_found(self):
        self.assert_lines(size_rule.check(source("wal/a.h", "int x;\n" * 201)), [201])

    def test_a_long_source_is_warned_of_and_then_found(self):
        self.assert_lines(size_rule.warnings(source("wal/a.cc", "int x;\n" * 501)), [501])
        self.assert_lines(size_rule.check(source("wal/a.cc", "int x;\n" * 701)), [701])

    def test_a_long_function_is_found(self):
        self.assert_lines(size_rule.check(source("wal/a.cc", function_of(71))), [1])

    def test_a_long_method_in_a_class_is_found(self):
        text = "namespace a {\nclass B : public C {\n public:\n" + function_of(71) + "};\n}\n"
        self.assert_lines(size_rule.check(source("wal/a.cc", text)), [4])

    def test_a_long_constructor_and_a_long_test_are_found(self):
        for head in ("Foo::Foo(int x) : x_{x}, y_(x) {\n", "TEST_F(Foo, Bars) {\n",
                     "template <typename T>\nauto F(T t) -> std::vector<T> {\n"):
            text = head + "  x();\n" * 70 + "}\n"
            found = list(size_rule.check(source("wal/a.cc", text)))
            self.assertEqual(len(found), 1, head)

    def test_a_long_table_is_fine(self):
        text = "constexpr Case kCases[] = {\n" + "    {F(1), 2},\n" * 80 + "};\n"
        self.assert_clean(size_rule.check, "wal/a.cc", text)
        self.assert_clean(size_rule.check, "wal/a.cc", "enum class A {\n" + "  kB,\n" * 80 + "};\n")


if __name__ == "__main__":
    unittest.main()
