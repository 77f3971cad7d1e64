"""Tests that wal/doc/invariants.md names are there.

A name is `Suite.Test`, `Suite` (with Test or Property in it) or, after the word "conformance", a
test of the conformance suite.
"""
import re

from tools.lint.tree import Finding

RULE = "proof"
PAGE = "wal/doc/invariants.md"

_DEFINED = re.compile(
    r"^(?:TYPED_TEST|TEST|TEST_F|TEST_P|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)"
    r"\(\s*(\w+),\s*(\w+)", re.M)
_CONFORMANCE = "WalImplsConformance"
_NAMED = re.compile(r"`([A-Z]\w+)\.([A-Z]\w+)`")
_SUITE = re.compile(r"`([A-Z]\w*(?:Test|Property)\w*)`")
_OF_CONFORMANCE = re.compile(r"\bconformance ((?:`[A-Z]\w+`(?:, )?)+)")


def _claims(line):
    """(suite, test or None) for each that the line names."""
    for suite, test in _NAMED.findall(line):
        yield suite, test
    for suite in _SUITE.findall(line):
        yield suite, None
    for names in _OF_CONFORMANCE.findall(line):
        for test in re.findall(r"`(\w+)`", names):
            if not _SUITE.match(f"`{test}`"):
                yield _CONFORMANCE, test


def check_tree(files):
    defined = set()
    page = None
    for source in files:
        if source.path == PAGE:
            page = source
        elif source.extension == ".cc":
            for suite, test in _DEFINED.findall(source.text):
                defined.update({(suite, test), (suite, None)})
    if page is None:
        return
    for number, line in enumerate(page.lines, 1):
        for suite, test in _claims(line):
            if (suite, test) not in defined:
                name = suite if test is None else f"{suite}.{test}"
                yield Finding(PAGE, number, RULE, f"{name} is no test: name the one that proves it")
