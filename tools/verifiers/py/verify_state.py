#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check proofs of presence or absence in the state map.

    verify_state.py CASES.json

CASES.json is a list of {root, wanted, proof: {key32, valueHash, path: [[bit, hex], ...]} | null,
kind?, value?}. With kind and value, the proof must show that very value.

Prints one line per case, `present`, `absent` or `FAIL reason`.
Exit status: 0 every case is present or absent, 1 one failed, 2 wrong usage.
"""
import hashlib
import json
import sys

import rfc8785

from formats import CheckFailed, lp, need


def bit_of(key, bit):
    return key[bit // 8] >> (7 - bit % 8) & 1


def sha256(data):
    return hashlib.sha256(data).digest()


def check(case):
    root, wanted, proof = bytes.fromhex(case["root"]), bytes.fromhex(case["wanted"]), case["proof"]
    if proof is None:
        need(root == sha256(lp("sr/state-empty/v1")), "the map is not empty")
        return "absent"
    key, value_hash = bytes.fromhex(proof["key32"]), bytes.fromhex(proof["valueHash"])
    need(len(key) == len(value_hash) == len(wanted) == 32, "length of a hash")
    bits = [bit for bit, _ in proof["path"]]
    need(all(0 <= bit <= 255 for bit in bits), "bit outside the key")
    need(all(a < b for a, b in zip(bits, bits[1:])), "bits do not rise towards the leaf")
    need(all(bit_of(key, bit) == bit_of(wanted, bit) for bit in bits), "another turn")
    node = sha256(b"\0" + lp("sr/state/v1") + key + value_hash)
    for bit, sibling in reversed(proof["path"]):
        pair = [node, bytes.fromhex(sibling)]
        left, right = reversed(pair) if bit_of(wanted, bit) else pair
        node = sha256(b"\1" + bit.to_bytes(2, "big") + left + right)
    need(node == root, "the path does not lead to the root")
    if "value" in case:
        data = lp("sr/state-val/v1") + lp(case["kind"]) + rfc8785.dumps(case["value"])
        need(key == wanted and sha256(data) == value_hash, "another value")
    return "present" if key == wanted else "absent"


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as f:
        cases = json.loads(f.read())
    failed = False
    for case in cases:
        try:
            print(check(case))
        except (CheckFailed, ValueError, TypeError, KeyError) as e:
            failed = True
            print("FAIL", e)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
