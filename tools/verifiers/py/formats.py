# SPDX-License-Identifier: Apache-2.0
"""Strongroom's formats, version 1, written a second time from docs/formats.md and sharing no code with src/.

Foreign code underneath: HKDF, HMAC and AES-GCM by cryptography, canonical JSON by rfc8785.
"""
import base64
import hashlib
import hmac
import json
import struct
from dataclasses import dataclass

import rfc8785
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPES = "https://strongroom.dev/attestations/"
SEAL_LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"
FRAME, TAG = 16384, 16
HEADER = 24 + 32  # salt, key commitment


class CheckFailed(Exception):
    """A check that did not hold."""


def need(condition, message):
    if not condition:
        raise CheckFailed(message)


def lp(x):
    """LP(x) = u32be(len) || x."""
    data = x.encode() if isinstance(x, str) else x
    return struct.pack(">I", len(data)) + data


def u32(n):
    return struct.pack(">I", n)


def u64(n):
    return struct.pack(">Q", n)


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def canonical(data):
    """Parses bytes that must be RFC 8785 JSON."""
    value = json.loads(data)
    need(rfc8785.dumps(value) == data, "JSON is not canonical")
    return value


@dataclass(frozen=True)
class Place:
    """What a data key and the messages under it belong to."""

    tenant: str
    kind: str
    id: str
    no: int

    def context(self, part):
        return lp("sr/seal/v1") + self.fields() + lp(part)

    def fields(self):
        return lp(self.tenant) + lp(self.kind) + lp(self.id) + u64(self.no)


def document_place(subject):
    """The place of `urn:strongroom:<tenant>:<docId>:<version>`."""
    parts = subject.split(":")
    need(len(parts) == 5 and parts[:2] == ["urn", "strongroom"], f"subject {subject!r}")
    return Place(parts[2], "doc", parts[3], int(parts[4]))


def expand(hash_algorithm, key, info, length):
    return HKDFExpand(hash_algorithm, length, info).derive(key)


def seal_keys(dek, salt, context):
    okm = expand(SHA512(), dek, SEAL_LABEL + salt + context, 76)
    return okm[:32], int.from_bytes(okm[32:44], "big"), okm[44:]


def seal(dek, context, plain, salt):
    """C2SP chunked encryption (Cobblestone-256); `salt` is 24 fresh random bytes."""
    key, base, commitment = seal_keys(dek, salt, context)
    frames = [plain[i : i + FRAME] for i in range(0, len(plain), FRAME)]
    if len(plain) % FRAME == 0:
        frames.append(b"")
    aead = AESGCM(key)
    sealed = [aead.encrypt((base ^ i).to_bytes(12, "big"), f, None) for i, f in enumerate(frames)]
    return salt + commitment + b"".join(sealed)


def open_sealed(dek, context, sealed):
    need(len(dek) == 32, "data key length")
    need(len(sealed) >= HEADER + TAG, "sealed message too short")
    key, base, commitment = seal_keys(dek, sealed[:24], context)
    # Before any AEAD call: a wrong key, tenant, document, version or part ends here.
    need(hmac.compare_digest(commitment, sealed[24:HEADER]), "key commitment")
    aead, body = AESGCM(key), sealed[HEADER:]
    full, rest = divmod(len(body), FRAME + TAG)
    need(rest >= TAG, "no short final frame: truncated")
    step = FRAME + TAG
    return b"".join(
        aead.decrypt((base ^ i).to_bytes(12, "big"), body[i * step : (i + 1) * step], None)
        for i in range(full + 1)
    )


def unwrap(branch_key, place, row):
    """The data key in a wrapped row: salt16 || iv12 || version16 || ct32 || tag16."""
    need(len(row) == 92, "row length")
    salt, iv, version, sealed = row[:16], row[16:28], row[28:44], row[44:]
    key = expand(SHA256(), branch_key, lp("sr/wrap/v1") + salt, 32)
    aad = lp("sr/dek/v1") + place.fields() + version
    return AESGCM(key).decrypt(iv, sealed, aad)


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def merkle_root(hashes):
    """RFC 6962 section 2.1."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(merkle_root(hashes[:split]), merkle_root(hashes[split:]))


def chunk_leaf(i, n, start, end, text_commit, vec_commit, meta):
    """The bytes of one leaf of the chunk tree."""
    numbers = u32(i) + u32(n) + u64(start) + u64(end)
    return lp("sr/chunk/v1") + numbers + text_commit + vec_commit + lp(rfc8785.dumps(meta))


class Openings:
    """What opens the commitments of a document version, from its data key."""

    def __init__(self, dek, place):
        info = lp("sr/salt/v1") + lp(place.tenant) + lp(place.id) + u64(place.no)
        self.salt = expand(SHA512(), dek, info, 32)

    def text_commit(self, i, chunk):
        opening = mac(self.salt, lp("sr/open/text/v1") + u32(i))
        return mac(opening, lp("sr/text/v1") + chunk)

    def vec_commit(self, i, embedder, vector):
        opening = mac(self.salt, lp("sr/open/vec/v1") + u32(i))
        form = lp(embedder["model"]) + u32(embedder["dims"]) + lp(embedder["dtype"])
        return mac(opening, lp("sr/vec/v1") + form + vector)

    def facts(self, doc):
        """The commitment to a document's confidential facts."""
        opening = mac(self.salt, lp("sr/open/facts/v1"))
        return mac(opening, lp("sr/facts/v1") + lp(rfc8785.dumps(doc))).hex()


def vector_bytes(embedder):
    return 4 + embedder["dims"] if embedder["dtype"] == "i8" else 4 * embedder["dims"]


def b64(data):
    return base64.b64encode(data).decode()
