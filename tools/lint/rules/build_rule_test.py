import unittest

from tools.lint.rules import build_rule
from tools.lint.rules.samples import RuleTest, source

GOOD = """
    load("@rules_cc//cc:cc_library.bzl", "cc_library")

    package(
        default_visibility = ["//visibility:private"],
        features = ["layering_check"],
    )

    cc_library(
        name = "a",
        srcs = ["a.cc"],
        visibility = ["//visibility:public"],
    )
    """


class BuildRuleTest(RuleTest):

    def test_a_private_package_with_checked_layers_is_fine(self):
        self.assert_clean(build_rule.check, "wal/BUILD.bazel", GOOD)

    def test_public_by_default_is_found(self):
        bad = GOOD.replace("visibility:private", "visibility:public")
        self.assert_lines(build_rule.check(build_file(bad)), [1])

    def test_no_default_is_found(self):
        self.assert_lines(build_rule.check(build_file("exports_files(['a'])\n")), [1])

    def test_unchecked_layers_are_found(self):
        self.assert_lines(build_rule.check(build_file(GOOD.replace("layering_check", ""))), [1])

    def test_flags_are_found(self):
        bad = GOOD.replace("srcs", 'copts = ["-O3"],\n        srcs')
        self.assertIn("copts", [f.text for f in build_rule.check(build_file(bad))][0])

    def test_a_crowd_of_sources_is_found(self):
        crowd = ", ".join(f'"{n}.cc"' for n in range(11))
        self.assert_lines(build_rule.check(build_file(GOOD.replace('"a.cc"', crowd))), [8])

    def test_the_old_file_name_is_found(self):
        self.assert_lines(build_rule.check(source("wal/BUILD", GOOD)), [1])

    def test_a_forgotten_file_is_found(self):
        files = [build_file(GOOD), source("wal/a.cc", ""), source("wal/b.cc", ""),
                 source("wal/c/d.h", "")]
        self.assertEqual([f.path for f in build_rule.check_tree(files)], ["wal/b.cc", "wal/c/d.h"])


def build_file(text):
    return source("wal/BUILD.bazel", text)


if __name__ == "__main__":
    unittest.main()
