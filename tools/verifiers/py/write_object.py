#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write a document version as Strongroom would: seal it, commit to it, sign its statement.

    write_object.py CASE.json OUT_DIR

CASE.json holds log, tenant, docId, version, stateKey, namespace, sourceUri,
aclDigest, time, embedder {model, dims, dtype}, seed (hex, 32 bytes, Ed25519),
dek (hex, 32 bytes) and chunks: [{text, vector (hex)}].

OUT_DIR receives `entry` (the envelope), `object` and `spki` (DER). The product's
own reader must open and verify them: formats that only one program can write
are not formats.

Exit status: 0 written, 2 wrong usage.
"""
import hashlib
import json
import os
import sys

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from formats import (
    HEADER,
    PAYLOAD_TYPE,
    PREDICATE_TYPES,
    STATEMENT_TYPE,
    Openings,
    Place,
    b64,
    chunk_leaf,
    leaf_hash,
    lp,
    merkle_root,
    seal,
    u32,
)


def commit(case, openings):
    """The leaves of the chunk tree, the text and the vectors."""
    leaves, text, vectors = [], b"", b""
    n = len(case["chunks"])
    for i, chunk in enumerate(case["chunks"]):
        data, vector = chunk["text"].encode(), bytes.fromhex(chunk["vector"])
        start, end = len(text), len(text) + len(data)
        commits = openings.text_commit(i, data), openings.vec_commit(i, case["embedder"], vector)
        meta = {"headings": [], "page": None, "pos": {"start": start, "end": end}}
        leaves.append(chunk_leaf(i, n, start, end, *commits, meta))
        text, vectors = text + data, vectors + vector
    return leaves, text, vectors


def document_meta(case):
    return {
        "namespace": case["namespace"],
        "sourceUri": case["sourceUri"],
        "title": None,
        "mediaType": None,
        "scan": {"findings": []},
        "access": None,
    }


def seal_parts(case, place, leaves, text, vectors):
    tree = b"".join(map(leaf_hash, leaves)) + b"".join(map(lp, leaves))
    meta = u32(len(leaves)) + tree + lp(rfc8785.dumps(document_meta(case)))
    parts, sealed, dek = {}, b"", bytes.fromhex(case["dek"])
    for name, plain in (("text", text), ("meta", meta), ("vec", vectors)):
        message = seal(dek, place.context(name), plain, os.urandom(24))
        parts[name] = {"off": len(sealed), "bytes": len(message), "header": b64(message[:HEADER])}
        sealed += message
    return sealed, parts


def statement_of(case, sealed, parts, leaves, facts):
    root = merkle_root([leaf_hash(leaf) for leaf in leaves]).hex()
    name = f"urn:strongroom:{case['tenant']}:{case['docId']}:{case['version']}"
    digest = {"sha256": hashlib.sha256(sealed).hexdigest(), "srChunkTreeV1": root}
    predicate = {
        "log": case["log"],
        "time": case["time"],
        "stateKey": case["stateKey"],
        "version": case["version"],
        "prev": None,
        "chunks": len(leaves),
        "facts": facts,
        "parts": parts,
        "embedder": case["embedder"],
        "pipeline": {"parser": "python", "chunker": "given", "versions": "1"},
        "class": {"aclDigest": case["aclDigest"]},
        "scan": {"verdict": "clean", "ruleset": "none"},
        "source": {"kind": "python", "namespace": case["namespace"], "seq": None},
        "validUntil": None,
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": digest}],
        "predicateType": f"{PREDICATE_TYPES}ingest/v1",
        "predicate": predicate,
    }


def sign(statement, key, spki):
    payload = rfc8785.dumps(statement)
    pae = b"DSSEv1 %d %s %d %s" % (
        len(PAYLOAD_TYPE),
        PAYLOAD_TYPE.encode(),
        len(payload),
        payload,
    )
    signature = {"keyid": hashlib.sha256(spki).hexdigest(), "sig": b64(key.sign(pae))}
    envelope = {"payload": b64(payload), "payloadType": PAYLOAD_TYPE, "signatures": [signature]}
    return rfc8785.dumps(envelope)


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as f:
        case = json.loads(f.read())
    place = Place(case["tenant"], "doc", case["docId"], case["version"])
    openings = Openings(bytes.fromhex(case["dek"]), place)
    leaves, text, vectors = commit(case, openings)
    sealed, parts = seal_parts(case, place, leaves, text, vectors)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["seed"]))
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    facts = openings.facts(document_meta(case))
    entry = sign(statement_of(case, sealed, parts, leaves, facts), key, spki)
    for name, data in (("entry", entry), ("object", sealed), ("spki", spki)):
        with open(os.path.join(sys.argv[2], name), "wb") as f:
            f.write(data)
    print("PY OK wrote", len(leaves), "chunks,", len(sealed), "bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
