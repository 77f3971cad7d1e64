import unittest

from tools.lint import build_files, dependencies
from tools.lint.tree import SourceFile

TABLE = dependencies.parse_table("""
# room   may depend on       may be seen by
wal      -                   public
walimpls wal                 public
registry wal walimpls        public
adaptor  wal walimpls        //:composition_root //:tests_and_tools
impls    wal walimpls        //:composition_root //:tests_and_tools
sim      wal adaptor impls   //:tests_and_tools
tools    wal sim :node
:node    wal adaptor impls   public
target impls/*:register may depend on registry
target sim:core may be seen by public
library rocksdb may be used by tools/benchmark tools/third_party
""")


def findings_in(package, text):
    path = f"{package}/BUILD.bazel".lstrip("/")
    targets = build_files.targets_of(SourceFile(path, text))
    return dependencies.check(targets, TABLE)


def library(deps, **attributes):
    rest = "".join(f", {k} = {v!r}" for k, v in attributes.items())
    return f"cc_library(name = 'a', deps = {deps!r}{rest})\n"


class DependenciesTest(unittest.TestCase):

    def assert_found(self, package, text, *words):
        found = findings_in(package, text)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0].text)

    def assert_clean(self, package, text):
        self.assertEqual(findings_in(package, text), [])

    def test_arrows_of_the_table_are_fine(self):
        self.assert_clean("walimpls", library(["//wal:status", "@com_google_absl//absl/status"]))
        self.assert_clean("impls/file", library(["//walimpls", ":b", "//impls/file/io:c"]))
        self.assert_clean("adaptor/interceptors/lock", library(["//adaptor:chain", "//wal"]))
        self.assert_clean("", library(["//adaptor", "//impls/file"]))
        self.assert_clean("tools/walctl", library(["//sim:a", "//wal", "//:node"]))

    def test_arrows_that_the_table_lacks_are_found(self):
        for package, label in (("wal", "//walimpls"), ("walimpls", "//registry"),
                               ("adaptor", "//impls/file"), ("impls/file", "//adaptor"),
                               ("impls/file", "//registry"), ("registry", "//impls/file:register"),
                               ("wal/async", "//sim/faults:disk"), ("adaptor", "//tools/lint:a")):
            self.assert_found(package, library([label]), label)

    def test_backends_do_not_see_one_another(self):
        self.assert_found("impls/file", library(["//impls/memory"]), "impls/memory")

    def test_an_arrow_inside_a_select_is_found(self):
        text = ("cc_library(name = 'a', deps = [':b'] + select({':c': ['//impls/file'], "
                "'//conditions:default': []}))".replace("//conditions:default", ":d"))
        self.assert_found("adaptor", text, "//impls/file")

    def test_only_the_register_target_sees_the_registry(self):
        text = library(["//registry"]).replace("'a'", "'register'")
        self.assert_clean("impls/file", text)

    def test_every_test_may_run_on_the_simulator_core_and_no_product_may(self):
        text = library(["//sim:core"])
        self.assert_clean("wal", text.replace("cc_library", "cc_test"))
        self.assert_found("wal", text, "//sim:core")

    def test_a_library_for_one_package_is_for_no_other(self):
        for label in ("@rocksdb", "@rocksdb//:rocksdb"):
            self.assert_clean("tools/benchmark", library([label]))
            self.assert_clean("tools/benchmark/subject", library([label, "@leveldb"]))
            self.assert_found("tools/walctl", library([label]), label, "tools/benchmark")
            self.assert_found("tools/benchmarks", library([label]), label)
            self.assert_found("impls/file", library([label]), label)

    def test_a_widened_view_is_found(self):
        for label in ("//visibility:public", "//:framework", "//adaptor:__subpackages__"):
            self.assert_found("impls/file", library([], visibility=[label]), label)
        self.assert_found("tools/walctl", library([], visibility=["//sim:__pkg__"]), "nobody")

    def test_views_of_the_table_and_within_a_room_are_fine(self):
        for label in ("//:tests_and_tools", "//:composition_root", "//visibility:private",
                      "//impls/file:__subpackages__", "//sim/workloads:__pkg__"):
            self.assert_clean("impls/file", library([], visibility=[label]))
        self.assert_clean("wal", library([], visibility=["//visibility:public"]))

    def test_a_condition_has_no_view(self):
        self.assert_clean("tools/harness", "config_setting(name = 'tsan', "
                          "visibility = ['//visibility:public'])\n")

    def test_what_is_for_tests_says_so(self):
        self.assert_found("sim", library([]), "default_testonly")
        self.assert_found("walimpls/testing", library([]), "default_testonly")
        self.assert_clean("sim", "package(default_testonly = True)\n" + library([]))
        self.assert_clean("walimpls/testing", library([], testonly=True))

    def test_a_room_that_the_table_does_not_know_is_found(self):
        self.assert_found("attic", library([]), "attic")


if __name__ == "__main__":
    unittest.main()
