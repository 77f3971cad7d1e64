"""What a run tells at its end."""

import collections
import re

_LATENCY = re.compile(rb'"latency_us":(\d+)\}')


class Latencies:
    """Exact percentiles of what `append --json --latency` prints, in the memory of the different
    values."""

    def __init__(self):
        self._counts = collections.Counter()

    def add_from(self, lines):
        self._counts.update(map(int, _LATENCY.findall(lines)))

    def percentile(self, percent):
        rank = self._counts.total() * percent // 100
        for value in sorted(self._counts):
            rank -= self._counts[value]
            if rank < 0:
                return value
        return 0

    def rows(self):
        return [(f"latency p{percent}", f"{self.percentile(percent) / 1000:.2f} ms")
                for percent in (50, 99)]


def print_table(rows):
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
