"""A page as a browser makes it, for tests."""

import html.parser
import os
import subprocess
import tempfile


class Elements(html.parser.HTMLParser):
    """All elements with their attributes, and the text of the page."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def of(self, tag=None, css=None):
        """The attributes of those with this tag, and of this class."""
        return [a for t, a in self.elements
                if tag in (None, t) and (css is None or css in (a.get("class") or "").split())]


def dump_dom(page):
    """What Chromium makes of the page once its script has run."""
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             f"--user-data-dir={profile}", "--dump-dom", f"file://{page}"],
            capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "HOME": profile})
    if done.returncode != 0:
        raise AssertionError(f"chromium ended with {done.returncode}: {done.stderr}")
    return done.stdout
