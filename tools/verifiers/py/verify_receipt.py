#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check a receipt, without Strongroom and without a network; written from docs/formats.md alone.

    verify_receipt.py RECEIPT.json --trust TRUST.json
    verify_receipt.py RECEIPT.json --vkey VKEY [--root-spki BASE64]

Prints `PROVED ...`, `FALSE reason` or `NO TRUST reason`.
Exit status: 0 proved and attested, 1 false, 2 no trust or wrong usage, 3 proved but not attested.
"""
import argparse
import base64
import hashlib
import hmac
import json
import re
import struct
import sys

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

PREDICATES = "https://strongroom.dev/attestations/"
MAX_ENTRY, MAX_ROOT_CHAIN = 8192, 4
FIELDS = {
    "genesis": "vaultId tenantId format rootSpki logVkey embedder",
    "delegate": "keyid spki role kinds namespaces notAfter",
    "state": "root count coversSize prevState snapshot",
    "ingest": "stateKey version prev chunks parts embedder pipeline class facts scan source validUntil",
    "context": "head principalCommit queryCommit identity policyEpoch dirEpoch aclDigests passages",
}
DOC = (
    "docId status version entry entryLeafHash keyid keyEntry ns chunks"
    " aclEpoch aclDigest aclEntry aclKeyid validUntil seq"
)
P25519 = 2**255 - 19
SMALL_ORDER = {0, 1, P25519 - 1}
SMALL_ORDER |= {
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
}


class Refused(Exception):
    """A check that did not hold."""


class NoTrust(Exception):
    """The verifier was not told whom to believe."""


def need(condition, message):
    if not condition:
        raise Refused(message)


def lp(x):
    data = x.encode() if isinstance(x, str) else x
    return struct.pack(">I", len(data)) + data


def u64(n):
    return struct.pack(">Q", number(n))


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def number(n):
    need(type(n) is int and 0 <= n < 2**53, "not a size or an index")
    return n


def hash32(text):
    need(isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text), "not a hash in hex")
    return bytes.fromhex(text)


def unbase64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 is not canonical")
    return data


def unique(pairs):
    need(len(dict(pairs)) == len(pairs), "a field stands twice")
    return dict(pairs)


def canonical(data):
    value = json.loads(data, object_pairs_hook=unique, parse_float=need_integer)
    need(rfc8785.dumps(value) == data, "JSON is not canonical")
    return value


def need_integer(text):
    raise Refused(f"not an integer: {text}")


def fields(value, names):
    """The values of a closed object, in the order of `names`."""
    need(isinstance(value, dict) and sorted(value) == sorted(names.split()), f"fields are not {names}")
    return [value[name] for name in names.split()]


def leaf_hash(data):
    return sha256(b"\0" + data)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


def check_inclusion(leaf, index, size, proof, root):
    """RFC 9162 section 2.1.3.2."""
    need(number(index) < number(size), "an index beyond the tree")
    fn, sn, node = index, size - 1, leaf
    for sibling in map(hash32, proof):
        need(sn > 0, "hashes left over")
        if fn & 1 or fn == sn:
            node = node_hash(sibling, node)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and node == root, "not included under the root")


def check_consistency(first, first_root, second, second_root, proof):
    """RFC 9162 section 2.1.4.2."""
    need(0 < first < second, "sizes of a consistency proof")
    path = [hash32(x) for x in proof]
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    need(path, "an empty consistency proof")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        need(sn > 0, "hashes left over")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and fr == first_root and sr == second_root, "the log does not continue the trusted head")


def check_leaf(proof, kind, root):
    """Presence in the state map under the leaf's own key; returns key and value."""
    key_hex, value_hex, value, path = fields(proof, "key32 valueHash value path")
    key, value_hash = hash32(key_hex), hash32(value_hex)
    data = lp("sr/state-val/v1") + lp(kind) + rfc8785.dumps(value)
    need(sha256(data) == value_hash, f"the {kind} leaf has another value")
    bits = [number(bit) for bit, _ in path]
    need(all(a < b for a, b in zip(bits, bits[1:] + [256])), "bits do not rise towards the leaf")
    node = sha256(b"\0" + lp("sr/state/v1") + key + value_hash)
    for bit, sibling in reversed(path):
        is_right = key[bit // 8] >> (7 - bit % 8) & 1
        pair = (hash32(sibling), node) if is_right else (node, hash32(sibling))
        node = sha256(b"\1" + struct.pack(">H", bit) + pair[0] + pair[1])
    need(node == root, f"the {kind} leaf is not in the state")
    return key_hex, value


class Entry:
    """A signed statement, parsed by the closed rules but not yet verified."""

    def __init__(self, text, kind, log):
        data = unbase64(text)
        need(len(data) <= MAX_ENTRY, "an entry is too long")
        payload, payload_type, signatures = fields(canonical(data), "payload payloadType signatures")
        need(payload_type == "application/vnd.in-toto+json" and len(signatures) == 1, "envelope")
        self.keyid, sig = fields(signatures[0], "keyid sig")
        self.sig, self.leaf, body = unbase64(sig), leaf_hash(data), unbase64(payload)
        self.pae = f"DSSEv1 28 {payload_type} {len(body)} ".encode() + body
        type_, predicate_type, self.p, subject = fields(canonical(body), "_type predicateType predicate subject")
        need(type_ == "https://in-toto.io/Statement/v1", "not a statement")
        need(predicate_type == f"{PREDICATES}{kind}/v1", f"not a statement of kind {kind}")
        fields(self.p, FIELDS[kind] + " log time")
        number(self.p["time"])
        need(self.p["log"] == log and len(subject) == 1, "a statement of another log")
        self.name, self.digest = fields(subject[0], "name digest")
        if kind != "ingest":
            need(self.name == f"urn:strongroom:{log.split('/')[1]}:{kind}", "subject")
            need(self.digest == {"sha256": sha256(rfc8785.dumps(self.p)).hex()}, "subject digest")

    def verify(self, spki):
        need(sha256(spki).hex() == self.keyid, "signed by another key")
        key = load_der_public_key(spki)
        try:
            if isinstance(key, ed25519.Ed25519PublicKey):
                y = int.from_bytes(key.public_bytes_raw(), "little") % 2**255 % P25519
                need(y not in SMALL_ORDER, "a public key of small order")
                key.verify(self.sig, self.pae)
            elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
                key.verify(self.sig, self.pae, ec.ECDSA(SHA256()))
            else:
                need(isinstance(key, mldsa.MLDSA44PublicKey), "an unknown kind of key")
                key.verify(self.sig, self.pae)
        except InvalidSignature:
            raise Refused("a signature is wrong") from None

    def include(self, place, head):
        check_inclusion(self.leaf, place["index"], head["size"], place["proof"], head["root"])


def check_checkpoint(note, vkey):
    """Origin, size and root that the log key (C2SP signed note, type 0x01) has signed."""
    name, key_id, material = vkey.split("+", 2)
    material = unbase64(material)
    expected = sha256(name.encode() + b"\n" + material)[:4]
    if len(material) != 33 or material[0] != 1 or expected.hex() != key_id:
        raise NoTrust("not a vkey of a log")
    text, signatures = note[: note.index("\n\n") + 1], note[note.index("\n\n") + 2 :]
    need(signatures.endswith("\n"), "the note does not end in a line")
    key, signed = ed25519.Ed25519PublicKey.from_public_bytes(material[1:]), False
    for line in signatures[:-1].split("\n"):
        dash, signer, data = line.split(" ")
        need(dash == "\u2014", "signature line")
        if signer == name and unbase64(data)[:4] == expected:
            key.verify(unbase64(data)[4:], text.encode())
            signed = True
    need(signed, "the log key has not signed the checkpoint")
    origin, size, root, end = text.split("\n")
    need(origin == name and end == "" and re.fullmatch("0|[1-9][0-9]{0,15}", size), "checkpoint text")
    head = {"origin": origin, "size": number(int(size)), "root": unbase64(root)}
    need(len(head["root"]) == 32, "root of the checkpoint")
    return head


class Receipt:
    def __init__(self, receipt, trust):
        names = "v origin head state passages keys consistency genesis attest caller"
        (v, origin, note, state, self.passages, keys, self.consistency, genesis, self.attest, self.caller) = (
            fields(receipt, names)
        )
        need(v == "sr/receipt/v1", "not a receipt")
        self.head = check_checkpoint(note, trust["vkey"])
        need(self.head["origin"] == origin, "a receipt of another log")
        self.log, self.last = origin, self.head["size"] - 1
        self.compared = self.compare(trust["head"])
        self.keys = {k["keyid"]: k for k in keys}
        need(len(self.keys) == len(keys), "a key stands twice")
        self.root_spki, self.root_from = trust["spki"], "trust"
        if self.root_spki is None:
            self.root_spki, self.root_from = self.root_of(genesis), "genesis"
        index, entry, proof = fields(state, "index entry proof")
        self.state = Entry(entry, "state", origin)
        need(index == self.last and self.state.p["coversSize"] == index, "not the last state")
        self.state.include(state, self.head)
        self.map = hash32(self.state.p["root"])
        self.check_signer(self.state, "sequencer", "state", self.last)

    def compare(self, known):
        if known is None:
            return False
        size, root = known["size"], hash32(known["root"])
        if size == self.head["size"]:
            need(root == self.head["root"], "two roots of one size: the log is split")
            return True
        if self.consistency is None:
            return False
        from_size, proof = fields(self.consistency, "size proof")
        if from_size != size:
            return False
        check_consistency(size, root, self.head["size"], self.head["root"], proof)
        return True

    def root_of(self, genesis):
        if genesis is None:
            raise NoTrust("neither a root key nor a genesis that names one")
        entry, index, _ = fields(genesis, "entry index proof")
        first = Entry(entry, "genesis", self.log)
        need(index == 0, "genesis is not the first entry")
        first.include(genesis, self.head)
        spki = unbase64(first.p["rootSpki"])
        first.verify(spki)
        return spki

    def check_signer(self, entry, role, kind, index):
        """The signer's key has the role, covers the index and descends from the root key."""
        leaf = self.delegated(entry.keyid, MAX_ROOT_CHAIN)
        need(leaf["role"] == role and kind in leaf["kinds"], f"signed by a key without the role {role}")
        self.check_window(leaf, index)
        entry.verify(unbase64(leaf["spki"]))
        return leaf

    def check_window(self, leaf, index):
        end = leaf["endIndex"]
        need(number(leaf["firstIndex"]) <= index and (end is None or index < end), "the key was not valid")

    def delegated(self, keyid, roots_left):
        need(keyid in self.keys, "the receipt lacks a key")
        _, delegate, proof = fields(self.keys[keyid], "keyid delegate stateProof")
        text, index, _ = fields(delegate, "entry index proof")
        entry = Entry(text, "delegate", self.log)
        entry.include(delegate, self.head)
        _, leaf = check_leaf(proof, "key", self.map)
        fields(leaf, "keyid spki role kinds namespaces firstIndex endIndex notAfter reason")
        need(entry.p["keyid"] == keyid, "a delegation of another key")
        same = all(leaf[x] == entry.p[x] for x in "keyid spki role kinds namespaces notAfter".split())
        need(same and leaf["firstIndex"] == index + 1, "the key leaf is not the delegated key")
        if entry.keyid == sha256(self.root_spki).hex():
            entry.verify(self.root_spki)
        else:
            need(roots_left > 0, "the chain of root keys is too long")
            root = self.delegated(entry.keyid, roots_left - 1)
            need(root["role"] == "root", "delegated by a key that is no root key")
            self.check_window(root, index)
            entry.verify(unbase64(root["spki"]))
        return leaf

    def check_passage(self, passage):
        text, index, proof, state_proof, chunk = fields(passage, "statement index proof stateProof chunk")
        entry = Entry(text, "ingest", self.log)
        entry.include(passage, self.head)
        signer = self.check_signer(entry, "ingest", "ingest", index)
        p, urn = entry.p, entry.name.split(":")
        in_scope = signer["namespaces"] is None or p["source"]["namespace"] in signer["namespaces"]
        need(in_scope, "a namespace beyond the key's")
        key, doc = check_leaf(state_proof, "doc", self.map)
        fields(doc, DOC)
        need(key == p["stateKey"], "a leaf of another document")
        need(doc["status"] == "live", "the document is not live")
        named = [doc["docId"], doc["version"], doc["entry"], doc["entryLeafHash"], doc["chunks"]]
        tenant = self.log.split("/")[1]
        need(urn == ["urn", "strongroom", tenant, doc["docId"], str(p["version"])], "subject of the statement")
        need(named[1:] == [p["version"], index, entry.leaf.hex(), p["chunks"]], "a superseded version")
        until = doc["validUntil"]
        need(until is None or until > self.state.p["time"], "the document had expired")
        self.check_chunk(chunk, entry)
        return entry.leaf.hex(), chunk["i"], doc["aclDigest"]

    def check_chunk(self, chunk, entry):
        i, leaf, opening, proof, text = fields(chunk, "i leafFields openT proof text")
        n, start, end, text_commit, vec_commit, meta = fields(leaf, "n start end textCommit vecCommit meta")
        need(n == entry.p["chunks"], "another number of chunks")
        need(end - start == len(text.encode()) > 0, "the length of the text")
        commit = mac(hash32(opening), lp("sr/text/v1") + text.encode())
        need(commit == hash32(text_commit), "another text than the committed one")
        data = lp("sr/chunk/v1") + struct.pack(">II", number(i), number(n)) + u64(start) + u64(end)
        data += hash32(text_commit) + hash32(vec_commit) + lp(rfc8785.dumps(meta))
        check_inclusion(leaf_hash(data), i, n, proof, hash32(entry.digest["srChunkTreeV1"]))

    def check_attestation(self, shown):
        entry = Entry(self.attest, "context", self.log)
        self.check_signer(entry, "retriever", "context", self.last)
        p, head = entry.p, self.head
        need(p["head"] == {**head, "root": head["root"].hex()}, "an attestation of another head")
        passages = [{"leafHash": leaf, "i": i} for leaf, i, _ in shown]
        need(p["passages"] == passages, "an attestation of other passages")
        need(set(p["aclDigests"]) == {acl for _, _, acl in shown}, "an attestation of other permissions")
        if self.caller is not None:
            nonce, principal, query = fields(self.caller, "nonce principal query")
            for what, value in (("principal", principal), ("query", query)):
                commit = mac(hash32(nonce), lp(f"sr/{what}/v1") + lp(value)).hex()
                need(commit == p[f"{what}Commit"], f"another {what} than the attested one")

    def verify(self):
        shown = [self.check_passage(passage) for passage in self.passages]
        need(shown, "a receipt without passages")
        if self.attest is not None:
            self.check_attestation(shown)
        return len(shown)


def trust_of(args):
    if args.trust is None:
        spki = None if args.root_spki is None else unbase64(args.root_spki)
        return {"vkey": args.vkey, "spki": spki, "head": None}
    with open(args.trust, "rb") as f:
        file = canonical(f.read())
    if file["witnesses"]["k"] > 0:
        raise NoTrust("this program does not check witnesses")
    return {"vkey": file["logVkey"], "spki": unbase64(file["rootSpki"]), "head": file["head"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("receipt")
    trust = parser.add_mutually_exclusive_group(required=True)
    trust.add_argument("--trust")
    trust.add_argument("--vkey")
    parser.add_argument("--root-spki")
    args = parser.parse_args()
    try:
        known = trust_of(args)
    except (NoTrust, Refused, OSError, ValueError, TypeError, KeyError) as e:
        print("NO TRUST", e)
        return 2
    try:
        with open(args.receipt, "rb") as f:
            receipt = Receipt(json.loads(f.read(), object_pairs_hook=unique), known)
        count = receipt.verify()
    except NoTrust as e:
        print("NO TRUST", e)
        return 2
    except (Refused, InvalidSignature, ValueError, TypeError, KeyError, AttributeError, RecursionError) as e:
        print("FALSE", e)
        return 1
    attested = "attested" if receipt.attest is not None else "not attested"
    compared = "head compared" if receipt.compared else "head not compared"
    print(f"PROVED {count} passages, {attested}, {compared}, root key from {receipt.root_from}")
    return 0 if receipt.attest is not None else 3


if __name__ == "__main__":
    sys.exit(main())
