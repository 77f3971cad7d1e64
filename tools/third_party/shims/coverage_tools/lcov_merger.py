#!/usr/bin/env python3
"""Merges gcov's JSON files and lcov tracefiles into one lcov tracefile.

Bazel calls it in two ways:
  for each test:  --coverage_dir=DIR --output_file=F --filter_sources=RE... --source_file_manifest=F
  for all tests:  --reports_file=F --output_file=F
"""
import argparse
import collections
import gzip
import json
import os
import re


class SourceCoverage:
    """The counters of one source file."""

    def __init__(self):
        self.lines = collections.Counter()
        self.function_lines = {}
        self.calls = collections.Counter()
        self.branches = collections.Counter()  # (line, block, branch) -> times taken

    def write(self, name, out):
        def record(key, *values):
            print(f"{key}:{','.join(str(v) for v in values)}", file=out)

        record("SF", name)
        for function, line in sorted(self.function_lines.items(), key=lambda f: (f[1], f[0])):
            record("FN", line, function)
        for function in sorted(self.function_lines):
            record("FNDA", self.calls[function], function)
        record("FNF", len(self.function_lines))
        record("FNH", sum(self.calls[f] > 0 for f in self.function_lines))
        for (line, block, branch), taken in sorted(self.branches.items()):
            record("BRDA", line, block, branch, taken)
        if self.branches:
            record("BRF", len(self.branches))
            record("BRH", sum(t > 0 for t in self.branches.values()))
        for line, count in sorted(self.lines.items()):
            record("DA", line, count)
        record("LH", sum(c > 0 for c in self.lines.values()))
        record("LF", len(self.lines))
        print("end_of_record", file=out)


def read_gcov_json(path, sources):
    with gzip.open(path, "rt") as f:
        report = json.load(f)
    for entry in report["files"]:
        source = sources[os.path.normpath(entry["file"])]
        for function in entry["functions"]:
            source.function_lines[function["name"]] = function["start_line"]
            source.calls[function["name"]] += function["execution_count"]
        for line in entry["lines"]:
            number = line["line_number"]
            source.lines[number] += line["count"]
            for index, branch in enumerate(line.get("branches", [])):
                if not branch.get("throw"):
                    source.branches[(number, 0, index)] += branch["count"]


def read_lcov(path, sources):
    source = None
    with open(path, encoding="utf-8") as f:
        for row in f:
            key, _, value = row.strip().partition(":")
            if key == "SF":
                source = sources[value]
            elif key == "FN":
                line, name = value.split(",", 1)
                source.function_lines[name] = int(line)
            elif key == "FNDA":
                count, name = value.split(",", 1)
                source.calls[name] += int(count)
            elif key == "DA":
                line, count = value.split(",")[:2]
                source.lines[int(line)] += int(count)
            elif key == "BRDA":
                line, block, branch, taken = value.split(",")
                taken = 0 if taken == "-" else int(taken)
                source.branches[(int(line), int(block), int(branch))] += taken


def read_directory(directory, output_file, sources):
    for root, _, names in os.walk(directory):
        for name in sorted(names):
            path = os.path.join(root, name)
            if name.endswith(".gcov.json.gz"):
                read_gcov_json(path, sources)
            elif name.endswith(".dat") and os.path.getsize(path):
                if not (os.path.exists(output_file) and os.path.samefile(path, output_file)):
                    read_lcov(path, sources)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coverage_dir")
    parser.add_argument("--reports_file")
    parser.add_argument("--output_file", required=True)
    parser.add_argument("--filter_sources", action="append", default=[])
    parser.add_argument("--source_file_manifest")
    args, _ = parser.parse_known_args()

    sources = collections.defaultdict(SourceCoverage)
    if args.reports_file:
        with open(args.reports_file, encoding="utf-8") as f:
            for path in f.read().split():
                if os.path.exists(path):
                    read_lcov(path, sources)
    if args.coverage_dir:
        read_directory(args.coverage_dir, args.output_file, sources)

    unwanted = [re.compile(p) for p in args.filter_sources]
    wanted = None
    if args.source_file_manifest and os.path.exists(args.source_file_manifest):
        with open(args.source_file_manifest, encoding="utf-8") as f:
            wanted = {row.strip() for row in f if not row.strip().endswith((".gcno", ".em"))}

    with open(args.output_file, "w", encoding="utf-8") as out:
        for name, source in sorted(sources.items()):
            if name.startswith("/") or any(p.fullmatch(name) for p in unwanted):
                continue
            if source.lines and (wanted is None or name in wanted):
                source.write(name, out)


if __name__ == "__main__":
    main()
