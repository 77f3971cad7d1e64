#!/usr/bin/env python3
"""Checks the whole tree by the rules under tools/lint/rules.

usage: tools/lint/lint.py [PATH...]      only prints findings in these files or directories
"""
import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
if __name__ == "__main__" and not __package__:  # Called by its path, not as a module.
    sys.dont_write_bytecode = True
    sys.path[0] = _ROOT

from tools.lint import tree  # pylint: disable=wrong-import-position
from tools.lint.rules import await_rule, banned_rule, build_rule, guard_rule, include_rule
from tools.lint.rules import order_rule, proof_rule, size_rule, text_rule

_FILE_RULES = (await_rule, build_rule, guard_rule, order_rule, size_rule, text_rule)


def findings_in(files):
    paths = {source.path for source in files}
    found = [*banned_rule.check(files), *build_rule.check_tree(files),
             *include_rule.check_tree(files), *proof_rule.check_tree(files)]
    for source in files:
        for rule in _FILE_RULES:
            found.extend(rule.check(source))
        found.extend(text_rule.check_markdown(source, paths))
    return sorted(set(found))


def main(arguments):
    wanted = tuple(os.path.relpath(a, _ROOT) for a in arguments)
    files = tree.read_tree(_ROOT)

    def is_wanted(finding):
        return not wanted or any(
            finding.path == w or finding.path.startswith(w.rstrip("/") + "/") for w in wanted)

    for source in files:
        for warning in size_rule.warnings(source):
            if is_wanted(warning):
                print(f"{warning} (a warning)")
    found = [f for f in findings_in(files) if is_wanted(f)]
    for finding in found:
        print(finding)
    print(f"{len(files)} files read, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
