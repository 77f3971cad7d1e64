"""Tests that drive walctl: a directory of their own, and what is said when something is wrong."""

import json
import os
import subprocess
import tempfile
import unittest

WALCTL = os.path.abspath(os.environ["WALCTL"])
ALL_BYTES = bytes(b for b in range(256) if b != 10)


def walctl(*args, stdin=b"", **kwargs):
    return subprocess.run([WALCTL, *args], input=stdin, capture_output=True, timeout=120,
                          check=False, **kwargs)


def series(text):
    """The values of a page of metrics, by name and labels."""
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


class WalctlTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.base = temporary.name
        self.dir = os.path.join(self.base, "log")

    def log(self, command, *args, channel="c", **kwargs):
        return walctl(command, "--dir", self.dir, "--channel", channel, *args, **kwargs)

    def append(self, text, *args, **kwargs):
        done = self.log("append", *args, stdin=text, **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def cat(self, *args):
        done = self.log("cat", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def records(self, *args):
        return objects(self.cat("--json", *args))

    def start_append(self):
        """A writer that has one record acknowledged and waits for more input."""
        writer = subprocess.Popen(
            [WALCTL, "append", "--dir", self.dir, "--channel", "c", "--json"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        writer.stdin.write(b"mine\n")
        writer.stdin.flush()
        self.assertIn(b'"id"', writer.stdout.readline())
        return writer

    def complains(self, done, code, *words):
        """One sentence on standard error that names the thing, and the exit code."""
        text = done.stderr.decode()
        self.assertEqual(done.returncode, code, text)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("walctl: "), text)
        for word in words:
            self.assertIn(word, text)
