"""walctl as its users meet it: what goes in comes out, what is wrong is said in one sentence."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

from tools.walctl.walctl_case import ALL_BYTES, WALCTL, WalctlTest, objects, series, walctl


class RoundTripTest(WalctlTest):
    def test_lines_come_back_byte_for_byte(self):
        text = b"one\n\ntwo\r\n" + ALL_BYTES + b"\n" + b"x" * 100_000 + b"\n"
        self.append(text)
        self.assertEqual(self.cat(), text)

    def test_a_quiet_append_prints_nothing(self):
        done = self.append(b"a\n")
        self.assertEqual((done.stdout, done.stderr), (b"", b""))

    def test_files_are_read_in_order_and_a_dash_is_standard_input(self):
        first = os.path.join(self.base, "first")
        with open(first, "wb") as out:
            out.write(b"1\n2\n")
        self.append(b"3\n", first, "-")
        self.assertEqual(self.cat(), b"1\n2\n3\n")

    def test_whole_files_are_one_message_each(self):
        path = os.path.join(self.base, "file")
        with open(path, "wb") as out:
            out.write(b"a\nb")
        self.append(b"", "--whole-files", path)
        self.assertEqual(self.cat(), b"a\nb\n")

    def test_json_out_goes_in_again_as_ndjson(self):
        self.append(b"plain\n" + ALL_BYTES + b"\n", "--vchannel", "v", "--property", "k=a=b")
        before = self.cat("--json")
        done = self.log("append", "--ndjson", channel="copy", stdin=before)
        self.assertEqual(done.returncode, 0, done.stderr)
        copy = objects(self.log("cat", "--json", channel="copy").stdout)
        keep = ("vchannel", "properties", "payload", "payload_base64", "type")
        self.assertEqual([{k: r.get(k) for k in keep} for r in self.records()],
                         [{k: r.get(k) for k in keep} for r in copy])
        self.assertEqual(copy[0]["properties"], {"k": "a=b"})

    def test_json_names_each_acknowledged_record_in_order(self):
        done = self.append(b"a\nb\nc\n", "--json")
        acks = objects(done.stdout)
        self.assertEqual([set(ack) for ack in acks], [{"id", "time_tick", "term"}] * 3)
        self.assertEqual([(a["id"], a["time_tick"], a["term"]) for a in acks],
                         [(r["id"], r["time_tick"], r["term"]) for r in self.records()])
        self.assertEqual([ack["term"] for ack in acks], [1, 1, 1])

    def test_acknowledgements_do_not_wait_for_more_input(self):
        writer = self.start_append()
        writer.stdin.write(b"another\n")
        writer.stdin.flush()
        self.assertIn(b'"id"', writer.stdout.readline())
        writer.communicate()
        self.assertEqual(writer.returncode, 0)

    def test_each_writer_takes_the_next_term(self):
        self.append(b"a\n")
        self.append(b"b\n")
        self.assertEqual([r["term"] for r in self.records()], [1, 2])


class ReadTest(WalctlTest):
    def setUp(self):
        super().setUp()
        self.append(b"".join(b"%d\n" % i for i in range(1, 101)))

    def test_limit_from_and_after(self):
        third = self.records()[2]["position"]
        self.assertEqual(self.cat("--limit", "2"), b"1\n2\n")
        self.assertEqual(self.cat("--limit", "0"), b"")
        self.assertEqual(self.cat("--from", third, "--limit", "2"), b"3\n4\n")
        self.assertEqual(self.cat("--after", third, "--limit", "1"), b"4\n")

    def test_tail_prints_the_last_ones(self):
        self.assertEqual(self.log("tail").stdout, b"".join(b"%d\n" % i for i in range(91, 101)))
        self.assertEqual(self.log("tail", "-n", "2").stdout, b"99\n100\n")

    def test_tail_follows_a_writer_in_another_process(self):
        follow = [WALCTL, "tail", "-f", "-n", "1", "--dir", self.dir, "--channel", "c"]
        tail = subprocess.Popen(follow, stdout=subprocess.PIPE)
        self.assertEqual(tail.stdout.readline(), b"100\n")
        for text in (b"101\n", b"102\n"):  # Two writers, so a new term on the way.
            self.append(text)
            self.assertEqual(tail.stdout.readline(), text)
        tail.send_signal(signal.SIGINT)
        tail.wait()
        tail.stdout.close()

    def test_a_closed_pipe_ends_it_quietly(self):
        done = subprocess.run(f"{WALCTL} cat --dir {self.dir} --channel c | head -n 1", shell=True,
                              capture_output=True, check=False)
        self.assertEqual((done.stdout, done.stderr), (b"1\n", b""))

    def test_truncate_forgets_and_a_reader_behind_it_is_told(self):
        records = self.records()
        done = self.log("truncate", "--through", records[49]["position"], "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.cat("--limit", "1"), b"51\n")
        self.assertEqual(self.cat("--after", records[49]["position"], "--limit", "1"), b"51\n")
        self.complains(self.log("cat", "--after", records[10]["position"]), 4, "truncated")

    def test_info_names_positions_and_terms(self):
        info = json.loads(self.log("info", "--json").stdout)
        self.assertEqual((info["channel"], info["term"], info["holder"]), ("c", 1, "none"))
        self.assertIsNotNone(info["tail"])
        everything = walctl("info", "--dir", self.dir)
        self.assertIn(b"channel      c\n", everything.stdout)

    def test_metrics_of_a_log_at_rest(self):
        done = self.log("metrics")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        values = series(done.stdout)
        self.assertEqual(values['tidelog_log_newest_term{channel="c"}'], 1)
        self.assertEqual(values['tidelog_log_held{channel="c"}'], 0)
        self.assertGreaterEqual(values['tidelog_log_segments{channel="c"}'], 1)
        place = os.path.join(self.dir, "c")
        size = sum(os.path.getsize(os.path.join(place, name)) for name in os.listdir(place)
                   if os.path.isfile(os.path.join(place, name)))
        self.assertEqual(values['tidelog_log_directory_bytes{channel="c"}'], size)
        tick = self.records()[-1]["time_tick"] >> 18
        self.assertGreaterEqual(values['tidelog_log_tail_time_tick_seconds{channel="c"}'],
                                tick / 1000)
        self.assertEqual(walctl("metrics", "--dir", self.dir).stdout, done.stdout)

    def test_metrics_of_an_append_while_it_runs(self):
        writer = subprocess.Popen(
            [WALCTL, "append", "--dir", self.dir, "--channel", "c", "--json", "--metrics-port",
             "0", "--set", "wal.tick_interval=10ms"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        url = re.fullmatch(rb"walctl: metrics at (http://127.0.0.1:\d+/metrics)\n",
                           writer.stderr.readline()).group(1).decode()
        writer.stdin.write(b"mine\n")
        writer.stdin.flush()
        self.assertIn(b'"id"', writer.stdout.readline())
        name = 'tidelog_wal_append_message_total{channel="c",status="done"}'
        values = {}
        while values.get(name) != 1:  # As of the next time tick.
            with urllib.request.urlopen(url, timeout=60) as page:
                values = series(page.read())
        self.assertEqual(values['tidelog_wal_term{channel="c"}'], 2)
        writer.communicate()
        self.assertEqual(writer.returncode, 0)

    def test_a_port_for_metrics_that_somebody_has_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            self.complains(self.log("append", "--metrics-port", port), 2, "metrics", port)

    def test_verify_and_dump_read_a_sound_log(self):
        verified = self.log("verify", "--json")
        self.assertEqual(verified.returncode, 0, verified.stdout)
        report = json.loads(verified.stdout)
        self.assertFalse(report["corrupt"])
        self.assertGreaterEqual(sum(s["records"] for s in report["segments"]), 100)
        frames = objects(self.log("dump", "--json").stdout)
        self.assertEqual(frames[0]["frame"], "header")
        self.assertGreaterEqual(sum(f["frame"] == "record" for f in frames), 100)


class CheckpointTest(WalctlTest):
    def setUp(self):
        super().setUp()
        self.append(b"".join(b"%d\n" % i for i in range(1, 101)))
        self.positions = [r["position"] for r in self.records()]

    def set(self, name, position, *args):
        done = self.log("checkpoint", "set", name, position, *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def listed(self):
        done = self.log("checkpoint", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [(c["name"], c["position"], c["term"]) for c in objects(done.stdout)]

    def test_what_is_set_is_listed_until_it_is_removed(self):
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.set("indexer", self.positions[9]).stdout, b"")
        done = self.set("mirror", self.positions[4], "--json")
        self.assertEqual(json.loads(done.stdout), {"registered": "mirror"})
        self.assertEqual(self.listed(), [("indexer", self.positions[9], 2),
                                         ("mirror", self.positions[4], 3)])
        text = self.log("checkpoint", "list").stdout.decode()
        self.assertEqual(text, f"indexer {self.positions[9]} (term 2)\n"
                               f"mirror {self.positions[4]} (term 3)\n")
        done = self.log("checkpoint", "remove", "indexer", "--json")
        self.assertEqual(json.loads(done.stdout), {"removed": "indexer"})
        self.assertEqual([c[0] for c in self.listed()], ["mirror"])

    def test_truncation_stops_at_the_oldest_and_a_reader_finds_everything(self):
        self.set("mirror", self.positions[4])
        done = self.log("truncate", "--through", self.positions[49])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(self.positions[4].encode(), done.stdout)
        self.assertIn(b"held back", done.stdout)
        self.assertEqual(self.cat("--after", self.positions[4], "--limit", "1"), b"6\n")
        self.log("checkpoint", "remove", "mirror")
        done = self.log("truncate", "--through", self.positions[49])
        self.assertNotIn(b"held back", done.stdout)
        self.assertEqual(self.cat("--limit", "1"), b"51\n")

    def test_what_cannot_be_set_is_said(self):
        self.log("truncate", "--through", self.positions[49])
        self.complains(self.log("checkpoint", "set", "a", self.positions[4]), 4, "truncated")
        self.complains(self.log("checkpoint", "set", "a", "yesterday"), 2, "yesterday")
        self.complains(self.log("checkpoint", "set", "a/b", self.positions[60]), 2, "a/b")
        self.complains(self.log("checkpoint", "set", "a"), 2, "POSITION")
        self.complains(self.log("checkpoint", "remove"), 2, "NAME")
        self.complains(self.log("checkpoint", "list", "a"), 2, "NAME")
        self.complains(self.log("checkpoint", "move", "a"), 2, "move")
        self.set("b", self.positions[60])
        self.complains(self.log("checkpoint", "remove", "a"), 2, "no checkpoint a", "has: b")
        self.append(b"x\n", channel="d")
        self.complains(self.log("checkpoint", "set", "a", self.positions[60], channel="d"), 2,
                       "another log")
        self.complains(self.log("checkpoint", channel="e"), 1, "the channels there are: c, d")
        none = ("--backend", "memory", "--channel", "c", "set", "a", "memory.00000001.0.1@1")
        self.complains(walctl("checkpoint", *none), 2, "no store")

    def test_a_live_writer_is_not_disturbed_unless_asked(self):
        writer = self.start_append()
        self.complains(self.log("checkpoint", "set", "a", self.positions[4]), 5, "--take-over")
        self.assertEqual(self.listed(), [])  # Reading disturbs nobody.
        self.set("a", self.positions[4], "--take-over")
        _, error = writer.communicate(b"late\n")
        self.assertEqual(writer.returncode, 5, error)

    def test_what_is_damaged_is_told_with_the_file_and_the_way_out(self):
        self.set("a", self.positions[4])
        place = os.path.join(self.dir, ".checkpoints", "c")
        name = sorted(n for n in os.listdir(place) if n.startswith("checkpoints-"))[0]
        with open(os.path.join(place, name), "r+b") as file:
            file.seek(40)
            file.write(b"#")
        self.complains(self.log("checkpoint"), 3, name, "remove it")
        self.complains(self.log("append", stdin=b"a\n"), 3, name)
        self.assertEqual(self.cat("--limit", "1"), b"1\n")  # Readers need none of it.


class SwitchTest(WalctlTest):
    def setUp(self):
        super().setUp()
        self.append(b"1\n2\n")
        self.target = os.path.join(self.base, "larger disk")
        os.mkdir(self.target)

    def switch(self, *args, to=None):
        return self.log("switch", "--to-dir", to or self.target, *args)

    def test_the_log_goes_on_in_the_other_directory_under_its_old_name(self):
        before = self.records()
        done = self.switch()
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"goes on in", done.stdout)
        self.append(b"3\n")
        self.assertEqual(self.cat(), b"1\n2\n3\n")
        self.assertEqual(self.log("tail", "-n", "2").stdout, b"2\n3\n")
        after = self.records()
        self.assertEqual(after[:2], before)
        self.assertEqual([r["type"] for r in after][2], "AlterWAL")
        self.assertEqual([r["id"].split(".")[2] for r in after], ["0", "0", "0", "1"])
        for i, record in enumerate(after):
            self.assertEqual(self.records("--after", record["position"]), after[i + 1:])
        self.assertEqual(walctl("cat", "--dir", self.target, "--channel", "c").stdout, b"3\n")

    def test_info_shows_the_chain(self):
        self.assertNotIn(b"chain", self.log("info").stdout)
        ended = json.loads(self.switch("--json").stdout)["ended"]
        self.assertIn(f"file of epoch 0, then file dir={self.target} of epoch 1".encode(),
                      self.log("info").stdout)
        details = json.loads(self.log("info", "--json").stdout)["details"]
        self.assertIn("epoch 1 from term 3 on", details["chain"])
        self.assertEqual(self.records("--after", ended), [])

    def test_it_is_switched_again_and_a_relative_directory_is_found_from_elsewhere(self):
        self.switch()
        self.append(b"3\n")
        os.mkdir(os.path.join(self.base, "third"))
        done = walctl("switch", "--dir", self.dir, "--channel", "c", "--to-dir", "third",
                      cwd=self.base)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.append(b"4\n")
        self.assertEqual(self.cat(), b"1\n2\n3\n4\n")

    def test_truncation_frees_the_old_directory_unless_a_checkpoint_is_there(self):
        first = self.records()[0]["position"]
        self.switch()
        self.append(b"3\n")
        newest = self.records()[-1]["position"]
        self.log("checkpoint", "set", "indexer", first)
        done = self.log("truncate", "--through", newest)
        self.assertIn(b"held back", done.stdout)
        self.assertEqual(self.cat("--after", first), b"2\n3\n")
        self.log("checkpoint", "remove", "indexer")
        done = self.log("truncate", "--through", newest)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.append(b"4\n")
        self.assertEqual(self.cat(), b"4\n")
        self.complains(self.log("cat", "--after", first), 4, "truncated")
        self.assertNotIn(b"epoch 0", self.log("info").stdout)

    def test_what_is_wrong_is_said_and_changes_nothing(self):
        self.complains(self.switch(to=os.path.join(self.base, "none")), 2, "no such directory")
        self.complains(self.switch(to=self.dir), 2, "that is where the log is opened")
        link = os.path.join(self.base, "link")
        os.symlink(self.dir, link)
        self.complains(self.switch(to=link), 2, "that is where the log is opened")
        done = walctl("append", "--dir", self.target, "--channel", "c", stdin=b"x\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.complains(self.switch(), 2, "holds a log of channel c already")
        other = walctl("switch", "--dir", self.dir, "--channel", "d", "--to-dir", self.target)
        self.complains(other, 1, "the channels there are: c")
        free = os.path.join(self.base, "free")
        os.mkdir(free)
        self.complains(self.switch("--term", "1", to=free), 5, "term")
        self.complains(self.log("switch"), 2, "--to-dir")
        writer = self.start_append()
        self.complains(self.switch(to=free), 5, "--take-over")
        writer.communicate()
        self.assertEqual(self.cat(), b"1\n2\nmine\n")
        self.assertEqual(self.switch(to=free).returncode, 0)
        self.complains(self.switch(to=free), 2, "it lies there already")

    def test_a_directory_that_cannot_hold_a_log_does_not_end_the_one_that_is_there(self):
        with open(os.path.join(self.target, "cat.jpg"), "wb") as file:
            file.write(b"a cat")
        self.complains(self.switch(), 2, "cat.jpg")
        self.append(b"3\n")
        self.assertEqual(self.cat(), b"1\n2\n3\n")
        self.assertEqual(os.listdir(self.target), ["cat.jpg"])
        os.remove(os.path.join(self.target, "cat.jpg"))
        self.assertEqual(self.switch().returncode, 0)
        self.append(b"4\n")
        self.assertEqual(self.cat(), b"1\n2\n3\n4\n")

    def test_a_kill_at_any_moment_loses_nothing_and_is_completed_by_the_next_command(self):
        began = time.monotonic()
        self.switch()
        takes = time.monotonic() - began
        lines = self.cat()
        for i in range(16):
            to = os.path.join(self.base, f"to{i}")
            os.mkdir(to)
            switch = subprocess.Popen(
                [WALCTL, "switch", "--dir", self.dir, "--channel", "c", "--to-dir", to],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                switch.communicate(timeout=takes * i / 16)
            except subprocess.TimeoutExpired:
                switch.kill()
                switch.communicate()
            self.assertEqual(self.cat(), lines)
            lines += b"%d\n" % i
            self.append(b"%d\n" % i)
            self.assertEqual(self.cat(), lines)
        records = self.records()
        for i, record in enumerate(records):
            self.assertEqual(self.records("--after", record["position"]), records[i + 1:])

    def test_a_live_writer_is_fenced_when_asked(self):
        writer = self.start_append()
        self.assertEqual(self.switch("--take-over").returncode, 0)
        _, error = writer.communicate(b"late\n")
        self.assertEqual(writer.returncode, 5, error)
        self.assertEqual(self.cat(), b"1\n2\nmine\n")


class CorruptionTest(WalctlTest):
    def test_a_flipped_bit_is_found_and_nothing_wrong_is_delivered(self):
        self.append(b"".join(b"record number %d\n" % i for i in range(1000)))
        place = os.path.join(self.dir, "c")
        segment = sorted(n for n in os.listdir(place) if n.endswith(".seg"))[0]
        path = os.path.join(place, segment)
        with open(path, "r+b") as file:
            data = file.read()
            at = data.index(b"record number 500")
            file.seek(at)
            file.write(b"R")
        verified = self.log("verify")
        self.assertEqual(verified.returncode, 3, verified.stdout)
        self.assertIn(segment.encode(), verified.stdout)
        done = self.log("cat")
        self.complains(done, 3, segment)
        wanted = b"".join(b"record number %d\n" % i for i in range(1000))
        self.assertTrue(wanted.startswith(done.stdout))
        gaps = self.log("cat", "--gaps")
        self.assertEqual(gaps.returncode, 0, gaps.stderr)
        self.assertIn(b"cannot be read", gaps.stderr)


class RepairTest(WalctlTest):
    """What an operator does when a log is damaged: look, repair, verify, go on."""

    LINES = [b"record number %d" % i for i in range(1000)]

    def setUp(self):
        super().setUp()
        self.append(b"".join(line + b"\n" for line in self.LINES))
        self.place = os.path.join(self.dir, "c")

    def files(self, ending):
        return [os.path.join(self.place, n) for n in sorted(os.listdir(self.place))
                if n.endswith(ending)]

    def contents(self):
        """Of all files of the log, whatever directory they are in."""
        found = {}
        for directory, _, names in os.walk(self.dir):
            for name in names:
                with open(os.path.join(directory, name), "rb") as file:
                    found[os.path.join(directory, name)] = file.read()
        return found

    def rot(self, path, what):
        with open(path, "r+b") as file:
            at = file.read().index(what)
            file.seek(at)
            file.write(b"R")

    def repair(self, *args):
        done = self.log("repair", "--json", *args)
        return done, json.loads(done.stdout or b"{}")

    def test_a_sound_log_is_left_alone(self):
        before = self.contents()
        for args in ([], ["--apply"]):
            done, told = self.repair(*args)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertFalse(told["needed"])
        self.assertEqual(self.contents(), before)

    def test_a_dry_run_tells_all_and_changes_nothing(self):
        self.rot(self.files(".seg")[0], b"record number 500")
        before = self.contents()
        done, told = self.repair()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.contents(), before)
        self.assertEqual((told["needed"], told["applied"], told["lost_ids"]), (True, False, 1))
        lost = told["segments"][0]["lost"][0]
        self.assertEqual((lost["first_id"], lost["exact"]), (lost["last_id"], True))
        self.assertGreater(lost["byte_end"], lost["byte_begin"])
        self.assertIn("walctl repair", told["next"])
        self.assertIn("--apply", told["next"])
        text = self.log("repair")
        self.assertEqual(text.returncode, 3)
        for words in (b"lost: id ", b"nothing was changed", told["next"].encode()):
            self.assertIn(words, text.stdout)
        self.assertIn(b"walctl repair", self.log("verify").stdout)

    def test_what_is_lost_becomes_a_gap_and_the_rest_is_as_it_was(self):
        positions = {r["payload"]: r["position"] for r in self.records()}
        segment = self.files(".seg")[0]
        self.rot(segment, b"record number 500")
        before = self.contents()
        done, told = self.repair("--apply")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(told["applied"])
        aside = os.path.join(told["aside_directory"], os.path.basename(segment))
        self.assertEqual(self.contents()[aside], before[segment])
        self.assertFalse(os.path.exists(segment))
        verified = self.log("verify")
        self.assertEqual(verified.returncode, 0, verified.stdout)
        self.assertIn(b"GAP", verified.stdout)
        self.complains(self.log("cat"), 3, "given up by a repair", "accepts gaps")
        gaps = self.log("cat", "--gaps", "--json")
        self.assertEqual(gaps.returncode, 0, gaps.stderr)
        kept = {r["payload"]: r["position"] for r in objects(gaps.stdout)}
        del positions["record number 500"]
        self.assertEqual(kept, positions)
        self.assertIn(b"given up by a repair", gaps.stderr)
        again, told = self.repair("--apply")
        self.assertEqual((again.returncode, told["needed"]), (0, False))
        self.append(b"and on it goes\n")
        self.assertEqual(self.log("tail", "-n", "1", "--json").returncode, 3)
        gaps = self.log("cat", "--gaps")
        self.assertTrue(gaps.stdout.endswith(b"and on it goes\n"))

    def test_a_damaged_manifest_is_made_again(self):
        for path in self.files(""):
            if "manifest-" in path:
                self.rot(path, b"c")
        self.complains(self.log("cat"), 3)
        done, told = self.repair("--apply")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(told["lost_ids"], 0)
        self.assertEqual(self.cat(), b"".join(line + b"\n" for line in self.LINES))

    def test_a_lost_term_asks_for_a_position(self):
        position = self.records()[-1]["position"]
        os.unlink(os.path.join(self.place, "TERM"))
        self.complains(self.log("repair", "--apply"), 1, "--log-of")
        done, _ = self.repair("--apply", "--log-of", position)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.append(b"next\n")
        self.assertEqual(self.cat("--after", position), b"next\n")

    def test_a_damaged_marker_is_written_again(self):
        with open(os.path.join(self.dir, "TIDELOG"), "wb") as file:
            file.write(b"?")
        self.complains(self.log("cat"), 3, "TIDELOG")
        done, _ = self.repair("--apply")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.records()), 1000)

    def test_a_live_writer_is_not_disturbed_unless_asked(self):
        writer = self.start_append()
        self.rot(self.files(".seg")[0], b"record number 500")
        self.complains(self.log("repair", "--apply"), 5, "--take-over")
        done, _ = self.repair("--apply", "--take-over")
        self.assertEqual(done.returncode, 0, done.stderr)
        _, error = writer.communicate(b"late\n")
        self.assertEqual(writer.returncode, 5, error)
        self.append(b"b\n")
        self.assertTrue(self.log("cat", "--gaps").stdout.endswith(b"mine\nb\n"))

    def test_what_cannot_be_repaired_is_said(self):
        for path in self.files(""):
            if "manifest-" in path or path.endswith(".seg"):
                os.unlink(path)
        done, told = self.repair()
        self.assertEqual(done.returncode, 3)
        self.assertIn("restore", told["refusals"][0])
        self.complains(self.log("repair", "--apply"), 1, "restore")
        self.complains(self.log("repair", channel="d"), 1, "no such channel", "are: c")
        nowhere = os.path.join(self.dir, "c")
        self.complains(walctl("repair", "--dir", nowhere, "--channel", "c"), 1, "holds no log")
        self.complains(walctl("repair", "--dir", self.dir), 2, "--channel")


class BadInputTest(WalctlTest):
    def test_usage(self):
        for args in (["--nonsense"], [], ["append"], ["cat", "--limit", "many"], ["frobnicate"]):
            self.complains(walctl(*args), 2, "--help")
        both = self.log("cat", "--from", "a", "--after", "b")
        self.complains(both, 2, "--after")
        self.complains(self.log("append", "--property", "novalue"), 2, "KEY=VALUE")
        self.complains(self.log("append", "--term", "-1"), 2, "--term", "whole number from 1")
        self.complains(self.log("cat", "--limit", "-3"), 2, "--limit", "whole number")

    def test_a_missing_dir_flag(self):
        self.complains(walctl("cat", "--channel", "c"), 2, "--dir")

    def test_an_unknown_backend_or_setting(self):
        self.complains(self.log("cat", "--backend", "floppy"), 2, "floppy", "file", "memory")
        self.complains(self.log("append", "--set", "colour=red"), 2, "colour")
        self.complains(self.log("append", "--set", "segment_bytes=lots"), 2, "segment_bytes",
                       "lots")

    def test_a_missing_directory(self):
        self.complains(self.log("cat"), 1, self.dir)
        self.dir = os.path.join(self.base, "no", "parent")
        self.complains(self.log("append", stdin=b"a\n"), 1, self.dir)

    def test_a_directory_that_is_no_log(self):
        os.mkdir(self.dir)
        with open(os.path.join(self.dir, "holiday.jpg"), "wb") as out:
            out.write(b"x")
        self.complains(self.log("append", stdin=b"a\n"), 2, self.dir, "empty")
        self.complains(self.log("cat"), 1, self.dir)
        self.assertEqual(os.listdir(self.dir), ["holiday.jpg"])

    def test_a_file_in_place_of_the_directory(self):
        with open(self.dir, "wb") as out:
            out.write(b"x")
        self.complains(self.log("append", stdin=b"a\n"), 1, self.dir)

    def test_a_newer_format(self):
        self.append(b"a\n")
        marker = os.path.join(self.dir, "TIDELOG")
        with open(marker, "r+", encoding="ascii") as file:
            text = file.read()
            file.seek(0)
            file.write(text.replace("1", "9"))
        self.complains(self.log("append", stdin=b"a\n"), 1, "9")

    def test_a_channel_that_is_not_there(self):
        self.append(b"a\n")
        self.complains(self.log("cat", channel="d"), 1, "d", "the channels there are: c")

    def test_a_bad_channel_name(self):
        for name in ("", "a/b", ".hidden", "x" * 300, "TIDELOG"):
            self.complains(self.log("append", channel=name, stdin=b"a\n"), 2, "channel")

    def test_a_term_that_is_not_higher(self):
        self.append(b"a\n", "--term", "7")
        self.complains(self.log("append", "--term", "6", stdin=b"b\n"), 5, "6", "7")
        self.assertEqual(self.cat(), b"a\n")

    def test_a_line_over_the_limit_keeps_what_came_before(self):
        done = self.log("append", "--set", "message_bytes_max=65536",
                        stdin=b"a\n" + b"x" * 70_000 + b"\n")
        self.complains(done, 1, "standard input:2", "1 records are stored")
        self.assertEqual(self.cat(), b"a\n")

    def test_a_line_over_the_limit_is_stored_in_chunks_if_they_are_asked_for(self):
        line = b"0123456789" * 100000
        self.append(b"small\n" + line + b"\nlast\n", "--set", "message_bytes_max=65536",
                    "--set", "wal.chunking=1")
        self.assertEqual(self.cat(), b"small\n" + line + b"\nlast\n")
        self.assertEqual(len(self.records()), 3)
        verified = self.log("verify")
        self.assertEqual(verified.returncode, 0, verified.stderr)

    def test_bad_ndjson_names_the_line(self):
        done = self.log("append", "--ndjson", stdin=b'{"payload":"a"}\nnonsense\n')
        self.complains(done, 2, "standard input:2")
        self.complains(self.log("append", "--ndjson", stdin=b'{"payload":7}\n'), 2, "payload")
        reserved = b'{"properties":{"_x":"y"}}\n'
        self.complains(self.log("append", "--ndjson", stdin=reserved), 2, "_x")

    def test_a_reserved_property(self):
        self.complains(self.log("append", "--property", "_t=1", stdin=b"a\n"), 2, "_t")

    def test_an_input_file_that_is_not_there(self):
        self.complains(self.log("append", "/no/such/file"), 2, "/no/such/file")
        self.complains(self.log("append", self.base), 2, self.base, "directory")

    def test_no_position_and_a_position_of_another_log(self):
        self.append(b"a\n")
        self.complains(self.log("cat", "--after", "yesterday"), 2, "yesterday")
        position = self.records()[0]["position"]
        self.append(b"b\n", channel="d")
        self.complains(self.log("cat", "--after", position, channel="d"), 2, "another log")

    def test_a_position_beyond_the_tail(self):
        self.append(b"a\n")
        record = self.records()[0]
        name, number = record["id"].rsplit(".", 1)
        beyond = f"{name}.{int(number) + 1000}@{record['time_tick'] + (1 << 40)}"
        self.complains(self.log("truncate", "--through", beyond), 4, "tail")
        self.assertEqual(self.cat("--after", beyond), b"")  # To a reader it may still come.
        self.assertEqual(self.cat(), b"a\n")

    def test_a_live_writer_is_not_disturbed_unless_asked(self):
        writer = self.start_append()
        self.complains(self.log("append", stdin=b"b\n"), 5, "--take-over")
        self.append(b"b\n", "--take-over")
        _, error = writer.communicate(b"late\n")
        self.assertEqual(writer.returncode, 5, error)
        self.assertEqual(self.cat(), b"mine\nb\n")

    def test_ctrl_c_keeps_what_was_acknowledged(self):
        writer = self.start_append()
        writer.send_signal(signal.SIGINT)
        self.assertEqual(writer.wait(timeout=60), 130)
        for pipe in (writer.stdin, writer.stdout, writer.stderr):
            pipe.close()
        self.assertEqual(self.cat(), b"mine\n")
        self.assertEqual(json.loads(self.log("info", "--json").stdout)["holder"], "none")

    def test_output_that_cannot_be_written_is_told(self):
        self.append(b"a\n")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([WALCTL, "cat", "--dir", self.dir, "--channel", "c"], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.complains(done, 1, "standard output")


if __name__ == "__main__":
    unittest.main()
