"""walctl on disks that are full, out of inodes, read-only or limited: one sentence, an exit code,
nothing lost, and it goes on when there is room again.

The disks are of this test's own: a tmpfs each, in a mount namespace that nobody else sees.
"""

import json
import os
import resource
import subprocess
import tempfile
import unittest

WALCTL = os.path.abspath(os.environ["WALCTL"])
SMALL_SEGMENTS = ("--set", "segment_bytes=65536")


def line(number):
    return b"record number %d %s\n" % (number, b"x" * 1000)


class FullDiskTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.disk = os.path.join(temporary.name, "disk")
        os.mkdir(self.disk)
        self.count = 0  # Of lines that were handed over.
        self.stored = []  # Lines.
        self.acknowledged = []  # Ids.

    def mount(self, options):
        self.mount_command("-t", "tmpfs", "-o", options, "none", self.disk)
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)

    def mount_command(self, *arguments):
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def log(self, command, *arguments, **kwargs):
        where = ["--dir", os.path.join(self.disk, "log"), "--channel", "c"]
        return subprocess.run([WALCTL, command, *where, *arguments], capture_output=True,
                              timeout=120, check=False, **kwargs)

    def append(self, count, segments=SMALL_SEGMENTS, **kwargs):
        """Appends lines, of which a prefix is acknowledged, and no other is stored."""
        lines = [line(self.count + i) for i in range(count)]
        self.count += count
        done = self.log("append", "--json", *segments, **kwargs, input=b"".join(lines))
        acknowledged = [json.loads(ack)["id"] for ack in done.stdout.splitlines()]
        self.acknowledged += acknowledged
        self.stored += lines[:len(acknowledged)]
        if done.returncode == 0:
            self.assertEqual(len(acknowledged), count)
        else:
            self.assertIn(b"%d records are stored; 0 more may be" % len(acknowledged), done.stderr)
        return done

    def complains(self, done, *words):
        lines = done.stderr.decode().splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith("walctl: waiting: "))
        self.assertEqual(done.returncode, 1, text)
        self.assertEqual(text.count("\n"), 1, text)
        for word in words:
            self.assertIn(word, text)

    def expect_sound(self):
        """Exactly the acknowledged records are there, in the order of their lines."""
        read = self.log("cat", "--json")
        self.assertEqual((read.returncode, read.stderr), (0, b""))
        records = [json.loads(record) for record in read.stdout.splitlines()]
        self.assertEqual([record["id"] for record in records], self.acknowledged)
        payloads = [record["payload"].encode() + b"\n" for record in records]
        self.assertEqual(payloads, self.stored)
        verified = self.log("verify")
        self.assertEqual(verified.returncode, 0, verified.stdout)
        self.assertNotIn(b"CORRUPT", verified.stdout)

    def expect_to_go_on(self):
        done = self.append(100)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect_sound()

    def test_that_the_log_fills_by_itself(self):
        self.mount("size=24m")
        filler = os.path.join(self.disk, "filler")
        with open(filler, "wb") as out:
            out.write(b"f" * (8 << 20))
        # Larger than any group, so that a group does not want a segment of its own, for which there
        # may be no room long before the disk is full.
        segments = ("--set", "segment_bytes=2097152")
        self.complains(self.append(20_000, segments), "No space left on device")
        # However few of them are in a group, none takes more than 4 KiB; nor is less than a third
        # of the 16 MiB filled by segments that are whole.
        self.assertGreater(len(self.acknowledged), (16 << 20) // 3 // 4096)
        self.expect_sound()
        os.unlink(filler)
        self.expect_to_go_on()

    def test_that_is_full_when_it_is_opened(self):
        self.mount("size=3m")
        self.assertEqual(self.append(100).returncode, 0)
        filler = os.path.join(self.disk, "filler")
        with self.assertRaises(OSError), open(filler, "wb", buffering=0) as out:
            while True:
                out.write(b"f" * 4096)
        done = self.log("append", *SMALL_SEGMENTS, input=b"more\n")
        self.complains(done, "No space left on device")
        self.expect_sound()
        os.unlink(filler)
        self.expect_to_go_on()

    def test_without_inodes(self):
        self.mount("size=8m,nr_inodes=40")
        self.assertEqual(self.append(100).returncode, 0)
        fillers = []
        with self.assertRaises(OSError):
            for i in range(100):
                path = os.path.join(self.disk, f"filler-{i}")
                with open(path, "wb"):
                    fillers.append(path)
        done = self.log("append", *SMALL_SEGMENTS, input=b"more\n")
        self.complains(done, "No space left on device")
        self.expect_sound()
        for path in fillers:
            os.unlink(path)
        self.expect_to_go_on()

    def test_that_is_read_only(self):
        self.mount("size=8m")
        self.assertEqual(self.append(100).returncode, 0)
        self.mount_command("-o", "remount,ro", self.disk)
        done = self.log("append", *SMALL_SEGMENTS, input=b"more\n")
        self.complains(done, "mounted read-only")
        self.expect_sound()
        self.mount_command("-o", "remount,rw", self.disk)
        self.expect_to_go_on()

    def test_over_the_limit_of_file_sizes(self):
        self.mount("size=8m")
        self.assertEqual(self.append(100).returncode, 0)

        def limit_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))

        done = self.log("append", *SMALL_SEGMENTS, input=b"more\n", preexec_fn=limit_files)
        self.complains(done, "File too large")
        self.expect_sound()
        self.expect_to_go_on()


if __name__ == "__main__":
    unittest.main()
