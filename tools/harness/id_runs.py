"""Which lines of an input are stored, and under which ids, in little memory."""

import array


class IdRuns:
    """Lines and their ids, both increasing, as runs of neighbours: (line, id, how many)."""

    def __init__(self):
        self._lines = array.array("Q")
        self._ids = array.array("Q")
        self._counts = array.array("Q")
        self._next_line = 0
        self.count = 0

    def skip(self, count):
        """So many lines have no id."""
        self._next_line += count

    def extend(self, ids):
        """The next lines have these ids.  False: they do not increase."""
        start = 0
        while start < len(ids):
            end = _run_end(ids, start)
            if not self._add(ids[start], end - start):
                return False
            start = end
        return True

    def _add(self, first, count):
        line, self._next_line = self._next_line, self._next_line + count
        self.count += count
        if self._ids:
            next_id = self._ids[-1] + self._counts[-1]
            if first < next_id:
                return False
            if first == next_id and line == self._lines[-1] + self._counts[-1]:
                self._counts[-1] += count
                return True
        self._lines.append(line)
        self._ids.append(first)
        self._counts.append(count)
        return True

    def runs(self):
        return zip(self._lines, self._ids, self._counts)


def _run_end(ids, start):
    """Where the run ends that begins at `start`: [7, 8, 9, 12] has the runs 7 to 9 and 12."""
    low, high = start + 1, len(ids)
    if ids[start:] == list(range(ids[start], ids[start] + high - start)):
        return high
    while low < high and ids[low] == ids[low - 1] + 1:
        low += 1
    return low


def compare(acknowledged, stored):
    """(lost, misplaced): how many of the one are not among the other, or there as another line."""
    found = misplaced = 0
    others = list(stored.runs())
    position = 0
    for line, first, count in acknowledged.runs():
        while position < len(others) and others[position][1] + others[position][2] <= first:
            position += 1
        at = position
        while at < len(others) and others[at][1] < first + count:
            other_line, other_first, other_count = others[at]
            both = min(first + count, other_first + other_count) - max(first, other_first)
            found += both
            if first - line != other_first - other_line:
                misplaced += both
            at += 1
    return acknowledged.count - found, misplaced
