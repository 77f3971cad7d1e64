"""A result as tools/bench makes it, small and with every oddity, for tests."""
import copy

_ROW = {
    "work": "append", "subject": "file", "payload": 1024, "in_flight": 64, "batch": 1, "threads": 0,
    "channels": 1, "durable": True, "peer": False, "unit": "records/s", "better": "more",
    "samples": 5, "median": 189000.0, "min": 170000.0, "max": 200000.0, "raw_median": 110000.0,
    "ratio_to_raw": 1.72, "ratio_min": 1.5, "ratio_max": 1.8, "best_peer": "leveldb",
    "ratio_to_best_peer": 3.8, "spoiled": ["round 2: 25% of the processor was stolen"]}


def row(**fields):
    return {**copy.deepcopy(_ROW), **fields}


def _without_raw(**fields):
    return row(raw_median=None, ratio_to_raw=None, ratio_min=None, ratio_max=None, spoiled=[],
               better="less", **fields)


def make():
    nothing = {key: None for key in ("median", "min", "max", "raw_median", "ratio_to_raw",
                                     "ratio_min", "ratio_max", "best_peer", "ratio_to_best_peer")}
    return {
        "version": 1, "quick": False,
        "place": {"file_system": "ext4", "kernel": "Linux 6.1", "cores": 2,
                  "processor": "Some <fast> & cheap processor"},
        "noise": {"stolen_max": 0.04, "raw_ratio_max": 1.3, "kept_spoiled": False},
        "subjects": [
            {"subject": "raw", "durable": True, "peer": False, "how": "pwrite and fdatasync"},
            {"subject": "file", "durable": True, "peer": False, "how": "as it comes"},
            {"subject": "leveldb", "durable": True, "peer": True, "how": "sync=true"},
            {"subject": "fleeting", "durable": False, "peer": True, "how": "sync=false"}],
        "rows": [
            row(subject="raw", median=110000.0, ratio_to_raw=1.0, ratio_min=1.0, ratio_max=1.0,
                spoiled=[]),
            row(),
            row(payload=65536, median=31000.0),
            row(subject="leveldb", peer=True, median=50000.0, ratio_to_raw=0.45, ratio_min=0.4,
                ratio_max=0.5, best_peer="leveldb", ratio_to_best_peer=1.0, spoiled=[]),
            row(subject="fleeting", peer=True, durable=False, samples=0, **nothing),
            _without_raw(work="open", in_flight=0, unit="ms", median=4.2, min=4.0, max=5.0,
                         ratio_to_best_peer=40.0),
            _without_raw(work="open", subject="leveldb", peer=True, in_flight=0, unit="ms",
                         median=168.0, min=160.0, max=190.0, ratio_to_best_peer=1.0),
            _without_raw(work="idle_cpu", payload=0, in_flight=0, channels=1000,
                         unit="us/s each", median=0.0, min=0.0, max=0.01, best_peer=None,
                         ratio_to_best_peer=None)],
        "left_out": [{"work": "append", "subject": "lmdb", "why": "one <writer>"}]}
