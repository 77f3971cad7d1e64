#!/usr/bin/env python3
"""Writes a log down as text, for format_promise_test.

usage: write_down.py DIR >> NAME.log

DIR is a log with a channel "orders"; segments without torn tails only. How format_1.log was made:

  walctl append --dir D --channel orders --set segment_bytes=65536 ...   # the last one killed
"""
import os
import struct
import sys

FRAME, HEADER = struct.Struct("<IIIBBH"), 4096


def print_file(root, name):
    with open(os.path.join(root, name), "rb") as file:
        data = file.read()
    print(f"file {name} {len(data)}")
    for at in range(0, len(data), 16):
        row = data[at:at + 16].rstrip(b"\0")
        if row:
            print(f"{at}  {row.hex(' ')}")


def records_of(data):
    """The records of a segment, and the highest watermark in it."""
    base_id, at = struct.unpack_from("<Q", data, 48)[0], HEADER
    records, watermark = [], 0
    while at + FRAME.size <= len(data):
        _, size, delta, magic, kind, _ = FRAME.unpack_from(data, at)
        payload = data[at + FRAME.size:at + FRAME.size + size]
        if magic != 0xD7 or kind == 3:
            break
        if kind == 1:
            length, tick = struct.unpack_from("<I20xQ", payload)
            records.append((base_id + delta, tick, payload[len(payload) - length:].decode()))
        else:
            watermark = struct.unpack_from("<16xQ", payload)[0]
        at += (FRAME.size + size + 7) // 8 * 8
    return base_id, records, watermark


def main(root):
    names = ["TIDELOG"] + sorted("orders/" + name for name in os.listdir(root + "/orders"))
    durable = 0
    for name in names:
        if not name.endswith(".seg"):
            continue
        with open(os.path.join(root, name), "rb") as file:
            base_id, records, watermark = records_of(file.read())
        durable = max(durable, base_id - 1, watermark)
        for number, tick, payload in records:
            print(f"record {number} {tick} {payload}".rstrip())
    print(f"durable {durable}")
    for name in names:
        print_file(root, name)


if __name__ == "__main__":
    main(sys.argv[1])
