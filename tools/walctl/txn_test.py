"""walctl txn: what a script commits is there as one, and nothing else of it."""

import json
import os
import re
import signal
import subprocess
import unittest

from tools.walctl.walctl_case import WALCTL, WalctlTest, objects

README = "tools/walctl/README.md"


class TxnTest(WalctlTest):
    def txn(self, script, *args, **kwargs):
        return self.log("txn", *args, stdin=script, **kwargs)

    def must(self, script, *args, **kwargs):
        done = self.txn(script, *args, **kwargs)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def start(self, *args):
        return subprocess.Popen(
            [WALCTL, "txn", "--dir", self.dir, "--channel", "c", "--json", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def step(self, running, line):
        """What one step of a running script printed."""
        running.stdin.write(line)
        running.stdin.flush()
        return json.loads(running.stdout.readline())


class ScriptTest(TxnTest):
    def test_the_example_of_the_readme(self):
        with open(README, encoding="utf-8") as file:
            part = file.read().split("## Transactions\n", 1)[1].split("\n## ", 1)[0]
        script, printed = re.findall(r"```\n(.*?)```", part, re.S)[:2]
        steps = script.split("<<'END'\n", 1)[1].split("END\n", 1)[0]
        told = self.must(steps.encode(), "--vchannel", "orders_v1").decode()
        wanted = [line.split()[:2] for line in printed.splitlines()]
        self.assertEqual([line.split()[:2] for line in told.splitlines()], wanted)
        self.assertEqual([len(line.split()) for line in printed.splitlines()], [5] * len(wanted))
        shown = script.split("walctl cat", 1)[1].split("#", 1)[1].split()
        self.assertEqual(self.cat().decode().split("\n"), [*shown, ""])

    def test_transactions_are_visible_at_their_commits_and_interleaved(self):
        self.must(b"begin a\nbegin b\nappend a 1\nappend b 2\nappend - 3\nappend a 4\n"
                  b"commit b\nbegin c\nappend c 5\nrollback c\ncommit a\n")
        self.assertEqual(self.cat(), b"3\n2\n1\n4\n")

    def test_each_step_is_told_and_stored(self):
        script = b"begin a\nappend - x\nappend a y\ncommit a\n"
        told = objects(self.must(script, "--json", "--vchannel", "v"))
        self.assertEqual([(t["step"], t.get("txn")) for t in told],
                         [("begin", "a"), ("append", None), ("append", "a"), ("commit", "a")])
        ticks = [t["time_tick"] for t in told]
        self.assertEqual(ticks, sorted(set(ticks)))
        self.assertEqual({t["term"] for t in told}, {1})
        plain, whole = self.records("--vchannel", "v")
        self.assertEqual([plain[k] for k in ("id", "time_tick", "position")],
                         [told[1][k] for k in ("id", "time_tick", "position")])
        self.assertEqual([whole[k] for k in ("id", "time_tick", "position", "type")],
                         [*(told[3][k] for k in ("id", "time_tick", "position")), "Txn"])
        self.assertEqual([(m["payload"], m["id"]) for m in whole["messages"]],
                         [("y", told[2]["id"])])
        self.assertEqual(self.cat("--after", told[1]["position"]), b"y\n")
        self.assertEqual(self.cat("--after", told[3]["position"]), b"")

    def test_lines_without_json_hold_the_same(self):
        told = self.must(b"begin a\nappend a x\ncommit a\nappend - y\n").decode().split("\n")
        whole, plain = self.records()
        self.assertEqual(told[2:], [" ".join(["commit a", whole["id"], str(whole["time_tick"]),
                                              whole["position"]]),
                                    " ".join(["append -", plain["id"], str(plain["time_tick"]),
                                              plain["position"]]), ""])

    def test_payloads_are_bytes_and_comments_are_passed_over(self):
        payload = bytes(b for b in range(256) if b != 10) + b" "
        self.must(b"# one\n\nbegin a\n append a  " + payload + b"\nappend a\ncommit a\n")
        self.assertEqual(self.cat(), b" " + payload + b"\n\n")

    def test_scripts_in_files_are_one(self):
        path = os.path.join(self.base, "script")
        with open(path, "wb") as out:
            out.write(b"begin a\nappend a 1\n")
        self.must(b"append a 2\ncommit a", path, "-")
        self.assertEqual(self.cat(), b"1\n2\n")

    def test_a_name_may_be_used_again(self):
        self.must(b"begin a\nappend a 1\nrollback a\nbegin a\nappend a 2\ncommit a\n")
        self.assertEqual(self.cat(), b"2\n")

    def test_a_transaction_without_bodies(self):
        self.must(b"begin a\ncommit a\n")
        self.assertEqual([r["messages"] for r in self.records()], [[]])

    def test_a_transaction_as_json_does_not_go_in_again_as_something_else(self):
        self.must(b"begin a\nappend a 1\ncommit a\n")
        line = self.cat("--json")
        self.complains(self.log("append", "--ndjson", channel="d", stdin=line), 2, "walctl txn")


class EndTest(TxnTest):
    def test_what_is_open_at_the_end_is_rolled_back(self):
        done = self.txn(b"begin a\nbegin b\nappend a 1\nappend b 2\ncommit a\nbegin d\n", "--json")
        self.complains(done, 1, "the script ends", "rolled back: b, d", "--leave-open", "6 steps")
        self.assertEqual(len(objects(done.stdout)), 6)
        self.assertEqual(self.cat(), b"1\n")
        self.assertEqual(self.open_count(), 0)

    def open_count(self):
        """Of transactions that the next owner finds open."""
        frames = objects(self.log("dump", "--json").stdout)
        types = [f["type_name"] for f in frames if f["frame"] == "record"]
        self.assertIn("BeginTxn", types)
        return types.count("BeginTxn") - types.count("CommitTxn") - types.count("RollbackTxn")

    def test_it_is_left_to_its_lease_if_asked(self):
        done = self.txn(b"begin a\nappend a 1\n", "--leave-open", "--lease", "1h")
        self.complains(done, 0, "left open for a lease of 1h: a", "2 steps")
        self.assertEqual(self.cat(), b"")
        self.assertEqual(self.open_count(), 1)

    def test_ctrl_c_rolls_back(self):
        running = self.start()
        self.step(running, b"begin a\n")
        self.step(running, b"append a 1\n")
        running.send_signal(signal.SIGINT)
        _, error = running.communicate()
        self.assertEqual(running.returncode, 130, error)
        self.assertIn(b"rolled back: a", error)
        self.assertEqual(self.open_count(), 0)

    def test_a_kill_at_any_step_leaves_all_or_nothing(self):
        script = [b"append - p\n", b"begin a\n", b"append a 1\n", b"append a 2\n", b"append a 3\n",
                  b"commit a\n"]
        before, whole = b"", b"p\n1\n2\n3\n"
        for steps in range(1, len(script) + 1):
            for told in (True, False):
                running = self.start()
                for line in script[:steps - 1]:
                    self.step(running, line)
                if told:
                    self.step(running, script[steps - 1])
                else:
                    running.stdin.write(script[steps - 1])
                    running.stdin.flush()
                running.kill()
                running.communicate()
                # The next owner, for whom everything is decided.
                self.append(b"", "--set", "wal.interceptor_close_limit=1ms")
                now = self.cat()
                self.assertTrue(now.startswith(before))
                left = now[len(before):]
                allowed = [b"", b"p\n", whole] if not told or steps == 1 else [b"p\n", whole]
                self.assertIn(left, allowed)
                if told:
                    self.assertEqual(left, whole if steps == len(script) else b"p\n")
                elif steps < len(script):
                    self.assertNotEqual(left, whole)
                self.assertEqual(self.cat(), now)
                before = now


class WrongTest(TxnTest):
    def fails(self, script, code, *words, args=(), stored=None):
        done = self.txn(script, *args)
        self.complains(done, code, *words)
        if stored is not None:
            self.assertIn(f"{stored} steps are stored; 0 more may be", done.stderr.decode())
        return done

    def test_bad_steps_name_the_line_and_what_is_stored(self):
        self.fails(b"append - 1\nbegin a\nfrob a\n", 2, "input:3", "'frob' is no step",
                   "commit NAME", "rolled back: a", stored=2)
        self.fails(b"commit b\n", 2, "input:1", "commit b: it was not begun", "begin b", stored=0)
        self.fails(b"append b x\n", 2, "input:1", "`begin b` comes first", stored=0)
        self.fails(b"begin a\ncommit a\ncommit a\n", 2, "input:3",
                   "it was committed in standard input:2", stored=2)
        self.fails(b"begin a\nrollback a\nappend a x\n", 2, "rolled back in standard input:2")
        self.fails(b"\nbegin a\nbegin a\n", 2, "input:3", "open since standard input:2",
                   "rolled back: a", stored=1)
        self.fails(b"begin\n", 2, "input:1", "takes a NAME")
        self.fails(b"begin a b\n", 2, "input:1", "no more, not 'b'")
        self.fails(b"begin \xff\xfe\n", 2, "input:1", "\\xff\\xfe")
        self.fails(b"\xff\xfe\n", 2, "input:1", "is no step")
        self.fails(b"begin a\r\n", 2, "input:1", "'a\\r' is no NAME")
        self.fails(b"commit -\n", 2, "input:1", "only append takes '-'")
        self.fails(b'{"payload":"x"}\n', 2, "input:1", "is no step")
        self.assertEqual(self.cat(), b"1\n")

    def test_an_empty_script(self):
        for script in (b"", b"\n\n# nothing\n"):
            self.fails(script, 2, "holds no step", "begin a", stored=0)

    def test_a_body_above_the_limit(self):
        small = ("--set", "message_bytes_max=65536")
        for size in (65_536, 70_000, 2_000_000):
            self.fails(b"begin a\nappend a 1\nappend a " + b"x" * size + b"\n", 1, "input:3",
                       "rolled back: a", args=small, stored=2)
        self.fails(b"begin a\nappend a " + b"x" * 600 + b"\n", 1, "input:2", "at most 500",
                   args=("--set", "wal.txn_bytes_max=500"), stored=1)
        self.assertEqual(self.cat(), b"")

    def test_a_step_behind_the_lease(self):
        for late in (b"append a 2\n", b"commit a\n"):
            running = self.start("--lease", "50ms")
            begun = self.step(running, b"begin a\n")
            self.step(running, b"begin b\n")
            self.step(running, b"append a 1\n")
            now = begun
            while (now["time_tick"] - begun["time_tick"]) >> 18 < 1000:
                now = self.step(running, b"append - x\n")
            _, error = running.communicate(late)
            self.assertEqual(running.returncode, 1, error)
            self.assertEqual(error.count(b"\n"), 1, error)
            for words in (b"input:", late.split()[0] + b" a: ", b"lease", b"--lease",
                          b"ended by its lease: b"):
                self.assertIn(words, error)
        self.assertEqual(set(self.cat().split()), {b"x"})

    def test_bad_flags_open_nothing(self):
        for lease in ("0s", "-1s", "soon", "10", "1500us", "25h", "inf"):
            self.fails(b"begin a\n", 2, "--lease", lease, "1ms", args=("--lease", lease))
        self.fails(b"begin a\n", 2, "--vchannel", "1025", args=("--vchannel", "v" * 1025))
        self.complains(walctl_without_channel(self.dir), 2, "--channel")
        self.complains(self.txn(b"begin a\n", channel="a/b"), 2, "channel")
        self.assertFalse(os.path.exists(self.dir))

    def test_a_script_that_is_not_there(self):
        self.fails(b"", 2, "/no/such/script", args=("/no/such/script",), stored=0)

    def test_a_live_writer_is_not_disturbed_unless_asked(self):
        writer = self.start_append()
        self.complains(self.txn(b"begin a\n"), 5, "live writer", "--take-over")
        self.must(b"begin a\nappend a b\ncommit a\n", "--take-over")
        _, error = writer.communicate(b"late\n")
        self.assertEqual(writer.returncode, 5, error)
        self.assertEqual(self.cat(), b"mine\nb\n")

    def test_a_fence_in_the_middle_is_told(self):
        running = self.start()
        self.step(running, b"begin a\n")
        self.step(running, b"append a 1\n")
        self.append(b"mine\n", "--take-over")
        _, error = running.communicate(b"append a 2\ncommit a\n")
        self.assertEqual(running.returncode, 5, error)
        self.assertIn(b"left to its lease: a", error)
        self.assertIn(b"2 steps are stored", error)
        self.assertEqual(self.cat(), b"mine\n")

    def test_output_that_cannot_be_written_is_told(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [WALCTL, "txn", "--dir", self.dir, "--channel", "c"],
                input=b"begin a\nappend a 1\ncommit a\n", stdout=full, stderr=subprocess.PIPE,
                check=False)
        self.complains(done, 1, "standard output", "1 steps are stored", "rolled back: a")
        self.assertEqual(self.cat(), b"")


def walctl_without_channel(directory):
    return subprocess.run([WALCTL, "txn", "--dir", directory], input=b"begin a\n",
                          capture_output=True, check=False)


if __name__ == "__main__":
    unittest.main()
