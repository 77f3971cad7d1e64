"""The simulator as its users meet it: from a failure to a test, and what it says of a bad call."""

import json
import os
import re
import subprocess
import tempfile
import unittest

PLAIN = os.path.abspath(os.environ["SIMULATOR"])
WITH_MUTANTS = os.path.abspath(os.environ["SIMULATOR_WITH_MUTANTS"])

FINE, NOT_MET, USAGE, CORRECTNESS = 0, 1, 2, 20

MUTANT = "unknown-told-not-done"


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def seal(record):
    """The text of a record with the checksum that it should have."""
    record.pop("checksum", None)
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    record["checksum"] = f"{crc32c(text.encode()):08x}"
    return json.dumps(record)


class SimulatorTest(unittest.TestCase):
    # A run of a planted bug, found once for all tests.
    found = None
    text = ""

    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.kept.cleanup)
        cls.found = cls.simulate("run", "--seeds", "1..5000", "--config", "file",
                                 "--mutant", MUTANT, "--checkers", "durability",
                                 "--failures-max", "1", "--dir", "kept", cwd=cls.kept.name)
        name = re.search(r"tools/simulate replay (\S+)", cls.found.stdout).group(1)
        with open(os.path.join(cls.kept.name, name), encoding="utf-8") as record:
            cls.text = record.read()

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = scratch.name
        self.write("good.json", self.text)

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as out:
            out.write(text)

    def read(self, name):
        with open(os.path.join(self.dir, name), encoding="utf-8") as text:
            return text.read()

    @staticmethod
    def simulate(*args, program=WITH_MUTANTS, cwd=None, revision="0123abcd"):
        return subprocess.run([program, *args], capture_output=True, check=False, text=True,
                              timeout=600, cwd=cwd, env={"TIDELOG_REVISION": revision})

    def run_here(self, *args, **kwargs):
        return self.simulate(*args, cwd=self.dir, **kwargs)

    def complains(self, words, *args, **kwargs):
        """One sentence that names the thing and the way out."""
        done = self.run_here(*args, **kwargs)
        self.assertEqual(done.returncode, USAGE, (args, done.stdout, done.stderr))
        self.assertEqual(done.stderr.count("\n"), 1, (args, done.stderr))
        self.assertTrue(done.stderr.startswith("simulate: "), (args, done.stderr))
        for word in words:
            self.assertIn(word, done.stderr, args)
        self.assertEqual(done.stdout, "", args)

    def changed(self, **fields):
        record = json.loads(self.text)
        record.update(fields)
        self.write("changed.json", seal(record))


class FromAFailureToATestTest(SimulatorTest):
    def test_run_names_the_seed_the_signature_and_the_replay(self):
        self.assertEqual(self.found.returncode, CORRECTNESS, self.found.stderr)
        self.assertRegex(self.found.stdout,
                         r"seed \d+: durability/[a-z-]+: .*tools/simulate replay ")
        self.assertEqual(json.loads(self.text)["mutant"], MUTANT)

    def test_replay_makes_the_same_run(self):
        done = self.run_here("replay", "good.json")
        self.assertEqual(done.returncode, CORRECTNESS, done.stdout + done.stderr)
        self.assertIn("as recorded; trace ", done.stdout)
        self.assertNotIn("recorded was", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_a_record_of_another_build_is_run_and_said_to_be_one(self):
        done = self.run_here("replay", "good.json", revision="4567cdef")
        self.assertEqual(done.returncode, CORRECTNESS, done.stdout + done.stderr)
        self.assertIn("recorded by revision 0123abcd", done.stderr)
        self.assertIn("this is revision 4567cdef", done.stderr)

    def test_shrink_leaves_little_that_fails_alike(self):
        before = json.loads(self.text)
        done = self.run_here("shrink", "good.json", "--runs", "1500")
        self.assertEqual(done.returncode, FINE, done.stdout + done.stderr)
        after = json.loads(self.read("good.shrunk.json"))
        self.assertEqual(after["verdict"]["signature"], before["verdict"]["signature"])
        self.assertEqual(after["mutant"], MUTANT)
        self.assertLess(len(after["plan"]["operations"]), len(before["plan"]["operations"]))
        replayed = self.run_here("replay", "good.shrunk.json")
        self.assertEqual(replayed.returncode, CORRECTNESS, replayed.stdout)
        self.assertIn("as recorded", replayed.stdout)

    def test_explain_tells_the_story_and_ends_with_the_violation(self):
        done = self.run_here("explain", "good.json")
        self.assertEqual(done.returncode, FINE, done.stderr)
        self.assertIn("durability/", done.stdout)
        self.assertGreater(done.stdout.count("\n"), 10)

    def test_view_writes_a_page(self):
        done = self.run_here("view", "good.json")
        self.assertEqual(done.returncode, FINE, done.stderr)
        self.assertIn("good.html", done.stdout)
        self.assertIn("</html>", self.read("good.html"))

    def test_to_test_prints_a_test_that_plants_the_bug(self):
        self.run_here("shrink", "good.json", "--runs", "1500", "--out", "small.json")
        done = self.run_here("to-test", "small.json", program=PLAIN)
        self.assertEqual(done.returncode, FINE, done.stderr)
        self.assertIn("TEST(RecordedRunTest, ", done.stdout)
        self.assertIn(f'PlantMutant("{MUTANT}")', done.stdout)

    def test_hashes_are_a_line_a_seed_and_the_same_again(self):
        first = self.run_here("run", "--seeds", "1..20", "--config", "calm", "--hashes", "--twice")
        again = self.run_here("run", "--seeds", "1..20", "--config", "calm", "--hashes",
                              "--workers", "1")
        self.assertEqual(first.returncode, FINE, first.stdout)
        lines = first.stdout.splitlines()
        self.assertEqual(lines[:-1], again.stdout.splitlines()[:-1])
        for seed, line in enumerate(lines[:-1], 1):
            self.assertRegex(line, rf"^{seed} [0-9a-f]{{16}}$")
        self.assertRegex(lines[-1], r"^20 seeds, 0 failures, \d+ events, \d+ events/s$")

    def test_mutants_are_hunted(self):
        done = self.run_here("mutants", "--only", MUTANT)
        self.assertEqual(done.returncode, FINE, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"\| {MUTANT} \| .* \| killed \| \d+ \| ")
        done = self.run_here("mutants", "--only", "directory-not-synced", "--seeds", "1")
        self.assertEqual(done.returncode, NOT_MET, done.stdout + done.stderr)
        self.assertIn("survived", done.stdout)

    def test_what_a_mutant_is_not_found_without_is_told(self):
        done = self.run_here("mutants", "--ablation", "--only", MUTANT, "--seeds", "200")
        self.assertEqual(done.returncode, FINE, done.stdout + done.stderr)
        self.assertEqual(done.stdout, f"{MUTANT}, 200 seeds: needs durability\n")
        done = self.run_here("mutants", "--ablation", "--only", "segment-listed-before-synced",
                             "--seeds", "200")
        self.assertRegex(done.stdout, "needs .*machine_crash")
        done = self.run_here("mutants", "--ablation", "--only", "until-exclusive")
        self.assertIn(" needs none of them alone\n", done.stdout)
        self.assertEqual(os.listdir(self.dir), ["good.json"])

    def test_help_names_every_command_and_exit_code(self):
        text = self.run_here("--help").stdout
        for command in ("run", "replay", "shrink", "explain", "to-test", "view", "campaign",
                        "coverage", "bench", "mutants"):
            self.assertRegex(text, rf"(?m)^  {command} ")
        self.assertRegex(text.replace("\n", " "), r"0 fine.*1 .*2 usage.* 20 .* 21 .* 22 .* 23 ")


class CoverageGateTest(SimulatorTest):
    def test_all_is_seen_of_what_there_is_to_see(self):
        for config in ("default", "hostile"):
            done = self.run_here("coverage", "--config", config)
            self.assertEqual(done.returncode, FINE, done.stdout)
            self.assertNotIn("missed", done.stdout)

    def test_a_campaign_without_faults_does_not_see_what_faults_do(self):
        done = self.run_here("coverage", "--config", "calm")
        self.assertEqual(done.returncode, NOT_MET, done.stdout)
        self.assertIn("missed: process crashed: in less than one run of 2000", done.stdout)
        self.assertNotIn("missed: append done", done.stdout)


class BadInputTest(SimulatorTest):
    def test_a_call_that_is_none(self):
        self.complains(["--help"])
        self.complains(["juggle", "--help"], "juggle")
        self.complains(["--jobs", "--help"], "run", "--seeds", "1..2", "--jobs")
        self.complains(["--seeds"], "run")
        self.complains(["--seeds"], "run", "--seeds=")
        self.complains(["--dir"], "run", "--seeds", "1", "--dir=")
        self.complains(["file"], "replay")
        self.complains(["other.json"], "replay", "good.json", "other.json")

    def test_a_range_that_is_none(self):
        too_large = "1..99999999999999999999"
        for text in ("x", "1..", "..9", "1...5", "-1..5", "1-5", "1.5", too_large):
            self.complains(["range of seeds", "1..1000"], "run", f"--seeds={text}")
        self.complains(["range of seeds 9..3 is empty", "smaller first"], "run", "--seeds", "9..3")
        self.complains(["--trace is for one seed", "are 2"], "run", "--seeds", "1..2", "--trace")
        self.complains(["range of seeds"], "coverage", "--seeds", "many")

    def test_a_name_that_is_unknown(self):
        seeds = ("run", "--seeds", "1..2")
        self.complains(["preset odd", "hostile"], *seeds, "--config", "odd")
        self.complains(["preset odd", "hostile"], "bench", "--config", "odd")
        self.complains(['checker "odd"', "durability"], *seeds, "--checkers", "odd")
        self.complains(['mutant "odd"', MUTANT], *seeds, "--mutant", "odd")
        self.complains(['mutant "odd"', MUTANT], "mutants", "--only", "odd")

    def test_mutants_in_a_build_without_them(self):
        way_out = ["built without mutants", "tools/simulate"]
        self.complains(way_out, "mutants", program=PLAIN)
        self.complains(way_out, "mutants", "--ablation", program=PLAIN)
        self.complains(way_out, "run", "--seeds", "1", "--mutant", MUTANT, program=PLAIN)
        self.complains(["record good.json", *way_out], "replay", "good.json", program=PLAIN)

    def test_a_number_that_is_none(self):
        seeds = ("run", "--seeds", "1..2")
        self.complains(["0 workers", "1 to 64"], *seeds, "--workers", "0")
        self.complains(["65 workers", "1 to 64"], *seeds, "--workers", "65")
        self.complains(["--workers", "many"], *seeds, "--workers", "many")
        self.complains(["--failures-max"], *seeds, "--failures-max", "0")
        self.complains(["--minutes"], "campaign", "--minutes", "0")
        self.complains(["--minutes", "soon"], "campaign", "--minutes", "soon")
        self.complains(["--first"], "campaign", "--first", "-1")
        self.complains(["--seconds"], "bench", "--seconds", "-1")
        self.complains(["--runs"], "shrink", "good.json", "--runs", "0")
        self.complains(["--minutes"], "shrink", "good.json", "--minutes", "-3")
        self.complains(["--seeds"], "mutants", "--seeds", "0")

    def test_a_file_that_is_no_record(self):
        self.write("empty.json", "")
        self.write("noise.json", "\x01\x02 noise")
        self.write("other.json", '{"version": 3}')
        for command in ("replay", "shrink", "explain", "to-test", "view"):
            self.complains(["gone.json", "No such file"], command, "gone.json")
            self.complains([self.dir, "no file"], command, self.dir)
            self.complains(["empty.json", "is empty"], command, "empty.json")
            self.complains(["noise.json", "no JSON"], command, "noise.json")
            self.complains(["other.json", "no record"], command, "other.json")

    def test_a_record_that_was_changed(self):
        self.write("cut.json", self.text[:len(self.text) // 2])
        self.complains(["cut.json", "truncated"], "replay", "cut.json")
        events = json.loads(self.text)["trace"]["events"]
        self.write("edited.json", self.text.replace(f'"events":{events}', f'"events":{events + 1}'))
        self.complains(["edited.json", "edited or damaged"], "replay", "edited.json")
        self.changed(schema=2)
        self.complains(["changed.json", "schema 2", "reads 1"], "replay", "changed.json")
        self.changed(checkers=["odd"])
        self.complains(["changed.json", 'checker "odd"', "durability"], "replay", "changed.json")
        self.changed(mutant="odd")
        self.complains(["changed.json", 'mutant "odd"', MUTANT], "replay", "changed.json")
        self.changed(plan={"seed": 1})
        self.complains(["changed.json"], "replay", "changed.json")

    def test_a_place_that_cannot_be_written(self):
        self.write("file", "")
        seeds = ("run", "--seeds", "1..2", "--config", "calm")
        for directory in ("no/such/place", "file", "/proc/here"):
            self.complains([f"directory {directory}", "--dir"], *seeds, f"--dir={directory}")
        self.complains(["no/page.html"], "view", "good.json", "--out", "no/page.html")
        self.complains(["no/story"], "explain", "good.json", "--out", "no/story")
        self.complains(["no/test.cc"], "to-test", "good.json", "--out", "no/test.cc")

    def test_a_record_that_does_not_fail_is_not_shrunk(self):
        record = json.loads(self.text)
        del record["mutant"]
        record["plan"]["faults"] = []
        record["plan"]["operations"] = record["plan"]["operations"][:1]
        self.write("fine.json", seal(record))
        done = self.run_here("shrink", "fine.json")
        self.assertEqual(done.returncode, NOT_MET, done.stdout)
        self.assertIn("nothing to shrink", done.stdout)


if __name__ == "__main__":
    unittest.main()
