"""What the log may not use, because a seed could not replay it or a reader not see it.

An exception is a line in tools/lint/allow/RULE.txt: 'path  # why'. Those lists only shrink: an
entry whose file no longer needs it is an error.
"""
import dataclasses
import re

from tools.lint import cpp
from tools.lint.tree import Finding

ALLOW_DIRECTORY = "tools/lint/allow"


@dataclasses.dataclass(frozen=True)
class Ban:
    rule: str
    pattern: re.Pattern
    instead: str


def _ban(rule, pattern, instead):
    return Ban(rule, re.compile(pattern), instead)


_CALL = r"(?<![\w.>:])(?:std::|::)?"

BANS = (
    _ban("clock",
         r"std::chrono::\w+_clock|\babsl::(?:Now|GetCurrentTimeNanos)\b|\b__rdtsc\b"
         r"|\bclock_gettime\b|\bgettimeofday\b|\btimespec_get\b"
         r"|%stime\s*\(\s*(?:nullptr|NULL|0|&)" % _CALL,
         "time comes from the Executor's or Runtime's Now()"),
    _ban("thread",
         r"\bstd::j?thread\b(?!::)|\bpthread_create\b|\bstd::async\b|\bthrd_create\b",
         "work runs on an Executor, blocking calls under Runtime::RunBlocking()"),
    _ban("sleep",
         r"\babsl::SleepFor\b|\bstd::this_thread::sleep\w*"
         r"|%s(?:u|nano|clock_nano)?sleep\s*\(" % _CALL,
         "arm a Timer, or wait for the event itself"),
    _ban("random",
         r"\bstd::random_device\b|\bstd::(?:mt19937|minstd_rand|default_random_engine)\w*"
         r"|\babsl::(?:InsecureBitGen|BitGen)\b|\bgetrandom\b|\bgetentropy\b|\barc4random\w*"
         r"|%ss?rand(?:_r|48)?\s*\(" % _CALL,
         "random numbers come from Runtime::MakeRandom()"),
    _ban("unordered",
         r"\bstd::unordered_\w+",
         "absl::flat_hash_map for lookup only, absl::btree_map for what is iterated"),
    _ban("throw", r"\bthrow\b", "return an absl::Status"),
    _ban("new",
         # Owned in the same expression: absl::WrapUnique(new T), std::unique_ptr<T>(new T).
         r"(?<!operator )(?<!WrapUnique\()(?<!>\()\bnew\s+(?=[A-Za-z_:])"
         r"|(?<!operator )\bnew\s*\(\s*std::nothrow"
         r"|\b(?:malloc|calloc|realloc)\s*\(",
         "std::make_unique, a container or a pool owns what is allocated"),
    _ban("volatile", r"\bvolatile\b", "std::atomic, or a mutex"),
    _ban("dynamic_cast", r"\bdynamic_cast\b|\btypeid\b", "a virtual method says what differs"),
)


def allow_path(rule):
    return f"{ALLOW_DIRECTORY}/{rule}.txt"


def read_allowed(files):
    """rule -> path -> line number in its list; and what is wrong with the lists themselves."""
    allowed, findings = {}, []
    rules = {ban.rule for ban in BANS}
    for source in files:
        if not source.path.startswith(ALLOW_DIRECTORY + "/"):
            continue
        rule = source.name.removesuffix(".txt")
        if rule not in rules:
            findings.append(Finding(source.path, 1, "allow", "no rule of this name: delete it"))
            continue
        entries = allowed.setdefault(rule, {})
        for number, line in enumerate(source.lines, 1):
            path, _, why = line.partition("#")
            path = path.strip()
            if not path:
                continue
            if not why.strip():
                findings.append(Finding(source.path, number, "allow",
                                        f"{path} has no reason: write '{path}  # why'"))
            entries[path] = number
    return allowed, findings


def check(files):
    allowed, findings = read_allowed(files)
    used = set()
    for source in files:
        if not source.is_cpp:
            continue
        text = cpp.blank(source.text)
        for ban in BANS:
            for match in ban.pattern.finditer(text):
                if source.path in allowed.get(ban.rule, {}):
                    used.add((ban.rule, source.path))
                    continue
                findings.append(Finding(
                    source.path, source.line_at(match.start()), ban.rule,
                    f"'{match.group().strip()}' is not for here: {ban.instead}"))
    for rule, entries in allowed.items():
        for path, number in entries.items():
            if (rule, path) not in used:
                findings.append(Finding(
                    allow_path(rule), number, "allow",
                    f"{path} no longer needs this exception: delete the line"))
    return findings
