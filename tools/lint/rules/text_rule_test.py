import unittest

from tools.lint.rules import text_rule
from tools.lint.rules.samples import RuleTest, source

# In pieces, so that this file does not say them.
SLASH = "/"
NOTE = "TO" + "DO"


class TextRuleTest(RuleTest):

    def test_paths_of_a_machine_are_found(self):
        for path in (f"{SLASH}root{SLASH}x", f"{SLASH}home{SLASH}me", f"{SLASH}work{SLASH}main"):
            self.assert_finds(text_rule.check, "wal/a.cc", f"// fine\n// BAD: {path}\n")

    def test_paths_of_every_machine_are_fine(self):
        for path in (f"{SLASH}usr{SLASH}lib", f"sim{SLASH}work{SLASH}x", f"$X{SLASH}home{SLASH}x"):
            self.assert_clean(text_rule.check, "wal/a.cc", f"// fine: {path}\n")

    def test_a_note_to_oneself_is_found(self):
        self.assert_finds(text_rule.check, "wal/a.cc", f"// {NOTE}(#12): fine\n// {NOTE}: BAD\n")
        self.assert_finds(text_rule.check, "wal/a.cc", "// FIX" + "ME BAD\n")

    def test_white_space_is_found(self):
        self.assert_finds(text_rule.check, "wal/a.cc", "int x;\nint y; // BAD \n")
        self.assert_finds(text_rule.check, "wal/a.cc", "int x;\n\tint y; // BAD\n")
        self.assert_finds(text_rule.check, "wal/a.cc", "int x;\nint y;  // BAD")


class MarkdownTest(RuleTest):

    def check(self, source_file):
        return text_rule.check_markdown(source_file, {"wal/doc/a.md", "wal/wal.h"})

    def test_one_title_and_links_that_lead_somewhere_are_fine(self):
        self.assert_clean(self.check, "wal/doc/a.md", """
            # Title

            See [the header](../wal.h), [the directory](..), [the web](https://example.com/x),
            [this page](#section) and `[no](link)`.

            ## Section

            ```
            # no title
            ```
            """)

    def test_two_titles_are_found(self):
        self.assert_finds(self.check, "wal/doc/a.md", "# Title\n\n# BAD\n")

    def test_no_title_is_found(self):
        self.assert_lines(self.check(source("wal/doc/a.md", "Text.\n")), [1])

    def test_a_dead_link_is_found(self):
        self.assert_finds(self.check, "wal/doc/a.md", "# Title\n\n[BAD](wal.h)\n")


if __name__ == "__main__":
    unittest.main()
