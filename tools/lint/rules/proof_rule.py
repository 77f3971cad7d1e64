"""Tests, checkers, scenarios and mutants that the pages of proofs name are there.

A test is `Suite.Test`, `Suite` (with Test or Property in it) or, after the word "conformance", a
test of the conformance suite. A checker follows the word "checker", and says itself that the rule
of the row is among those it checks. A scenario follows the word "scenario", a mutant "mutant".

wal/doc/milvus_defects.md has a row for each defect, numbered from 1 without a gap. It names at
least one of those, or begins its answer with "cannot:" or "not yet:" and says why.
"""
import re

from tools.lint.tree import Finding

RULE = "proof"
PAGE = "wal/doc/invariants.md"
DEFECTS = "wal/doc/milvus_defects.md"

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
_OF_SCENARIO = re.compile(r"\bscenarios? ((?:`\w+`(?:, )?)+)")
_OF_MUTANT = re.compile(r"\bmutants? ((?:`[a-z-]+`(?:, )?)+)")
_SCENARIO = re.compile(r'^    \{"(\w+)",', re.M)
_MUTANT = re.compile(r'MutantEntry\{Mutant::\w+,\s*"([a-z-]+)"')
_DEFECT_ROW = re.compile(r"^\| (\d+) \|.*\| (.*) \|$")
_EXCUSE = re.compile(r"(?:cannot|not yet): \w")
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


def _named(pattern, line):
    for names in pattern.findall(line):
        yield from re.findall(r"`([\w-]+)`", names)


class _Known:
    """What there is to be named."""

    def __init__(self, files):
        self.checked = _checked(files)
        self.tests = set()
        self.scenarios = set()
        self.mutants = set()
        for source in files:
            if source.extension != ".cc":
                continue
            for suite, test in _DEFINED.findall(source.text):
                self.tests.update({(suite, test), (suite, None)})
            if source.path.startswith("sim/scenario/"):
                self.scenarios.update(_SCENARIO.findall(source.text))
            if source.path == "sim/mutant/catalog.cc":
                self.mutants.update(_MUTANT.findall(source.text))

    def wrong(self, line):
        """A sentence for each name in the line that names nothing."""
        for suite, test in _claims(line):
            if (suite, test) not in self.tests:
                name = suite if test is None else f"{suite}.{test}"
                yield f"{name} is no test: name the one that proves it"
        for rule, name in _claimed_checkers(line):
            if (rule, name) not in self.checked:
                yield f"no checker {name} checks {rule}"
        for name in _named(_OF_SCENARIO, line):
            if name not in self.scenarios:
                yield f"{name} is no scenario of sim/scenario"
        for name in _named(_OF_MUTANT, line):
            if name not in self.mutants:
                yield f"{name} is no mutant of sim/mutant"


def _wrong_defects(page):
    """(line, sentence) for each defect that is left out, or has no answer."""
    count = 0
    for number, line in enumerate(page.lines, 1):
        row = _DEFECT_ROW.match(line)
        if row is None:
            continue
        count += 1
        if int(row.group(1)) != count:
            yield number, f"defect {row.group(1)} is in the place of {count}"
        answer = row.group(2)
        proofs = [*_claims(answer), *_named(_OF_SCENARIO, answer), *_named(_OF_MUTANT, answer)]
        if not proofs and not _EXCUSE.match(answer):
            yield number, 'name what would notice it, or begin with "cannot: " or "not yet: "'


def check_tree(files):
    files = list(files)
    pages = [source for source in files if source.path in (PAGE, DEFECTS)]
    if not pages:
        return
    known = _Known(files)
    for page in pages:
        for number, line in enumerate(page.lines, 1):
            for sentence in known.wrong(line):
                yield Finding(page.path, number, RULE, sentence)
        if page.path == DEFECTS:
            for number, sentence in _wrong_defects(page):
                yield Finding(page.path, number, RULE, sentence)
