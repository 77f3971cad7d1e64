#!/usr/bin/env python3
"""Everything that must hold before a change lands.

usage: tools/test [--lane NAME]... [TARGET...]

  --lane NAME   run this lane only; may be given several times
  TARGET        Bazel target patterns; default: //...

The last line is 'N passed, M failed'. N counts the tests that ran in any lane: not those that Bazel
did not run again since nothing they depend on has changed since they passed. M also counts what did
not build. The exit code is 0 when M is 0.
"""
import argparse
import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PLANTED = "tools/presubmit/planted"

# Bazel's exit code when all is well and the lane's tags leave no test.
_NO_TESTS = 4

# A line of the simulator about a seed or an event: "17 0123456789abcdef"; not "17 seeds, ...".
_NUMBERED = re.compile(r"\d+ (?!seeds)")


@dataclasses.dataclass
class Outcome:
    """What became of a lane."""

    passed: int = 0
    unchanged: int = 0
    failures: list = dataclasses.field(default_factory=list)  # One line each.

    def add(self, other):
        self.passed += other.passed
        self.unchanged += other.unchanged
        self.failures += other.failures


@dataclasses.dataclass(frozen=True)
class Lane:
    name: str
    what: str
    run: object  # (Lane, targets) -> Outcome
    without: tuple = ()  # Target patterns that say nothing in this lane.


def bazel(*arguments, **options):
    quiet = [] if sys.stdout.isatty() else ["--config=ci"]
    command = ["bazel", arguments[0], *quiet, *arguments[1:]]
    return subprocess.run(command, cwd=ROOT, check=False, text=True, **options)


def read_events(path):
    """The build events of one bazel call, a JSON object a line."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def outcome_of(events, exit_code, lane):
    """Counts the tests in `events`. Whatever else made bazel fail is a failure as well."""
    outcome = Outcome()
    for event in events:
        if "testSummary" in event:
            summary, label = event["testSummary"], event["id"]["testSummary"]["label"]
            status = summary.get("overallStatus", "NO_STATUS")
            if status != "PASSED":
                outcome.failures.append(f"{lane}: {label}: {status.replace('_', ' ').lower()}")
            elif summary.get("totalNumCached", 0) >= summary.get("totalRunCount", 1):
                outcome.unchanged += 1
            else:
                outcome.passed += 1
        elif not event.get("completed", {"success": True}).get("success", False):
            label = event["id"].get("targetCompleted", {}).get("label", "a target")
            outcome.failures.append(f"{lane}: {label}: does not build")
    outcome.failures = _without_repeats(outcome.failures)
    if exit_code not in (0, _NO_TESTS) and not outcome.failures:
        outcome.failures.append(f"{lane}: bazel failed with code {exit_code}: see above")
    return outcome


def _without_repeats(failures):
    """One line a label: a test that does not build says so in two events."""
    first = {}
    for failure in failures:
        first.setdefault(failure.split(": ")[1], failure)
    return list(first.values())


def run_bazel(command, lane, targets, *flags):
    with tempfile.TemporaryDirectory() as scratch:
        events = os.path.join(scratch, "events.json")
        code = bazel(command, "--keep_going", f"--build_event_json_file={events}", *flags, "--",
                     *targets).returncode
        return outcome_of(read_events(events), code, lane.name)


def run_tests(lane, targets):
    # clang is the default config; a config that is named twice is applied twice.
    flags = [] if lane.name == "clang" else [f"--config={lane.name}"]
    return run_bazel("test", lane, [*targets, *(f"-{one}" for one in lane.without)], *flags)


# The sources that make threads, "path  # why" a line: lint lets no other make one.
MAKE_THREADS = "tools/lint/allow/thread.txt"


def run_threaded(lane, targets):
    """The tests that can have more than one thread."""
    with open(os.path.join(ROOT, MAKE_THREADS), encoding="utf-8") as f:
        sources = threading_sources(f)
    found = subprocess.run(["bazel", "query", threaded_query(targets, sources)], cwd=ROOT,
                           check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if found.returncode != 0:
        sys.stderr.write(found.stderr)
        return Outcome(failures=[f"{lane.name}: {MAKE_THREADS}: bazel query cannot find who uses "
                                 "its files"])
    tests = found.stdout.split()
    return run_tests(lane, tests) if tests else Outcome()


def threaded_query(targets, sources):
    """Bazel leaves a manual test out of a pattern, but not one that is named."""
    threaded = f"tests(rdeps({' + '.join(targets)}, set({' '.join(sources)})))"
    return f"let threaded = {threaded} in $threaded except attr(tags, '\\bmanual\\b', $threaded)"


def threading_sources(lines):
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def run_tidy(lane, targets):
    return run_bazel("build", lane, targets, "--config=tidy")


def run_dependencies(lane, _):
    """The graph that Bazel has, and targets that must not build."""
    outcome = Outcome()
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as graph:
        query = ["bazel", "query", "--output=xml", "--xml:default_values", "--noimplicit_deps"]
        queried = subprocess.run([*query, "//..."], cwd=ROOT, check=False, text=True, stdout=graph,
                                 stderr=subprocess.PIPE)
        check = [sys.executable, "-B", "-m", "tools.lint.dependencies", "--graph", graph.name]
        if queried.returncode != 0:
            sys.stderr.write(queried.stderr)
            outcome.failures.append(f"{lane.name}: //...: bazel query cannot read it")
        elif subprocess.run(check, cwd=ROOT, check=False).returncode != 0:
            outcome.failures.append(f"{lane.name}: //...: arrows that the table lacks")
        else:
            outcome.passed += 1
    for target, reason in planted_targets():
        result = bazel("build", f"--package_path=%workspace%:%workspace%/{PLANTED}", target,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if result.returncode != 0 and reason in result.stderr:
            print(f"{target} does not build: {reason}")
            outcome.passed += 1
        elif result.returncode == 0:
            outcome.failures.append(f"{lane.name}: {target}: builds, and must not")
        else:
            sys.stderr.write(result.stderr)
            outcome.failures.append(f"{lane.name}: {target}: fails, but not since it {reason}")
    return outcome


HASHES_OF = ("run", "--config", "default", "--seeds")
HASHED_COUNT = 1000
HASHED_SEEDS = f"1..{HASHED_COUNT}"

# What the lanes before have built anyway: optimized by clang for the smoke test, by g++ as it is.
SIMULATORS = {"clang": ((), "simulator_with_mutants"), "gcc": (("--config=gcc",), "simulator")}


def run_hashes(lane, _):
    """The same seeds make the same runs, whoever compiled the simulator."""
    programs = {compiler: simulator(compiler) for compiler in SIMULATORS}
    failures = [f"{lane.name}: //tools/simulator: does not build with {compiler}"
                for compiler, program in programs.items() if program is None]
    if failures:
        return Outcome(failures=failures)
    clang, gcc = (simulated(program, HASHED_SEEDS, "--hashes") for program in programs.values())
    difference = first_difference(clang, gcc)
    if difference is None and len(clang) == HASHED_COUNT:
        return Outcome(passed=1)
    if difference is None:
        return Outcome(failures=[f"{lane.name}: //tools/simulator: {len(clang)} hashes of "
                                 f"{HASHED_SEEDS}: see tools/simulate run --hashes"])
    print(f"clang: {difference[0]}\n  gcc: {difference[1]}")
    seed = (difference[0] or difference[1]).split()[0]
    events = first_difference(*(simulated(program, seed, "--trace")
                                for program in programs.values()))
    if events is not None:
        print(f"the first event that differs:\nclang: {events[0]}\n  gcc: {events[1]}")
    return Outcome(failures=[f"{lane.name}: //tools/simulator: seed {seed} is another run with "
                             f"g++: compare what {' and '.join(programs.values())} print of "
                             f"{' '.join(HASHES_OF)} {seed} --trace"])


def simulator(compiler):
    """Builds it; its path, or None."""
    flags, name = SIMULATORS[compiler]
    if bazel("build", *flags, f"//tools/simulator:{name}").returncode != 0:
        return None
    found = bazel("info", *flags, "bazel-bin", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return os.path.join(found.stdout.strip(), "tools", "simulator", name)


def simulated(program, seeds, what):
    """The lines that begin with a seed's, or an event's, number."""
    with tempfile.TemporaryDirectory() as records:
        done = subprocess.run([program, *HASHES_OF, seeds, what, "--dir", records,
                               "--failures-max", "1000000"],
                              check=False, text=True, stdout=subprocess.PIPE)
    return [line for line in done.stdout.splitlines() if _NUMBERED.match(line)]


def first_difference(a, b):
    """The first two lines that differ, "" for one that is not there; None if none do."""
    for pair in itertools.zip_longest(a, b, fillvalue=""):
        if pair[0] != pair[1]:
            return pair
    return None


def planted_targets():
    """(label, what Bazel or the compiler must say)."""
    with open(os.path.join(ROOT, PLANTED, "expected.txt"), encoding="utf-8") as f:
        rows = [line.strip().split(" ", 1) for line in f if line.strip() and line[0] != "#"]
    return [(label, reason.strip()) for label, reason in rows]


LANES = (
    Lane("clang", "all tests with clang 19, lint among them", run_tests),
    Lane("dependencies", "no arrow between packages but those of the table", run_dependencies),
    Lane("asan", "all tests with the address and undefined behaviour sanitizers", run_tests),
    # The simulator has one thread, and workers that are processes.
    Lane("tsan", "all tests of more than one thread with the thread sanitizer", run_threaded,
         without=("//sim/...", "//tools/simulator/...")),
    Lane("gcc", "all tests with g++ 12", run_tests),
    Lane("hashes", "a thousand simulated runs are the same with clang and g++", run_hashes),
    Lane("tidy", "clang-tidy on every source but tests", run_tidy),
)


def minutes(seconds):
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def main(arguments):
    parser = argparse.ArgumentParser(prog="tools/test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("--lane", action="append", choices=[lane.name for lane in LANES])
    parser.add_argument("targets", nargs="*", default=["//..."])
    options = parser.parse_args(arguments)

    lanes = [lane for lane in LANES if not options.lane or lane.name in options.lane]
    total = Outcome()
    for number, lane in enumerate(lanes, 1):
        title = f"[{number}/{len(lanes)}] {lane.name}"
        print(f"{title}: {lane.what}", flush=True)
        start = time.monotonic()
        outcome = lane.run(lane, options.targets)
        print(f"{title}: {outcome.passed} passed, {len(outcome.failures)} failed, "
              f"{outcome.unchanged} unchanged since they passed, "
              f"in {minutes(time.monotonic() - start)}", flush=True)
        total.add(outcome)

    for failure in total.failures:
        print(failure)
    print(f"{total.passed} passed, {len(total.failures)} failed")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
