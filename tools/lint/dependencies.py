"""Compares the arrows between packages with the table in dependencies.txt.

usage: dependencies.py                 reads the BUILD files of the tree
       dependencies.py --graph FILE    reads what bazel query wrote, with --output=xml and
                                       --xml:default_values
"""
import dataclasses
import fnmatch
import os
import re
import sys
import xml.etree.ElementTree

from tools.lint import build_files, tree
from tools.lint.tree import Finding

RULE = "dependency"
TABLE = "tools/lint/dependencies.txt"
_NOT_OURS = re.compile(r"^tools/(?:third_party/shims|presubmit/planted)/")


@dataclasses.dataclass
class Table:
    """The parsed table: room -> rooms, room -> visibility labels, and the exceptions."""

    depends: dict
    seen_by: dict
    target_depends: list  # (pattern, room)
    target_seen_by: list  # (pattern, label)
    users_of: dict  # third-party repository -> packages; of one that not all may use


def parse_table(text):
    table = Table({}, {}, [], [], {})
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        exception = re.match(r"target\s+(\S+)\s+may (depend on|be seen by)\s+(.+)$", line)
        if exception:
            pattern, what, values = exception.groups()
            into = table.target_depends if what == "depend on" else table.target_seen_by
            into.extend((pattern, value) for value in values.split())
            continue
        library = re.match(r"library\s+(\S+)\s+may be used by\s+(.+)$", line)
        if library:
            table.users_of[library.group(1)] = library.group(2).split()
            continue
        # Rooms, then who sees it: labels or 'public'. '-' is for none.
        room, *words = line.split()
        table.seen_by[room] = {w for w in words if w.startswith("//") or w == "public"}
        table.depends[room] = set(words) - table.seen_by[room] - {"-"}
    return table


def room_of(package):
    """The name in the table, and the room itself: impls/x are rooms of their own."""
    if not package:
        return ":node", ":node"
    parts = package.split("/")
    return parts[0], "/".join(parts[:2]) if parts[0] == "impls" else parts[0]


def package_of(label):
    return label[2:].split(":")[0]


def _short(target):
    return f"{target.package}:{target.name}"


def _check_arrows(target, table):
    name, room = room_of(target.package)
    for label in target.labels:
        if label.startswith("@") or label.startswith("//visibility:"):
            continue
        other_name, other_room = room_of(package_of(label))
        allowed = other_room == room or other_name in table.depends.get(name, ()) and not (
            other_name == name)
        allowed = allowed or any(
            fnmatch.fnmatch(_short(target), pattern) and other == other_name
            for pattern, other in table.target_depends)
        # Any test may run on what the simulator shows to every test.
        allowed = allowed or target.testonly and any(
            fnmatch.fnmatch(label[2:], pattern) for pattern, _ in table.target_seen_by)
        if not allowed:
            yield Finding(target.path, target.line, RULE,
                          f"{target.label} depends on {label}, and {room} may not depend on "
                          f"{other_room}: {TABLE}")


def _check_libraries(target, table):
    for label in target.labels:
        users = table.users_of.get(label[1:].split("//")[0]) if label[0] == "@" else None
        if users is None or any(
                target.package == u or target.package.startswith(u + "/") for u in users):
            continue
        yield Finding(target.path, target.line, RULE,
                      f"{target.label} depends on {label}, which only {' and '.join(users)} may "
                      f"use: {TABLE}")


def _check_visibility(target, table):
    name, room = room_of(target.package)
    allowed = set(table.seen_by.get(name, ()))
    allowed.update(value for pattern, value in table.target_seen_by
                   if fnmatch.fnmatch(_short(target), pattern))
    # Bazel 4 says of every config_setting that it is public, and shows it to everybody.
    if "public" in allowed or target.kind == "config_setting":
        return
    for label in target.visibility or ():
        if label == "//visibility:private" or label in allowed:
            continue
        viewer, viewer_room = room_of(package_of(label))
        if label.startswith("//:") or label == "//visibility:public":
            fits = False
        else:
            fits = viewer_room == room or (
                viewer in ("sim", "tools") and "//:tests_and_tools" in allowed)
        if not fits:
            yield Finding(target.path, target.line, RULE,
                          f"{target.label} is visible to {label}, and {room} may be seen by "
                          f"{' '.join(sorted(allowed)) or 'nobody'} only: {TABLE}")


def _check_testonly(target):
    parts = target.package.split("/")
    compiles = target.kind in ("cc_library", "cc_binary")
    if compiles and not target.testonly and (parts[0] == "sim" or "testing" in parts):
        yield Finding(target.path, target.line, RULE,
                      f"{target.label} is for tests and does not say so: default_testonly = True")


def check(targets, table):
    findings = []
    for target in targets:
        if _NOT_OURS.match(target.path):
            continue
        name, _ = room_of(target.package)
        if name not in table.depends:
            findings.append(Finding(target.path, target.line, RULE,
                                    f"{target.label}: {TABLE} does not know {name}"))
            continue
        findings.extend(_check_arrows(target, table))
        findings.extend(_check_libraries(target, table))
        findings.extend(_check_visibility(target, table))
        findings.extend(_check_testonly(target))
    return sorted(set(findings))


def targets_of_graph(path, root):
    """The rules in the XML that bazel query writes."""
    for rule in xml.etree.ElementTree.parse(path).getroot().findall("rule"):
        label = rule.get("name")
        location, line = re.match(r"(.*?):(\d+)", rule.get("location")).groups()
        visibility = tuple(v.get("value")
                           for v in rule.findall("list[@name='visibility']/label"))
        testonly = rule.find("boolean[@name='testonly']")
        yield build_files.Target(
            package_of(label), label.split(":")[1], rule.get("class"),
            os.path.relpath(location, root), int(line),
            tuple(i.get("name") for i in rule.findall("rule-input")), visibility or None,
            rule.get("class").endswith("_test")
            or testonly is not None and testonly.get("value") == "true")


def main(arguments):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    with open(os.path.join(root, TABLE), encoding="utf-8") as f:
        table = parse_table(f.read())
    if arguments[:1] == ["--graph"]:
        targets = list(targets_of_graph(arguments[1], root))
    else:
        targets = [target for source in tree.read_tree(root) if source.is_build
                   for target in build_files.targets_of(source)]
    found = check(targets, table)
    for finding in found:
        print(finding)
    arrows = sum(len(t.labels) for t in targets)
    print(f"{len(targets)} targets and {arrows} arrows read, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
