"""The page of a run as a browser sees it: without a network, with its script run."""

import os
import re
import subprocess
import tempfile
import unittest

from sim.record import rendered_page

SAMPLE_PAGE = os.path.abspath(os.environ["SAMPLE_PAGE"])


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        page = os.path.join(cls.temporary.name, "page.html")
        cls.source = subprocess.run([SAMPLE_PAGE], capture_output=True, text=True,
                                    check=True).stdout
        with open(page, "w", encoding="utf-8") as f:
            f.write(cls.source)
        cls.dom = rendered_page.Elements(rendered_page.dump_dom(page))

    def test_shows_the_four_groups_of_lanes(self):
        groups = [a["data-lane"] for a in self.dom.of(css="lane")]
        self.assertEqual(list(dict.fromkeys(groups)), ["clients", "log", "backend", "faults"])

    def test_draws_bars_of_every_lane(self):
        for look in ("open", "append", "scan", "batch", "ask", "record", "notice", "alive",
                     "crash", "fault"):
            bars = [a for a in self.dom.of(css=look) if "data-e" in a]
            self.assertGreater(len(bars), 0, look)

    def test_marks_the_anomalies_and_their_events(self):
        marks = self.dom.of(css="anomaly")
        self.assertGreater(len(marks), 0)
        rows = {a.get("id") for tag, a in self.dom.elements if tag == "tr"}
        for mark in marks:
            self.assertIn("e" + mark["data-e"], rows)
        self.assertIn("durability/lost-write", self.dom.text)

    def test_every_link_leads_to_a_mark(self):
        links = [a["href"] for tag, a in self.dom.elements if tag == "a"]
        self.assertGreater(len(links), 0)
        ids = {a.get("id") for _, a in self.dom.elements}
        for link in links:
            self.assertIn(link.removeprefix("#"), ids)

    def test_its_script_has_run_and_found_all_bars(self):
        body = next(a for tag, a in self.dom.elements if tag == "body")
        bars = [a for tag, a in self.dom.elements
                if tag == "g" and "data-e" in a and "anomaly" not in a["class"]]
        self.assertEqual(int(body["data-bars"]), len(bars))

    def test_quotes_what_the_run_says(self):
        self.assertIn("<normal>", self.dom.text)
        titles = [a.get("data-t") for a in self.dom.of(css="fault") if "data-t" in a]
        self.assertTrue(any("& its <disk>" in t for t in titles), titles)

    def test_needs_nothing_from_elsewhere(self):
        self.assertIsNone(re.search(r"https?://|@import|url\(|\bsrc=", self.source))
        self.assertEqual([a for tag, a in self.dom.elements if tag == "link"], [])


if __name__ == "__main__":
    unittest.main()
