"""Counts the instructions of an append by callgrind, and keeps them in a table.

usage: instructions.py check|write LOOP      LOOP: the program //tools/benchmark:append_loop
"""
import itertools
import os
import re
import subprocess
import sys
import tempfile

TABLE = "tools/benchmark/instructions.md"
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

# (backend, subject, bytes of payload, appends in flight)
CASES = tuple(itertools.product(("memory", "file"), ("backend", "adaptor"), (128, 1024), (1, 64)))
_COUNT = 4096
_MEASURED = "*MeasuredAppends*"

# Callgrind repeats nearly to the instruction: it differs by where the heap lies.
_WORSE = 1.03

_HEAD = """# Instructions an append

Written by `tools/benchmark/instructions write`; `tools/benchmark/instructions` compares. From the
call of `Append()` to its result on the client's coroutine, {count} appends, user space only, by
valgrind's callgrind on one thread: what the log, its backend, message blocks, CRC32C, futures and
the test runtime's scheduler execute, and not what the kernel does. Messages are built before. The
test runtime takes the place of the threads, so a count is the same in each run, on whatever machine
the same compiler was used ({compiler}, `-O2`).

| backend | subject | payload | in flight | instructions an append |
|---|---|---|---|---|
"""
_ROW = re.compile(r"\| (\w+) \| (\w+) \| (\d+) \| (\d+) \| (\d+) \|$")


def compiler_of(loop):
    """The version string that the compiler left in the program."""
    comment = subprocess.run(["readelf", "-p", ".comment", loop], check=True, capture_output=True,
                             text=True).stdout
    # Debian's start-up code is of its own compiler.
    found = re.search(r"clang version \d+\.\d+", comment) or re.search(r"GCC: .*", comment)
    return found.group() if found else "an unknown compiler"


def collected(stderr):
    """What callgrind says it has counted."""
    found = re.search(r"Collected\s*:\s*(\d+)", stderr)
    if not found or int(found.group(1)) == 0:
        raise SystemExit(f"instructions: callgrind counted nothing; it said:\n{stderr}")
    return int(found.group(1))


def count(loop, case, directory):
    backend, subject, payload, in_flight = case
    with tempfile.TemporaryDirectory(dir=directory) as work:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             f"--toggle-collect={_MEASURED}", loop, "--backend", backend, "--subject", subject,
             "--payload", str(payload), "--in-flight", str(in_flight), "--count", str(_COUNT),
             "--dir", work],
            capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"instructions: {' '.join(map(str, case))}: {done.stderr[-2000:]}")
    return collected(done.stderr) / _COUNT


def table_of(counts, compiler):
    lines = [_HEAD.format(count=_COUNT, compiler=compiler)]
    for case, instructions in counts.items():
        lines.append(f"| {' | '.join(map(str, case))} | {instructions:.0f} |\n")
    return "".join(lines)


def read_table(text):
    counts = {}
    for line in text.splitlines():
        row = _ROW.match(line)
        if row:
            backend, subject, payload, in_flight, instructions = row.groups()
            counts[backend, subject, int(payload), int(in_flight)] = int(instructions)
    return counts


def worse(before, now):
    """A line for each case that takes more than before, or that the table lacks."""
    for case, instructions in now.items():
        name = "{} {}, {} bytes, {} in flight".format(*case)
        if case not in before:
            yield f"{name}: the table lacks it"
        elif instructions > before[case] * _WORSE:
            yield (f"{name}: {instructions:.0f} instructions, {before[case]} before "
                   f"({100 * instructions / before[case] - 100:+.1f}%)")


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("check", "write"):
        sys.stderr.write(__doc__)
        return 2
    action, loop = arguments
    counts = {}
    for case in CASES:
        counts[case] = count(loop, case, os.environ.get("TMPDIR", "/var/tmp"))
        print(f"{counts[case]:8.0f}  " + "{} {}, {} bytes, {} in flight".format(*case), flush=True)
    path = os.path.join(_ROOT, TABLE)
    if action == "write":
        with open(path, "w", encoding="utf-8") as f:
            f.write(table_of(counts, compiler_of(loop)))
        return 0
    with open(path, encoding="utf-8") as f:
        found = list(worse(read_table(f.read()), counts))
    for line in found:
        print(line)
    if found:
        print(f"if that is meant: tools/benchmark/instructions write, and commit {TABLE}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
