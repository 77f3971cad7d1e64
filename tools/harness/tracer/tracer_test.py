"""The tracer holds a real program where it was told, all its threads, and lets it go on."""

import os
import subprocess
import tempfile
import unittest

TRACER, WALCTL = (os.path.abspath(os.environ[name]) for name in ("TRACER", "WALCTL"))
LINES = 300


class TracerTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.base = os.path.realpath(temporary.name)
        self.dir = os.path.join(self.base, "log")
        self.input, self.output, self.errors = (os.path.join(self.base, name)
                                                for name in ("input", "output", "errors"))
        with open(self.input, "w", encoding="ascii") as out:
            out.writelines(f"line {i} {'x' * 300}\n" for i in range(LINES))

    def start(self, *flags, command=None):
        append = [WALCTL, "append", "--dir", self.dir, "--channel", "c", "--json", "--set",
                  "segment_bytes=65536"]
        tracer = subprocess.Popen(
            [TRACER, "--log", self.dir, *flags, "--input", self.input, "--output", self.output,
             "--errors", self.errors, "--", *(command or append)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.communicate)
        return tracer

    def hold(self, place):
        """Starts an append, and waits until it is held; the tracer, and the program's id."""
        tracer = self.start("--hold", place)
        word, pid = tracer.stdout.readline().split()
        self.assertEqual(word, "held")
        return tracer, int(pid)

    def go_on(self, tracer):
        said, _ = tracer.communicate("go\n", timeout=60)
        self.assertEqual(tracer.returncode, 0)
        self.assertEqual(said.splitlines()[-1], "exited 0")
        with open(self.output, encoding="ascii") as acks:
            self.assertEqual(len(acks.readlines()), LINES)

    def names(self, what):
        place = os.path.join(self.dir, "c")
        return [name for name in os.listdir(place) if what in name]

    def read(self, name):
        with open(os.path.join(self.dir, "c", name), "rb") as file:
            return file.read()


class HoldTest(TracerTest):
    def test_before_a_call_it_is_not_done(self):
        tracer, _ = self.hold("before:link:manifest:1")
        self.assertEqual(self.names("manifest"), [])
        self.go_on(tracer)

    def test_behind_a_call_it_is_done(self):
        tracer, _ = self.hold("behind:link:manifest:1")
        self.assertEqual(len(self.names("manifest")), 1)
        self.go_on(tracer)

    def test_the_number_counts_calls_of_the_kind(self):
        tracer, _ = self.hold("before:link:manifest:2")
        self.assertEqual([name[-2:] for name in self.names("manifest")], ["01"])
        self.go_on(tracer)

    def test_a_call_that_may_make_its_file_is_of_a_kind_of_its_own(self):
        tracer, _ = self.hold("before:openat:create:segment:1")
        self.assertEqual(self.names(".seg"), [])
        self.go_on(tracer)

    def test_every_thread_is_held(self):
        tracer, pid = self.hold("behind:pwritev:segment:6")
        states = set()
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii") as stat:
                states.add(stat.read().rsplit(")", 1)[1].split()[0])
        self.assertEqual(states, {"t"})
        self.assertGreater(len(os.listdir(f"/proc/{pid}/task")), 1)
        self.go_on(tracer)

    def test_a_program_that_never_gets_there_runs_to_its_end(self):
        tracer = self.start("--hold", "before:rmdir:segment:1")
        said, _ = tracer.communicate(timeout=60)
        self.assertNotIn("held", said)
        self.assertTrue(said.endswith("exited 0\n"), said)


class SeenTest(TracerTest):
    def test_kinds_are_counted(self):
        tracer = self.start()
        said, _ = tracer.communicate(timeout=60)
        seen = {tuple(line.split()[1:3]): int(line.split()[3])
                for line in said.splitlines() if line.startswith("seen ")}
        segments = len(self.names(".seg"))
        self.assertGreater(segments, 1)
        # Each is made once, zeroed, given its header; then come the groups and an index.
        self.assertGreaterEqual(seen["openat:create", "segment"], segments)
        self.assertGreater(seen["pwritev", "segment"], 3 * segments)
        self.assertGreater(seen["fdatasync", "segment"], 2 * segments)
        self.assertGreater(seen["mmap", "TERM"], 0)
        self.assertGreater(seen["munmap", "TERM"], 0)
        self.assertGreater(seen["mkdir", "channel"], 0)
        self.assertFalse([kind for kind in seen if kind[0] in ("write", "futex")])

    def test_the_end_of_the_program_is_told(self):
        for script, end in (("exit 7", "exited 7"), ("kill -TERM $$", "killed 15")):
            tracer = self.start(command=["/bin/dash", "-c", script])
            said, _ = tracer.communicate(timeout=60)
            self.assertEqual(said.splitlines()[-1], end)


class RefusalTest(TracerTest):
    def test_a_place_that_is_none(self):
        for place in ("before", "beside:link:manifest:1", "before:link:manifest:0"):
            tracer = self.start("--hold", place)
            _, errors = tracer.communicate(timeout=60)
            self.assertEqual(tracer.returncode, 2)
            self.assertIn(place, errors)

    def test_a_call_that_nobody_can_look_into(self):
        tracer = self.start(command=["/bin/cp", self.input, os.path.join(self.base, "copy")])
        _, errors = tracer.communicate(timeout=60)
        self.assertEqual(tracer.returncode, 1)
        self.assertIn("copy_file_range", errors)


if __name__ == "__main__":
    unittest.main()
