# SPDX-License-Identifier: Apache-2.0
"""The attacks that tell integrity from encryption, against the PyPI package provenex-core 1.0.0.

What that package promises, in its own terms: a signed fingerprint of every chunk beside an existing vector store, five
outcomes per chunk at query time, a signed receipt, optionally a Merkle log over the same rows and a witness log of its
heads. It does not encrypt, does not hold texts or vectors, and leaves publishing heads to the operator. It is used here at
its strictest: Merkle index, mode `enforce`, and every outcome but VERIFIED blocks.

    python3 bench/peers/provenex/run.py [--json]         installs the package into an environment of its own first
"""
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("PROVENEX_INDEX_SECRET", secrets.token_hex(32))
os.environ.setdefault("PROVENEX_RECEIPT_SECRET", secrets.token_hex(32))

import provenex  # noqa: E402
from provenex.core.fingerprinter import Fingerprinter  # noqa: E402
from provenex.index.merkle_sqlite_index import MerkleSQLiteProvenanceIndex  # noqa: E402
from provenex.policy.policy import VerificationPolicy  # noqa: E402

OLD = "The visitor code of the north gate is 1111, says the porter of the first shift."
NEW = "The visitor code of the north gate is 2222, says the porter of the second shift."
SPLIT = "The visitor code of the north gate is 3333, says the porter of the second shift."
OTHER = "The salary of an engineer begins at four thousand two hundred crowns a month."
STRICT = provenex.Policy(
    verification=VerificationPolicy(
        block_stale=True, block_unauthorized=True, block_unverified=True, block_tampered=True
    ),
    mode="enforce",
)
prints = Fingerprinter()


def version_of(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def open_index(folder: Path) -> MerkleSQLiteProvenanceIndex:
    return MerkleSQLiteProvenanceIndex(str(folder / "index.db"))


def add(folder: Path, document: str, text: str) -> None:
    """Adds a version; older ones of the document are superseded."""
    index = open_index(folder)
    index.add(prints.fingerprint_chunk(text), document, version_of(text), 0, len(text))
    index.supersede(document, version_of(text))
    index.close()


def look(folder: Path, text: str) -> tuple[str, bool, str]:
    """Outcome of a chunk, whether it reaches the model, and the head of the log."""
    index = open_index(folder)
    try:
        outcome = index.verify(prints.fingerprint_chunk(text)).value
        kept = provenex.verify_chunks(
            [text], index=index, signer=provenex.HmacSha256Signer(), policy=STRICT
        ).kept
        return outcome, kept == [text], f"{index.tree_size()} {index.tree_root()}"
    finally:
        index.close()


def edit(folder: Path, *statements: str) -> None:
    database = sqlite3.connect(folder / "index.db")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def run(work: Path) -> list[dict[str, object]]:
    before = work / "before"
    before.mkdir()
    add(before, "gate", OLD)
    add(before, "salaries", OTHER)
    now = work / "now"
    shutil.copytree(before, now)
    add(now, "gate", NEW)
    index = open_index(now)
    index.set_authorization("salaries", False)
    index.close()
    split = work / "split"
    shutil.copytree(before, split)
    add(split, "gate", SPLIT)
    head = look(now, NEW)[2]
    results: list[dict[str, object]] = []

    def attack(move: str, title: str, text: str, damage=None, start: Path = now) -> None:
        folder = work / f"attack-{len(results)}"
        shutil.copytree(start, folder)
        if damage is not None:
            edit(folder, *damage)
        outcome, reaches, seen = look(folder, text)
        results.append(
            {"move": move, "title": title, "outcome": outcome, "reachesModel": reaches,
             "headDiffers": seen != head}
        )

    attack("-", "control: the current version", NEW)
    attack("-", "control: the superseded version", OLD)
    attack("-", "control: a document whose authorisation was withdrawn", OTHER)
    attack("A30", "another text, written by somebody with every right but signing", NEW.replace("2222", "6666"))
    attack("A05", "the whole index of before is restored; old version asked for", OLD, start=before)
    attack("A04", "one row says again that the old version is current", OLD,
           ["UPDATE fingerprints SET superseded = 0"])
    attack("A06", "the row of the current version is left out", NEW,
           [f"DELETE FROM fingerprints WHERE document_version = '{version_of(NEW)}'"])
    attack("A07", "another history of the same length, by whoever holds the index secret", SPLIT, start=split)
    attack("A36", "the database says again that a document is authorised", OTHER,
           ["UPDATE documents SET authorized = 1"])
    attack("A36", "a signed field of a row is edited", NEW,
           [f"UPDATE fingerprints SET chunk_length = 1 WHERE document_version = '{version_of(NEW)}'"])
    return results


with tempfile.TemporaryDirectory() as folder:
    found = run(Path(folder))
if "--json" in sys.argv:
    print(json.dumps(found, indent=2))
else:
    for row in found:
        reaches = "reaches the model" if row["reachesModel"] else "kept out"
        head = "other head" if row["headDiffers"] else "same head"
        print(f"{row['move']:4} {row['outcome']:13} {reaches:18} {head:11} {row['title']}")
