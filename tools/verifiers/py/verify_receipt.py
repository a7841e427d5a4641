# SPDX-License-Identifier: Apache-2.0
"""Check a receipt, or quantised vectors, without Strongroom and a network; written from docs/formats.md alone.

    verify_receipt.py RECEIPT.json --trust TRUST.json
    verify_receipt.py --vectors CASES.json               [{"x": [float32, ...], "stored": hex}, ...]

Prints `PROVED ...`, `FALSE reason` or `NO TRUST reason`.
Exit status: 0 proved and attested, 1 false, 2 no trust or wrong usage, 3 proved but not attested.
"""
import argparse, base64, hashlib, hmac, json, math, re, struct, sys  # noqa: E401
from functools import reduce
import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

MAX_FILE, MAX_NOTE, MAX_ENTRY, MAX_ROOT_CHAIN, MAX_HASHES, MAX_STEPS, MAX_DEPTH = 2**24, 2**16, 2**13, 4, 63, 256, 16
FIELDS = {
    "delegate": "keyid spki role kinds namespaces notAfter", "state": "root count coversSize prevState snapshot",
    "ingest": "stateKey version prev chunks parts embedder pipeline class facts scan source validUntil",
    "recovery": "old new logVkey reason",
    "context": "head principalCommit queryCommit identity policyEpoch dirEpoch aclDigests passages"}
DOC = ("docId status version entry entryLeafHash keyid keyEntry ns chunks aclEpoch aclDigest aclEntry aclKeyid"
       " validUntil seq")
KEY, P = "keyid spki role kinds namespaces firstIndex endIndex notAfter reason", 2**255 - 19
RECEIPT = "v origin head state passages keys consistency recoveries genesis attest caller"
SMALL_ORDER = {0, 1, P - 1, 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
               0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826}

def need(condition, message):
    if not condition:
        raise ValueError(message)
def lp(x):
    data = x.encode() if isinstance(x, str) else x
    return struct.pack(">I", len(data)) + data
def sha256(data): return hashlib.sha256(data).digest()  # noqa: E704
def mac(key, data): return hmac.new(key, data, hashlib.sha256).digest()  # noqa: E704
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
def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)

def canonical(data, name):
    """RFC 8785 under the closed rules; comparing with the re-encoding refuses every other spelling."""
    value = json.loads(data, parse_float=lambda text: need(False, f"not an integer: {text}"))
    need(rfc8785.dumps(value) == data, f"{name} is not canonical JSON")
    need(depth(value) <= MAX_DEPTH, f"{name} is nested too deeply")
    return value

def fields(value, names):
    """The values of a closed object, in the order of `names`."""
    need(isinstance(value, dict) and sorted(value) == sorted(names.split()), f"fields are not {names}")
    return [value[name] for name in names.split()]

def climb(fn, sn, path):
    """RFC 9162 sections 2.1.3.2 and 2.1.4.2: the roots of the old and of the new tree that `path` leads to."""
    need(0 < len(path) <= MAX_HASHES + 2, "length of a proof")
    old, new, node_hash = path[0], path[0], lambda left, right: sha256(b"\1" + left + right)
    for sibling in path[1:]:
        need(sn > 0, "hashes left over")
        if fn & 1 or fn == sn:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "hashes are missing")
    return old, new

def check_inclusion(leaf, index, size, proof, root):
    need(number(index) < number(size) and len(proof) <= MAX_HASHES, "an index beyond the tree, or too many hashes")
    need(climb(index, size - 1, [leaf, *map(hash32, proof)])[1] == root, "not included under the root")

def check_consistency(first, first_root, second, second_root, proof):
    need(0 < first < second and len(proof) <= MAX_HASHES, "sizes of a consistency proof")
    path = [first_root] * (first & (first - 1) == 0) + [*map(hash32, proof)]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    need(climb(fn, sn, path) == (first_root, second_root), "the log does not continue the trusted head")

def check_leaf(proof, kind, names, root):
    """Presence in the state map under the leaf's own key; returns key and value."""
    key_hex, value_hex, value, path = fields(proof, "key32 valueHash value path")
    key, value_hash = hash32(key_hex), hash32(value_hex)
    hashed = sha256(lp("sr/state-val/v1") + lp(kind) + rfc8785.dumps(value))
    need(hashed == value_hash, f"the {kind} leaf has another value")
    fields(value, names)
    bits = [number(bit) for bit, _ in path]
    need(len(bits) <= MAX_STEPS and all(a < b for a, b in zip(bits, bits[1:] + [256])), "bits do not rise to the leaf")
    node = sha256(b"\0" + lp("sr/state/v1") + key + value_hash)
    for bit, sibling in reversed(path):
        pair = (hash32(sibling), node) if key[bit // 8] >> (7 - bit % 8) & 1 else (node, hash32(sibling))
        node = sha256(b"\1" + struct.pack(">H", bit) + pair[0] + pair[1])
    need(node == root, f"the {kind} leaf is not in the state")
    return key_hex, value

class Entry:
    """A signed statement, parsed by the closed rules but not yet verified."""
    def __init__(self, text, kind, log):
        data = unbase64(text)
        need(len(data) <= MAX_ENTRY, "an entry is too long")
        payload, type_, signatures = fields(canonical(data, "an entry"), "payload payloadType signatures")
        need(type_ == "application/vnd.in-toto+json" and len(signatures) == 1, "envelope")
        self.keyid, sig = fields(signatures[0], "keyid sig")
        self.sig, self.leaf, body = unbase64(sig), sha256(b"\0" + data), unbase64(payload)
        self.pae = f"DSSEv1 {len(type_)} {type_} {len(body)} ".encode() + body
        names = "_type predicateType predicate subject"
        type_, predicate_type, self.p, subject = fields(canonical(body, "a statement"), names)
        need(type_ == "https://in-toto.io/Statement/v1" and len(subject) == 1, "not a statement")
        need(predicate_type == f"https://strongroom.dev/attestations/{kind}/v1", f"not a statement of kind {kind}")
        fields(self.p, FIELDS[kind] + " log time")
        need(self.p["log"] == log and number(self.p["time"]) >= 0, "a statement of another log")
        self.name, self.digest = fields(subject[0], "name digest")
        if kind != "ingest":
            need(self.name == f"urn:strongroom:{log.split('/')[1]}:{kind}", "subject")
            need(self.digest == {"sha256": sha256(rfc8785.dumps(self.p)).hex()}, "subject digest")
    def verify(self, spki):
        need(sha256(spki).hex() == self.keyid, "signed by another key")
        key = load_der_public_key(spki)
        if isinstance(key, ed25519.Ed25519PublicKey):
            y = int.from_bytes(key.public_bytes_raw(), "little") % 2**255 % P
            need(y not in SMALL_ORDER, "a public key of small order")
        is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        need(is_p256 or isinstance(key, (ed25519.Ed25519PublicKey, mldsa.MLDSA44PublicKey)), "an unknown kind of key")
        key.verify(self.sig, self.pae, *[ec.ECDSA(SHA256())] * is_p256)

def check_checkpoint(note, vkey):
    """Origin, size and root that the log key (C2SP signed note, type 0x01) has signed."""
    name, key_id, material = vkey.split("+", 2)
    key, expected = unbase64(material), sha256(name.encode() + b"\n" + unbase64(material))[:4]
    need(len(key) == 33 and key[0] == 1 and expected.hex() == key_id, "not a vkey of a log")
    need(len(note.encode()) <= MAX_NOTE and not re.search("[\0-\x09\x0b-\x1f]", note), "not a signed note")
    text, _, lines = note.rpartition("\n\n")
    lines, text, signed = lines.split("\n"), text + "\n", False
    need(lines.pop() == "" and len(lines) <= 16, "signature lines")
    for line in lines:
        dash, signer, data = line.split(" ")
        need(dash == "\u2014" and len(unbase64(data)) > 4, "a signature line")
        if signer == name and unbase64(data)[:4] == expected:
            ed25519.Ed25519PublicKey.from_public_bytes(key[1:]).verify(unbase64(data)[4:], text.encode())
            signed = True
    need(signed, "the log key has not signed the checkpoint")
    origin, size, root, end = text.split("\n")
    need(origin == name and end == "" and re.fullmatch("0|[1-9][0-9]{0,15}", size), "checkpoint text")
    need(len(unbase64(root)) == 32, "root of the checkpoint")
    return {"origin": origin, "size": number(int(size)), "root": unbase64(root)}

class Receipt:
    def __init__(self, receipt, trust):
        v, self.log, note, state, self.passages, keys, older, gone, _, self.attest, self.caller = fields(receipt, RECEIPT)
        need(v == "sr/receipt/v1" and len(self.passages) <= 1024 and len(keys) <= 64 and len(gone) <= 2, "not a receipt")
        self.keys, self.root = {k["keyid"]: k for k in reversed(keys)}, unbase64(trust["rootSpki"])
        shown = [Entry(fields(each, "entry index proof")[0], "recovery", self.log) for each in gone]
        steps = [(p["old"], p["new"]) for p in (entry.p for entry in shown)]
        back = next((new for old, new in steps if old == trust["head"] and new["size"] < old["size"]), None)
        self.head = check_checkpoint(note, self.log_key(shown, back or trust["head"], trust["logVkey"]))
        need(self.head["origin"] == self.log, "a receipt of another log")
        self.last, self.compared = self.head["size"] - 1, back is not None or self.compare(trust["head"], older)
        for logged in gone:
            entry, index = self.logged(logged, "recovery")
            entry.verify(self.root)
            need(entry.p["new"]["size"] == index, "a recovery at another place")
        self.state, index = self.logged(state, "state")
        need(index == self.last and self.state.p["coversSize"] == index, "not the last state")
        self.map = hash32(self.state.p["root"])
        self.check_signer(self.state, "sequencer", "state", self.last)
    def log_key(self, shown, seen, trusted):
        """The log key that signs the head: the trusted one, or the one by which the root key has replaced it since."""
        change = next((entry for entry in reversed(shown) if entry.p["logVkey"] is not None), None)
        if change is None or change.p["logVkey"] == trusted:
            return trusted
        change.verify(self.root)
        need(seen and seen["size"] <= change.p["new"]["size"], "the log key was changed before the trusted head")
        return change.p["logVkey"]
    def compare(self, known, consistency):
        size, proof = fields(consistency, "size proof") if consistency is not None else (None, None)
        if known is not None and known["size"] == self.head["size"]:
            need(hash32(known["root"]) == self.head["root"], "two roots of one size: the log is split")
        elif known is None or size != known["size"]:
            return False
        else:
            check_consistency(size, hash32(known["root"]), self.head["size"], self.head["root"], proof)
        return True
    def logged(self, logged, kind):
        """An entry that is included under the head."""
        text, index, proof = fields(logged, "entry index proof")
        entry = Entry(text, kind, self.log)
        check_inclusion(entry.leaf, index, self.head["size"], proof, self.head["root"])
        return entry, index
    def check_signer(self, entry, role, kind, index):
        """The signer's key has the role, covers the index and descends from the root key; returns its leaf."""
        need(entry.keyid in self.keys, "the receipt lacks the proof of a key")
        _, logged, proof = fields(self.keys[entry.keyid], "keyid delegate stateProof")
        p, (_, leaf) = self.delegation(logged, MAX_ROOT_CHAIN), check_leaf(proof, "key", KEY, self.map)
        need(p["keyid"] == entry.keyid and all(leaf[x] == p[x] for x in FIELDS["delegate"].split())
             and leaf["firstIndex"] == logged["index"] + 1, "the key leaf is not the delegated key")
        need(leaf["role"] == role and kind in leaf["kinds"], f"signed by a key that may not sign {kind}")
        end = leaf["endIndex"]
        need(number(leaf["firstIndex"]) <= index and (end is None or index < end), "the key was not valid then")
        entry.verify(unbase64(leaf["spki"]))
        return leaf
    def delegation(self, logged, roots_left):
        """A delegation signed by the trusted root key, or by a root key that a chain of delegations leads to."""
        entry, _ = self.logged(logged, "delegate")
        if entry.keyid == sha256(self.root).hex():
            entry.verify(self.root)
            return entry.p
        need(roots_left > 0 and entry.keyid in self.keys, "no chain leads to the root key")
        root = self.delegation(self.keys[entry.keyid]["delegate"], roots_left - 1)
        need(root["role"] == "root", "delegated by a key that is no root key")
        entry.verify(unbase64(root["spki"]))
        return entry.p
    def check_passage(self, passage):
        text, index, proof, state_proof, chunk = fields(passage, "statement index proof stateProof chunk")
        entry, _ = self.logged({"entry": text, "index": index, "proof": proof}, "ingest")
        scope, p = self.check_signer(entry, "ingest", "ingest", index)["namespaces"], entry.p
        need(scope is None or p["source"]["namespace"] in scope, "a namespace beyond the key's")
        key, doc = check_leaf(state_proof, "doc", DOC, self.map)
        need(key == p["stateKey"], "a leaf of another document")
        need(doc["status"] == "live", "the document is not live")
        until, named = doc["validUntil"], [doc["version"], doc["entry"], doc["entryLeafHash"]]
        need(named == [p["version"], index, entry.leaf.hex()], "not the current version")
        need(entry.name == f"urn:strongroom:{self.log.split('/')[1]}:{doc['docId']}:{p['version']}", "another subject")
        need(until is None or until > self.state.p["time"], "the document had expired")
        self.check_chunk(chunk, entry)
        return entry.leaf.hex(), chunk["i"], doc["aclDigest"]
    def check_chunk(self, chunk, entry):
        i, leaf, opening, proof, text = fields(chunk, "i leafFields openT proof text")
        n, start, end, text_commit, vec_commit, meta = fields(leaf, "n start end textCommit vecCommit meta")
        need(n == entry.p["chunks"], "another number of chunks")
        numbers = struct.pack(">IIQQ", *map(number, (i, n, start, end)))
        data = lp("sr/chunk/v1") + numbers + hash32(text_commit) + hash32(vec_commit) + lp(rfc8785.dumps(meta))
        check_inclusion(sha256(b"\0" + data), i, n, proof, hash32(fields(entry.digest, "sha256 srChunkTreeV1")[1]))
        need(end - start == len(text.encode()), "the length of the text")
        need(mac(hash32(opening), lp("sr/text/v1") + text.encode()) == hash32(text_commit), "another text than committed")
    def check_attestation(self, shown):
        entry = Entry(self.attest, "context", self.log)
        p = self.check_signer(entry, "retriever", "context", self.last) and entry.p
        need(p["head"] == {**self.head, "root": self.head["root"].hex()}, "an attestation of another head")
        need(p["passages"] == [{"leafHash": leaf, "i": i} for leaf, i, _ in shown], "an attestation of other passages")
        need(set(p["aclDigests"]) == {acl for _, _, acl in shown}, "an attestation of other permissions")
        if self.caller is not None:
            nonce, *opened = fields(self.caller, "nonce principal query")
            for what, value in zip(("principal", "query"), opened):
                commit = mac(hash32(nonce), lp(f"sr/{what}/v1") + lp(value)).hex()
                need(commit == p[f"{what}Commit"], f"another {what} than the attested one")

def quantised(x):
    """f32le scale || int8[dims] of a model's output, in float64 and index order, rounding half to even."""
    length = math.sqrt(reduce(lambda total, value: total + value * value, x, 0.0))  # sum() may compensate
    need(math.isfinite(length) and length > 0, "a vector is zero or not finite")
    top = max(abs(value / length) for value in x)
    return struct.pack(f"<f{len(x)}b", top / 127, *(max(-127, min(127, round(v / length * 127 / top))) for v in x))

def read(path):
    with open(path, "rb") as f:
        data = f.read(MAX_FILE + 1)
    need(len(data) <= MAX_FILE, "the file is too long")
    return data

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("receipt", nargs="?")
    parser.add_argument("--trust")
    parser.add_argument("--vectors")
    args, stage = parser.parse_args(), ("NO TRUST", 2)
    try:
        if args.vectors is not None:
            cases, stage = json.loads(read(args.vectors)), ("FALSE", 1)
            need(all(quantised(case["x"]).hex() == case["stored"] for case in cases), "a vector has other bytes")
            print(f"PROVED {len(cases)} vectors")
            return 0
        need(args.receipt and args.trust, "give RECEIPT and --trust")
        trust = canonical(read(args.trust), "the trust file")
        need(trust["witnesses"]["k"] == 0, "this program does not check witnesses")
        stage = ("FALSE", 1)
        receipt = Receipt(canonical(read(args.receipt), "the receipt"), trust)
        shown = [receipt.check_passage(passage) for passage in receipt.passages]
        if receipt.attest is not None:
            receipt.check_attestation(shown)
    except Exception as e:  # whatever goes wrong, nothing is proved
        print(stage[0], str(e) or type(e).__name__)
        return stage[1]
    attested, compared = ("" if known else "not " for known in (receipt.attest is not None, receipt.compared))
    print(f"PROVED {len(shown)} passages, {attested}attested, head {compared}compared with the trusted one")
    return 0 if receipt.attest is not None else 3
if __name__ == "__main__":
    sys.exit(main())
