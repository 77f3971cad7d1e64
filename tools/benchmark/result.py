"""The result of a run, as tables and page need it: rows by kind of work, and numbers as text."""
import dataclasses
import json

VERSION = 1

# Kinds of work in the order in which they are shown: (work, in flight) -> title.
TITLES = {
    ("append", 1): "Append, 1 in flight",
    ("append", 64): "Append, 64 in flight",
    ("append", 1024): "Append, 1024 in flight",
    ("append_threads", 64): "Append, 64 threads that wait",
    ("batch", 1): "Append, batches of 64",
    ("scan", 0): "Scan, verified",
    ("open", 0): "Open",
    ("visible", 1): "Append until a reader has it",
    ("visible_after_ack", 1): "Acknowledgement until a reader has it",
    ("idle_cpu", 0): "Idle channels: processor",
    ("idle_wakes", 0): "Idle channels: wake-ups",
    ("idle_memory", 0): "Idle channels: memory",
}


class BadResult(Exception):
    """What was read is no result of a run."""


@dataclasses.dataclass(frozen=True)
class Group:
    """The rows of one kind of work, in the order measured."""

    key: tuple
    rows: tuple

    @property
    def title(self):
        return TITLES.get(self.key) or f"{self.key[0]}, {self.key[1]} in flight"

    @property
    def payloads(self):
        return sorted({row["payload"] for row in self.rows})

    @property
    def has_raw(self):
        return any(row["raw_median"] is not None for row in self.rows)

    def at(self, payload):
        return [row for row in self.rows if row["payload"] == payload]


def parse(text):
    try:
        result = json.loads(text)
        version = result["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadResult("it is no JSON of tools/bench --json") from error
    if version != VERSION:
        raise BadResult(f"it has version {version}, and {VERSION} is read here")
    return result


def groups(result):
    """Known kinds in their order, others behind them."""
    found = {}
    for row in result["rows"]:
        found.setdefault((row["work"], row["in_flight"]), []).append(row)
    order = [key for key in TITLES if key in found] + [key for key in found if key not in TITLES]
    return [Group(key, tuple(found[key])) for key in order]


def size(count):
    """Bytes of a payload: 128 B, 4 KiB."""
    if count >= 1 << 20 and count % (1 << 20) == 0:
        return f"{count >> 20} MiB"
    if count >= 1 << 10 and count % (1 << 10) == 0:
        return f"{count >> 10} KiB"
    return f"{count} B"


def number(value):
    """Three digits that count: 1.43 M, 189 k, 7.02 k, 85.3, 0.912."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k"), (1, "")):
        # 999.6 k is 1.00 M.
        if abs(value) >= limit * 0.9995 or limit == 1:
            scaled = value / limit
            digits = 0 if abs(scaled) >= 99.95 else 1 if abs(scaled) >= 9.995 else 2
            if limit == 1 and abs(scaled) < 1:
                digits = 3
            return f"{scaled:.{digits}f}{unit}"
    raise AssertionError("the last limit takes everything")


def ratio(value):
    return "-" if value is None else f"{value:.2f}"


def rate(value, unit):
    """A number with its unit: 189 k/s, 5.7 GB/s, 131 us."""
    if value is None:
        return "-"
    if unit == "records/s":
        return f"{number(value)}/s"
    if unit == "MB/s":
        return f"{number(value * 1e6)}B/s"
    return f"{number(value)} {unit}"


def spoiled(result):
    """A line for each sample that was not used."""
    lines = []
    for group in groups(result):
        for row in group.rows:
            where = f"{group.title}, {size(row['payload'])}, {row['subject']}"
            lines.extend(f"{where}: {reason}" for reason in row["spoiled"])
    return lines
