"""The program as tools/bench calls it: what it prints, and what it says to bad input."""
import json
import math
import os
import resource
import signal
import subprocess
import tempfile
import unittest

from tools.benchmark import result, tables

BENCHMARK = os.path.abspath(os.environ["BENCHMARK"])
FINE, FAILED, USAGE = 0, 1, 2


def run(*args, cwd=None):
    return subprocess.run([BENCHMARK, *args], capture_output=True, check=False, text=True,
                          timeout=120, cwd=cwd)


def limit_files(size):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class BenchmarkTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = os.path.join(temporary.name, "empty")
        os.mkdir(self.dir)

    def complains(self, words, *args, cwd=None):
        """One sentence that names the thing and the way out."""
        done = run(*args, cwd=cwd)
        self.assertEqual(done.returncode, USAGE, (args, done.stdout, done.stderr))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("bench: "), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr, args)
        self.assertEqual(done.stdout, "", args)

    def test_prints_rows_that_the_tables_understand_and_leaves_nothing_behind(self):
        done = run("--dir", self.dir, "--work", "append,batch,idle", "--subject", "file,lmdb",
                   "--payload", "1000", "--pairs", "1", "--slice", "5", "--quick",
                   "--keep-spoiled")
        self.assertEqual(done.returncode, FINE, done.stderr)
        self.assertEqual(done.stderr, "")
        rows = {(row["work"], row["subject"], row["payload"], row["in_flight"]): row
                for row in json.loads(done.stdout)["rows"]}
        row = rows["append", "file", 1000, 64]
        self.assertGreater(row["ratio_to_raw"], 0)
        self.assertTrue(math.isfinite(row["median"]))
        self.assertIs(row["durable"], True)
        row = rows["batch", "file", 1000, 1]
        self.assertEqual((row["best_peer"], row["batch"]), ("lmdb", 64))
        self.assertIn(("idle_cpu", "file", 0, 0), rows)
        text = tables.text(result.parse(done.stdout))
        self.assertIn("Append, 1024 in flight", text)
        self.assertIn("append does not have lmdb", text)
        self.assertEqual(os.listdir(self.dir), [])

    def test_a_call_that_is_none(self):
        self.complains(["--dir"])
        self.complains(["--fast", "--help"], "--dir", self.dir, "--fast")
        self.complains(["walk", "append"], "--dir", self.dir, "--work", "walk")
        self.complains(["paper", "rocksdb"], "--dir", self.dir, "--subject", "file,paper")
        for payload in ("0", "2000000", "many", "-1"):
            self.complains([payload], "--dir", self.dir, f"--payload={payload}")
        self.complains(["--pairs"], "--dir", self.dir, "--pairs", "0")
        self.complains(["--slice"], "--dir", self.dir, "--slice", "0")

    def test_a_place_where_nothing_can_be_measured(self):
        self.complains(["no/place is not a directory", "--dir"], "--dir", "no/place")
        with open(os.path.join(self.dir, "file"), "w", encoding="utf-8"):
            pass
        self.complains([self.dir, "is not empty", "--dir"], "--dir", self.dir)
        self.complains(["is not a directory"], "--dir", os.path.join(self.dir, "file"))

    def test_a_place_that_cannot_be_written_to(self):
        # Nothing can be made in a directory that is removed already, whoever tries.
        here = os.path.join(self.dir, "gone")
        os.mkdir(here)
        command = f'rmdir "$PWD" && exec "{BENCHMARK}" --dir .'
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False,
                              text=True, timeout=60, cwd=here)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertRegex(done.stderr, r"^bench: \. .*: choose another directory by --dir\n$")

    def test_a_place_that_stores_nothing(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
            self.complains([memory, "tmpfs", "stores nothing", "--dir"], "--dir", memory)

    def test_a_disk_that_takes_no_more(self):
        # Its first file is longer than a file may get here.
        done = subprocess.run([BENCHMARK, "--dir", self.dir, "--work", "append"],
                              capture_output=True, check=False, text=True, timeout=60,
                              preexec_fn=lambda: limit_files(1 << 20))
        self.assertEqual((done.returncode, done.stdout), (FAILED, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Abench: fill .*: File too large.*--dir\n\Z")
        self.assertIn(self.dir, done.stderr)
        self.assertEqual(os.listdir(self.dir), [])

    def test_help_names_every_option(self):
        text = run("--help").stdout
        for option in ("--dir", "--quick", "--work", "--subject", "--payload", "--pairs", "--slice",
                       "--keep-spoiled"):
            self.assertIn(option, text)


if __name__ == "__main__":
    unittest.main()
