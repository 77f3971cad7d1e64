"""The tables and the page: what they say, and that a browser draws the page."""
import contextlib
import io
import json
import re
import tempfile
import unittest

from sim.record import rendered_page
from tools.benchmark import page, result, sample_result, show, tables


class NumberTest(unittest.TestCase):
    def test_three_digits_count(self):
        for value, text in ((1430000, "1.43 M"), (189000, "189 k"), (7020, "7.02 k"),
                            (85.31, "85.3"), (0.912, "0.912"), (0, "0"), (999600, "1.00 M"),
                            (2.6e9, "2.60 G"), (None, "-"), (99.97, "100")):
            self.assertEqual(result.number(value), text)

    def test_units(self):
        self.assertEqual(result.rate(189000, "records/s"), "189 k/s")
        self.assertEqual(result.rate(5700, "MB/s"), "5.70 GB/s")
        self.assertEqual(result.rate(131, "us"), "131 us")
        self.assertEqual(result.size(65536), "64 KiB")
        self.assertEqual(result.size(1000), "1000 B")


class TablesTest(unittest.TestCase):
    def setUp(self):
        self.result = sample_result.make()

    def test_text_says_what_is_durable_and_what_is_not(self):
        lines = tables.text(self.result).splitlines()
        durable = [line for line in lines if re.match(r"1 KiB +leveldb +yes +50.0 k/s", line)]
        fleeting = [line for line in lines if re.match(r"1 KiB +fleeting +NO +- ", line)]
        self.assertEqual((len(durable), len(fleeting)), (1, 1), "\n".join(lines))
        self.assertIn("fleeting: NOT DURABLE; sync=false", lines)

    def test_text_has_ratios_to_raw_and_to_the_best_peer(self):
        self.assertRegex(tables.text(self.result),
                         r"1 KiB +file +yes +189 k/s +170 k/s +200 k/s +1\.72 +1\.50 +1\.80 +"
                         r"3\.80 leveldb +5, 1 spoiled")

    def test_text_names_every_spoiled_sample_and_what_was_left_out(self):
        text = tables.text(self.result)
        self.assertIn("3 samples were spoiled", text)
        self.assertIn("Append, 64 in flight, 64 KiB, file: round 2: 25% of the processor", text)
        self.assertIn("append does not have lmdb: one <writer>", text)
        for row in self.result["rows"]:
            row["spoiled"] = []
        self.assertIn("no sample was spoiled", tables.text(self.result))

    def test_markdown_is_a_line_a_work_and_a_column_a_payload(self):
        text = tables.markdown(self.result)
        self.assertIn("| | 1 KiB | 64 KiB |", text)
        self.assertIn("| Append, 64 in flight | 189 k/s, 1.72 of raw, 3.8 x leveldb | "
                      "31.0 k/s, 1.72 of raw, 3.8 x leveldb |", text)
        self.assertIn("| Open | 4.20 ms, 40.0 x leveldb |  |", text)
        self.assertIn("3 samples were spoiled", text)


class ShowTest(unittest.TestCase):
    def run_on(self, text, form="text"):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            f.write(text)
            f.flush()
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = show.main([form, f.name])
        return code, out.getvalue(), err.getvalue()

    def test_shows_each_form(self):
        text = json.dumps(sample_result.make())
        for form, sign in (("text", "Append, 64 in flight (more is better)"),
                           ("markdown", "|---|"), ("html", "</html>")):
            code, out, err = self.run_on(text, form)
            self.assertEqual((code, err), (0, ""))
            self.assertIn(sign, out)

    def test_what_is_no_result_is_refused_in_a_sentence(self):
        for text, word in (("", "no JSON"), ("[]", "no JSON"), ("{}", "no JSON"),
                           ('{"version": 7}', "version 7")):
            code, out, err = self.run_on(text)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
            self.assertIn(word, err)


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.result = sample_result.make()
        cls.source = page.page(cls.result)
        with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as f:
            f.write(cls.source)
            f.flush()
            cls.dom = rendered_page.Elements(rendered_page.dump_dom(f.name))

    def test_draws_a_plot_for_each_kind_of_work_and_names_it(self):
        groups = result.groups(self.result)
        plots = self.dom.of("svg")
        self.assertEqual(len(plots), len(groups))
        ids = {a.get("id") for _, a in self.dom.elements}
        for plot in plots:
            self.assertEqual(plot["role"], "img")
            self.assertIn(plot["aria-labelledby"], ids)
        for group in groups:
            self.assertIn(group.title, self.dom.text)

    def test_a_bar_is_as_long_as_its_ratio(self):
        log, _ = self.dom.of("rect", "file")[:2]
        peer = self.dom.of("rect", "peer")[0]
        self.assertAlmostEqual(float(log["width"]) / float(peer["width"]), 1.72 / 0.45, delta=0.01)

    def test_every_bar_lies_in_its_plot(self):
        width = float(self.dom.of("svg")[0]["viewbox"].split()[2])
        bars = self.dom.of("rect")
        self.assertGreater(len(bars), 4)
        for bar in bars:
            self.assertGreaterEqual(float(bar["width"]), 1)
            self.assertLess(float(bar["x"]) + float(bar["width"]), width)

    def test_raw_is_a_line_where_there_are_ratios_and_no_bar(self):
        self.assertEqual(len(self.dom.of("line", "limit")), 1)
        self.assertEqual(self.dom.of("rect", "raw"), [])

    def test_says_so_where_every_sample_was_spoiled(self):
        self.assertEqual(self.dom.text.count("every sample was spoiled"), 1)

    def test_has_all_numbers_as_tables_too(self):
        self.assertEqual(len(self.dom.of("table")), len(result.groups(self.result)))
        self.assertEqual(len(self.dom.of("tr")),
                         len(self.result["rows"]) + len(result.groups(self.result)))

    def test_quotes_what_comes_from_outside(self):
        self.assertIn("Some <fast> & cheap processor", self.dom.text)
        self.assertIn("one <writer>", self.dom.text)

    def test_has_a_dark_look_too(self):
        self.assertIn("prefers-color-scheme: dark", self.source)

    def test_needs_nothing_from_elsewhere(self):
        self.assertIsNone(re.search(r"https?://|@import|url\(|\bsrc=", self.source))
        self.assertEqual(self.dom.of("link") + self.dom.of("script"), [])


if __name__ == "__main__":
    unittest.main()
