#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check a log folder (C2SP tlog-tiles): the checkpoint, every entry and every hash tile under it.

    verify_log.py LOG --keys KEYS.json [--old CHECKPOINT]

Every hash is computed from the entries, so neither tiles nor proofs are believed: an older checkpoint is one that the first
entries must give. Exit status: 0 everything holds, 1 a check failed, 2 wrong usage.
"""
import argparse
import json
import sys
from pathlib import Path

from formats import leaf_hash, merkle_root, need
from verify_receipt import check_checkpoint

WIDTH, MAX_ENTRY = 256, 65535


def number_path(n):
    """C2SP tlog-tiles: groups of three digits, all but the last after an x."""
    groups = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


def read_tile(log, level, index, width):
    path = log / "tile" / str(level) / number_path(index)
    if width < WIDTH:
        path = path.with_name(f"{path.name}.p") / str(width)
    need(path.is_file(), f"tile {level}/{index} of {width} is missing")
    return path.read_bytes()


def read_entries(log, size):
    for start in range(0, size, WIDTH):
        width = min(WIDTH, size - start)
        data, at = read_tile(log, "entries", start // WIDTH, width), 0
        for _ in range(width):
            need(at + 2 <= len(data), "an entry bundle is cut short")
            length = int.from_bytes(data[at : at + 2], "big")
            need(at + 2 + length <= len(data), "an entry bundle is cut short")
            yield data[at + 2 : at + 2 + length]
            at += 2 + length
        need(at == len(data), "bytes behind the last entry of a bundle")


def check_tiles(log, row):
    """Every stored tile against the hashes that the entries give, level by level."""
    level = 0
    while row:
        for start in range(0, len(row), WIDTH):
            hashes = row[start : start + WIDTH]
            stored = read_tile(log, level, start // WIDTH, len(hashes))
            need(stored == b"".join(hashes), f"tile {level}/{start // WIDTH} is not that of the entries")
        full = len(row) // WIDTH
        row, level = [merkle_root(row[i * WIDTH : (i + 1) * WIDTH]) for i in range(full)], level + 1


def check_log(log, keys, old):
    head = check_checkpoint((log / "checkpoint").read_text(), keys["log"])
    need(head["origin"] == keys["origin"], "another origin")
    older = None if old is None else check_checkpoint(Path(old).read_text(), keys["log"])
    # Cheap checks first: a rollback should be named as one.
    need(older is None or older["size"] <= head["size"], "rollback: the log is older than the checkpoint seen before")
    leaves = [leaf_hash(entry) for entry in read_entries(log, head["size"])]
    need(merkle_root(leaves) == head["root"], "the entries do not give the signed root")
    if older is not None:
        need(merkle_root(leaves[: older["size"]]) == older["root"], "the entries do not give the root seen before")
    check_tiles(log, leaves)
    return head


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("log")
    p.add_argument("--keys", required=True)
    p.add_argument("--old")
    a = p.parse_args()
    try:
        head = check_log(Path(a.log), json.loads(Path(a.keys).read_bytes()), a.old)
    except Exception as e:  # a verifier reports every failure the same way
        print("FAIL", str(e) or type(e).__name__)
        return 1
    print(f"PY OK log of {head['size']} entries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
