"""What the tests of the rules share."""
import textwrap
import unittest

from tools.lint import tree


def source(path, text):
    return tree.SourceFile(path, textwrap.dedent(text).lstrip("\n"))


class RuleTest(unittest.TestCase):
    """Compares the lines that a rule finds with those that say BAD."""

    def assert_finds(self, check, path, text):
        """Each line of `text` that says BAD is found, and no other."""
        sample = source(path, text)
        expected = [n for n, line in enumerate(sample.lines, 1) if "BAD" in line]
        self.assert_lines(check(sample), expected)

    def assert_lines(self, findings, expected):
        findings = list(findings)
        self.assertEqual(sorted({f.line for f in findings}), expected,
                         "\n".join(str(f) for f in findings))

    def assert_clean(self, check, path, text):
        self.assert_lines(check(source(path, text)), [])
