"""What must be true after a takeover: judged by what all said and what the log holds."""

import dataclasses
import re

from tools.harness.log import FENCED, Failure, payload_of

_COUNTS = re.compile(r"\((\d+) records are stored; (\d+) more may be\)$")


@dataclasses.dataclass
class Evidence:
    writers: list  # What each told, in the order of their terms; the last two are old and new.
    records: list  # Of `cat --json`.
    segments: list  # Of `verify --json`.


def check(evidence):
    """Raises Failure unless everything holds."""
    old, new = evidence.writers[-2:]
    if new.code != 0 or len(new.ids) != new.given:
        raise Failure(f"the new writer ended with {new.code} and {len(new.ids)} of {new.given} "
                      f"acknowledged: {new.error}")
    unknown = _check_end(old)
    shown = _check_order(evidence)
    for writer in evidence.writers:
        _check_acknowledged(writer, shown[writer.name])
    if len(shown["old"]) > len(old.ids) + unknown:
        raise Failure(f"{len(shown['old'])} records of the old writer are visible, which told of "
                      f"{len(old.ids)} acknowledged and {unknown} unknown")
    _check_boundary(evidence, shown)


def _check_end(old):
    """Yields how many records may be visible that the old writer did not acknowledge."""
    if old.code == 0 and len(old.ids) == old.given:
        return 0  # It had stored all it was given; at its close there was nothing left to fence.
    error = old.error.rstrip("\n")
    if old.code != FENCED:
        raise Failure(f"the old writer ended with {old.code}, and not with {FENCED}: {error}")
    if not error.startswith("walctl: ") or "open" not in error or "\n" in error:
        raise Failure(f"the old writer does not say in one sentence who fenced it: {error}")
    counts = _COUNTS.search(error)
    if counts is None:
        if old.ids:
            raise Failure(f"the old writer does not say what it stored: {error}")
        return 0  # Its open failed.
    if int(counts[1]) != len(old.ids):
        raise Failure(f"the old writer acknowledged {len(old.ids)}, and says: {error}")
    return int(counts[2])


def _check_order(evidence):
    """Writer after writer, line after line from the first, and nothing else.  By writer, the ids of
    its records."""
    shown = {writer.name: [] for writer in evidence.writers}
    writers = iter(evidence.writers)
    writer = next(writers)
    last = 0
    for record in evidence.records:
        number = int(record["id"].rsplit(".", 1)[1])
        if number <= last:
            raise Failure(f"{record['id']} does not lie behind the record before it")
        last = number
        name, line = payload_of(record).decode().split()[:2]
        while name != writer.name:
            writer = next(writers, None)
            if writer is None:
                raise Failure(f"{record['id']} holds '{name} {line}' behind a later writer's")
        if int(line) != len(shown[name]) + 1:
            raise Failure(f"{record['id']} holds '{name} {line}' behind {len(shown[name])} of it")
        if record["term"] != writer.term:
            raise Failure(f"{record['id']} of the {name} writer has term {record['term']}")
        shown[name].append(number)
    return shown


def _check_acknowledged(writer, shown):
    if len(shown) > writer.given:
        raise Failure(f"{len(shown)} records of the {writer.name} writer are visible, and it was "
                      f"given {writer.given}")
    if shown[:len(writer.ids)] != writer.ids:
        at = next(i for i, number in enumerate(writer.ids) if shown[i:i + 1] != [number])
        raise Failure(f"the {writer.name} writer acknowledged its line {at + 1} as record "
                      f"{writer.ids[at]}, and visible is {shown[at:at + 1] or 'nothing'}")


def _check_boundary(evidence, shown):
    """The new term's first segment begins behind the boundary."""
    new = evidence.writers[-1]
    begins = min(segment["base_id"] for segment in evidence.segments
                 if int(segment["file"].split("-")[0]) == new.term)
    for writer in evidence.writers[:-1]:
        beyond = [number for number in writer.ids + shown[writer.name] if number >= begins]
        if beyond:
            raise Failure(f"record {beyond[0]} of the {writer.name} writer lies beyond the "
                          f"boundary {begins - 1}")
    if any(number < begins for number in shown[new.name]):
        raise Failure(f"a record of the new writer lies below its boundary {begins - 1}")
