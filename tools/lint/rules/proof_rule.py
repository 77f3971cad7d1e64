"""Tests and checkers that wal/doc/invariants.md names are there.

A test is `Suite.Test`, `Suite` (with Test or Property in it) or, after the word "conformance", a
test of the conformance suite. A checker follows the word "checker", and says itself that the rule
of the row is among those it checks.
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
_RULE_OF_ROW = re.compile(r"^\| ([A-H][0-9]) \|")
_OF_CHECKER = re.compile(r"\bchecker ((?:`[a-z-]+`(?:, )?)+)")
_CHECKER = re.compile(r'\breturn \{"([a-z-]+)", Check')
_CHECKED_RULE = re.compile(r'\{"[a-z-]+", "([A-H][0-9])"\}')


def _checked(files):
    """(rule, checker) for each rule that a checker says it checks."""
    return {(rule, name) for source in files if source.path.startswith("sim/check/")
            for name in _CHECKER.findall(source.text)
            for rule in _CHECKED_RULE.findall(source.text)}


def _claimed_checkers(line):
    row = _RULE_OF_ROW.match(line)
    for names in _OF_CHECKER.findall(line) if row else ():
        for name in re.findall(r"`([a-z-]+)`", names):
            yield row.group(1), name


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
    files = list(files)
    checked = _checked(files)
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
        for rule, name in _claimed_checkers(line):
            if (rule, name) not in checked:
                yield Finding(PAGE, number, RULE, f"no checker {name} checks {rule}")
