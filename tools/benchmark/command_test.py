"""tools/bench itself: what it refuses before it builds anything, and what it shows again."""
import glob
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from tools.benchmark import sample_result

FINE, USAGE = 0, 2


class CommandTest(unittest.TestCase):
    def setUp(self):
        # A copy: the script looks for its modules behind the symbolic links of a test's files.
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        os.makedirs(os.path.join(self.root, "tools/benchmark"))
        for path in ["tools/bench", *glob.glob("tools/benchmark/*.py")]:
            shutil.copy(path, os.path.join(self.root, path))
        self.result = self.path("result.json")
        with open(self.result, "w", encoding="utf-8") as f:
            json.dump(sample_result.make(), f)

    def path(self, name):
        return os.path.join(self.root, name)

    def run_bench(self, *args):
        return subprocess.run([self.path("tools/bench"), *args], capture_output=True, check=False,
                              text=True, timeout=60)

    def complains(self, words, *args):
        """One sentence that names the thing, and nothing else."""
        done = self.run_bench(*args)
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""), (args, done.stderr))
        self.assertRegex(done.stderr, r"\Abench: .*\n\Z")
        for word in words:
            self.assertIn(word, done.stderr, args)

    def test_refuses_a_place_before_it_builds(self):
        self.complains([self.path("none"), "--dir"], "--dir", self.path("none"))
        self.complains([self.result, "--dir"], "--dir", self.result)
        self.complains(["--dir", "--help"], "--dir")
        self.complains(["--dir", "--help"], "--dir", "")

    def test_refuses_a_page_that_it_could_not_write(self):
        self.complains([self.path("none/page.html")], "--html", self.path("none/page.html"))
        self.complains([self.root], "--html", self.root)

    def test_refuses_to_show_what_is_no_result(self):
        self.complains([self.path("none")], "--show", self.path("none"))
        self.complains(["no JSON"], "--show", self.path("tools/bench"))
        self.complains(["--show"], "--show", self.result, "--quick")

    def test_shows_a_result_again_and_as_a_page(self):
        page = self.path("page.html")
        done = self.run_bench("--show", self.result, "--html", page)
        self.assertEqual((done.returncode, done.stderr), (FINE, ""))
        self.assertIn("Append, 64 in flight (more is better)", done.stdout)
        with open(page, encoding="utf-8") as f:
            self.assertIn("<svg", f.read())
        done = self.run_bench("--show", self.result, "--json")
        self.assertEqual(json.loads(done.stdout), sample_result.make())

    def test_help_names_every_option(self):
        done = self.run_bench("--help")
        self.assertEqual(done.returncode, FINE)
        for option in ("--quick", "--json", "--markdown", "--html", "--dir", "--show", "--work"):
            self.assertIn(option, done.stdout)


if __name__ == "__main__":
    unittest.main()
