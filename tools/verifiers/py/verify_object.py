#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check one signed statement and, if given, the sealed document version it speaks of.

    verify_object.py --keys KEYS.json --envelope FILE
                     [--kind KIND] [--subject PREFIX]
                     [--object FILE --secrets SECRETS.json [--out FILE]]

Foreign code only: DSSE by securesystemslib, the Statement by in-toto's own
protobuf bindings, canonical JSON by rfc8785, HKDF and AES-GCM by cryptography.
Nothing is taken from the object before the statement's signature holds.

Exit status: 0 everything holds, 1 a check failed, 2 wrong usage.
"""
import argparse
import base64
import hashlib
import json
import sys

import in_toto_attestation.v1.statement_pb2 as statement_pb2
from cryptography.hazmat.primitives.serialization import load_der_public_key
from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from formats import (
    HEADER,
    PAYLOAD_TYPE,
    PREDICATE_TYPES,
    Openings,
    b64,
    canonical,
    chunk_leaf,
    document_place,
    leaf_hash,
    merkle_root,
    need,
    open_sealed,
    unwrap,
    vector_bytes,
)

PARTS = ("text", "meta", "vec")


def read_json(path):
    with open(path, "rb") as f:
        return json.loads(f.read())


def read_statement(path, keys):
    """Verify the signature, then parse exactly the bytes that were verified."""
    with open(path, "rb") as f:
        entry = canonical(f.read())
    envelope = Envelope.from_dict(entry)
    need(envelope.payload_type == PAYLOAD_TYPE, f"payload type {envelope.payload_type!r}")
    spki = base64.b64decode(keys["spki"], validate=True)
    keyid = hashlib.sha256(spki).hexdigest()
    # securesystemslib wants the key id to match; DSSE itself calls it a hint.
    envelope.verify([SSlibKey.from_crypto(load_der_public_key(spki), keyid=keyid)], 1)
    statement = canonical(envelope.payload)
    parsed = json_format.Parse(envelope.payload, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    return statement


def cut_parts(sealed, parts):
    """The three sealed messages of an object, one behind the other and nothing else."""
    cut, at = {}, 0
    for name in PARTS:
        part = parts[name]
        need(part["off"] == at, f"{name} part is not where the statement says")
        at += part["bytes"]
        cut[name] = sealed[part["off"] : at]
        need(b64(cut[name][:HEADER]) == part["header"], f"{name} header differs")
    need(at == len(sealed), "object has another length")
    return cut


class Reader:
    """Takes pieces from the front of a byte string."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        need(self.at + length <= len(self.data), "meta part is cut short")
        self.at += length
        return self.data[self.at - length : self.at]

    def u32(self):
        return int.from_bytes(self.take(4), "big")

    def lp(self):
        return self.take(self.u32())


def check_chunks(statement, opened, openings):
    """Recompute every leaf from text and vectors, and the root that is signed."""
    predicate = statement["predicate"]
    embedder, reader = predicate["embedder"], Reader(opened["meta"])
    n, width = reader.u32(), vector_bytes(predicate["embedder"])
    need(n == predicate["chunks"], "number of chunks")
    need(len(opened["vec"]) == n * width, "length of the vec part")
    hashes = [reader.take(32) for _ in range(n)]
    root = statement["subject"][0]["digest"]["srChunkTreeV1"]
    need(merkle_root(hashes).hex() == root, "chunk tree is not the signed one")
    for i in range(n):
        data = reader.lp()
        need(leaf_hash(data) == hashes[i], f"leaf {i} is not in the tree")
        fixed = len(chunk_leaf(0, 0, 0, 0, b"\0" * 32, b"\0" * 32, {})) - 6
        start, end = (int.from_bytes(data[at : at + 8], "big") for at in (23, 31))
        meta = canonical(data[fixed + 4 :])
        text = openings.text_commit(i, opened["text"][start:end])
        vec = openings.vec_commit(i, embedder, opened["vec"][i * width : (i + 1) * width])
        need(chunk_leaf(i, n, start, end, text, vec, meta) == data, f"leaf {i} differs")
    facts = openings.facts(canonical(reader.lp()))
    need(facts == predicate["facts"], "the facts of the document are not the signed ones")
    need(reader.at == len(opened["meta"]), "bytes behind the meta part")
    return n


def check_object(statement, object_path, secrets, out_path):
    subject = statement["subject"][0]
    place = document_place(subject["name"])
    with open(object_path, "rb") as f:
        sealed = f.read()
    digest = hashlib.sha256(sealed).hexdigest()
    need(digest == subject["digest"]["sha256"], "sealed object is not the one the statement names")
    if "row" in secrets:
        row = base64.b64decode(secrets["row"], validate=True)
        dek = unwrap(bytes.fromhex(secrets["branchKey"]), place, row)
    else:
        dek = bytes.fromhex(secrets["dek"])
    cut = cut_parts(sealed, statement["predicate"]["parts"])
    opened = {name: open_sealed(dek, place.context(name), cut[name]) for name in PARTS}
    n = check_chunks(statement, opened, Openings(dek, place))
    if out_path:
        with open(out_path, "wb") as f:
            f.write(opened["text"])
    return f"PY OK object of {len(sealed)} bytes: {n} chunks, {len(opened['text'])} bytes of text"


def main():
    p = argparse.ArgumentParser(description="check a signed statement and its sealed document")
    p.add_argument("--keys", required=True, help="trusted key (JSON): spki, standard base64")
    p.add_argument("--envelope", required=True, help="DSSE envelope: the exact log entry")
    p.add_argument("--kind", help="refuse a statement of any other kind")
    p.add_argument("--subject", help="refuse a subject whose name does not start so")
    p.add_argument("--object", help="the sealed object")
    p.add_argument("--secrets", help="test secrets (JSON): dek, or branchKey and row")
    p.add_argument("--out", help="write the opened text here")
    a = p.parse_args()
    if bool(a.object) != bool(a.secrets) or (a.out and not a.object):
        p.error("--object and --secrets belong together, and --out needs both")
    try:
        statement = read_statement(a.envelope, read_json(a.keys))
        kind, subject = statement["predicateType"], statement["subject"][0]["name"]
        if a.kind:
            need(kind == f"{PREDICATE_TYPES}{a.kind}/v1", f"predicate type {kind!r}")
        if a.subject:
            need(subject.startswith(a.subject), f"subject {subject!r}")
        print("PY OK statement", kind, subject)
        if a.object:
            print(check_object(statement, a.object, read_json(a.secrets), a.out))
    except Exception as e:  # a verifier reports every failure the same way
        print("FAIL", type(e).__name__, e)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
