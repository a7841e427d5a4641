// SPDX-License-Identifier: Apache-2.0
// Makes receipts over a ledger in memory, without the code that makes them in the product: what it builds checks both.
// Its log may be dishonest: records can be planted in the state, as whoever holds log and sequencer key could do.
import { base64, hex, jcsBytes } from '../../src/core/index.ts';
import { type KeyRef, documentSalt, textOpening } from '../../src/keys/index.ts';
import { signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { type ChunkLeaf, chunkRoot, encodeLeaf } from '../../src/provenance/chunk-tree.ts';
import {
  consistencyRanges,
  type Hash,
  inclusionProof,
  leafHash,
  rootOf,
  type TreeHead,
} from '../../src/provenance/merkle.ts';
import { parseVkey } from '../../src/provenance/note.ts';
import { parseEnvelope } from '../../src/provenance/dsse.ts';
import type { Predicate } from '../../src/provenance/predicates.ts';
import type {
  LoggedEntry,
  Receipt,
  ReceiptPassage,
  ReceiptStateProof,
} from '../../src/provenance/receipt.ts';
import { principalCommit, queryCommit } from '../../src/provenance/receipt-verify.ts';
import {
  entryLeafHash,
  type StateKind,
  type StateRecord,
  stateKey,
  withRecords,
} from '../../src/provenance/state.ts';
import { signStatement } from '../../src/provenance/statement.ts';
import { trieProve } from '../../src/provenance/trie.ts';
import { parseTrust, type Trust } from '../../src/provenance/trust.ts';
import { chunkedDocument } from './chunk-fixture.ts';
import { type Fields, LogAuthor } from './log-author.ts';
import { LogWorld } from './log-world.ts';
import { Replica } from './replica.ts';

/** A document version whose chunks can be shown. */
interface Version {
  readonly index: number;
  readonly version: number;
  readonly entry: Uint8Array;
  readonly leaves: readonly ChunkLeaf[];
  /** The text that each leaf commits to. */
  readonly texts: readonly string[];
  readonly salt: Uint8Array;
}

/** How the next version of a document differs from a plain one. */
export interface PublishOptions {
  readonly by?: string;
  readonly fields?: Fields<'ingest'>;
  /** Changes the leaves before they are signed. */
  readonly leaves?: (leaves: readonly ChunkLeaf[]) => readonly ChunkLeaf[];
}

/** What a receipt is to show. */
export interface ReceiptOptions {
  /** Documents, by source name and chunk. */
  readonly shown?: readonly (readonly [uri: string, chunk: number])[];
  /** Fields of the attestation that differ, or null for no attestation. */
  readonly attest?: Fields<'context'> | null;
  /** Name of the key that attests. */
  readonly by?: string;
  readonly since?: number;
}

/** Who asks what in every receipt. */
export const CALLER = { nonce: 'ab'.repeat(32), principal: 'corp.alice', query: 'which rule?' };

/** One tenant's ledger with documents, and the receipts over it. */
export class ReceiptAuthor {
  readonly replica: Replica;
  readonly #versions = new Map<string, Version>();

  constructor(replica: Replica) {
    this.replica = replica;
  }

  /** A founded ledger with document `a` of three chunks, sealed by a state entry. */
  static async founded(author = new LogAuthor()): Promise<ReceiptAuthor> {
    const receipts = new ReceiptAuthor(await Replica.founded(author));
    await receipts.publish('a');
    await receipts.replica.seal();
    return receipts;
  }

  get author(): LogAuthor {
    return this.replica.author;
  }

  /** Appends the next version of a document with a real chunk tree, whatever the ledger thinks of it. */
  async publish(uri: string, options: PublishOptions = {}): Promise<void> {
    const { author, replica } = this;
    const docId = author.docId(uri);
    const previous = replica.lookup('doc', docId);
    const version = options.fields?.version ?? (previous?.version ?? 0) + 1;
    const ref: KeyRef = { tenantId: author.tenantId, kind: 'doc', id: docId, no: version };
    const dek = author.random.bytes(32);
    const plain = chunkedDocument(dek, ref);
    const leaves = options.leaves?.(plain.leaves) ?? plain.leaves;
    const signed = { chunks: leaves.length, facts: plain.facts, chunkRoot: chunkRoot(leaves) };
    const entry = await author.ingest(uri, previous, { ...signed, ...options.fields }, options.by);
    const salt = documentSalt(dek, ref);
    const texts = plain.leaves.map(({ start, end }) =>
      Buffer.from(plain.text.subarray(start, end)).toString(),
    );
    this.#versions.set(uri, { index: replica.next, version, entry, leaves, texts, salt });
    replica.append(entry);
  }

  /** Puts records into the state that no entry puts there. */
  plant(...records: readonly StateRecord[]): void {
    this.replica.state = withRecords(this.author.idKey, this.replica.state, records);
  }

  /** Takes other bytes for the statement of a document's last version, as they now stand in the log. */
  reSign(uri: string, entry: Uint8Array): void {
    this.#versions.set(uri, { ...this.#version(uri), entry });
  }

  /** Plants the leaf that an honest ledger would hold for a document if its last version counted. */
  plantLive(uri: string): void {
    const { index, version, entry, leaves } = this.#version(uri);
    const head = { entry: index, entryLeafHash: entryLeafHash(entry), chunks: leaves.length };
    const named = { docId: this.author.docId(uri), status: 'live' as const, version };
    this.plant({ kind: 'doc', value: { ...this.replica.doc('a'), ...named, ...head } });
  }

  /** The head of the log, or of its first entries. */
  head(size = this.replica.next): TreeHead {
    return { size, root: rootOf(this.#hashes().slice(0, size)) };
  }

  /** What a verifier trusts, with the head it has seen. */
  trust(head: TreeHead | null = null): Trust {
    return parseTrust(jcsBytes(new LogWorld(this.author).trustFile(head)));
  }

  /** A head under the signature of the log key of a name; default: the one that the log names. */
  checkpoint(head: TreeHead, by?: string): Promise<string> {
    const { author, replica } = this;
    const named = replica.state.vault?.logVkey ?? author.logVkey;
    const key = parseVkey(by === undefined ? named : author.logVkeyOf(by))!;
    return signCheckpoint(author.log, head, key, (text) => author.logSigner(key).sign(text));
  }

  /** A receipt at the end of the log. */
  async receipt(options: ReceiptOptions = {}): Promise<Receipt> {
    const head = this.head();
    const passages = (options.shown ?? [['a', 0]]).map(([uri, i]) => this.#passage(uri, i));
    const attest = await this.#attestation(head, passages, options);
    const state = this.logged(head.size - 1);
    const signed = [state.entry, ...passages.map((passage) => passage.statement), attest];
    return {
      v: 'sr/receipt/v1',
      origin: this.author.log,
      head: await this.checkpoint(head),
      state,
      passages,
      keys: this.#keys(signed.flatMap((entry) => (entry === null ? [] : [signerOf(entry)]))),
      consistency: options.since === undefined ? null : this.#consistency(options.since),
      recoveries: this.#recoveries(),
      genesis: this.logged(0),
      attest,
      caller: attest === null ? null : CALLER,
    };
  }

  /** An entry of the log with its inclusion proof. */
  logged(index: number): LoggedEntry {
    const proof = inclusionProof(this.#hashes(), index).map(hex);
    return { entry: base64(this.replica.entries[index] ?? new Uint8Array(0)), index, proof };
  }

  /** The proof of a leaf of the state. */
  stateProof(kind: StateKind, name: string): ReceiptStateProof {
    const { trie } = this.replica.state;
    const proof = trieProve(trie, stateKey(this.author.idKey, kind, name));
    const value = this.replica.lookup(kind, name);
    if (proof === null || value === null) throw new Error(`the test has no ${kind} ${name}`);
    return { ...proof, value, path: proof.path.map(([bit, sibling]) => [bit, sibling]) };
  }

  #version(uri: string): Version {
    const version = this.#versions.get(uri);
    if (version === undefined) throw new Error(`the test has not published ${uri}`);
    return version;
  }

  #passage(uri: string, i: number): ReceiptPassage {
    const { index, leaves, texts, salt } = this.#version(uri);
    const { entry, proof } = this.logged(index);
    const leaf = leaves[i] as ChunkLeaf;
    const { n, start, end, meta } = leaf;
    const commits = { textCommit: hex(leaf.textCommit), vecCommit: hex(leaf.vecCommit) };
    return {
      statement: entry,
      index,
      proof,
      stateProof: this.stateProof('doc', this.author.docId(uri)),
      chunk: {
        i,
        leafFields: { n, start, end, ...commits, meta },
        openT: hex(textOpening(salt, i)),
        proof: inclusionProof(
          leaves.map((each) => leafHash(encodeLeaf(each))),
          i,
        ).map(hex),
        text: texts[i] ?? '',
      },
    };
  }

  async #attestation(
    head: TreeHead,
    passages: readonly ReceiptPassage[],
    options: ReceiptOptions,
  ): Promise<string | null> {
    if (options.attest === null) return null;
    const { author } = this;
    const nonce = Buffer.from(CALLER.nonce, 'hex');
    const predicate: Predicate<'context'> = {
      log: author.log,
      time: author.time,
      head: { origin: author.log, size: head.size, root: hex(head.root) },
      principalCommit: hex(principalCommit(nonce, CALLER.principal)),
      queryCommit: hex(queryCommit(nonce, CALLER.query)),
      identity: 'token',
      policyEpoch: 1,
      dirEpoch: 1,
      aclDigests: [...new Set(passages.map(({ stateProof }) => aclDigestOf(stateProof)))].sort(),
      passages: passages.map(({ statement, chunk }) => ({
        leafHash: entryLeafHash(Buffer.from(statement, 'base64')),
        i: chunk.i,
      })),
      ...options.attest,
    };
    const signer = author.signer(options.by ?? 'retriever');
    return base64(await signStatement('context', predicate, signer));
  }

  #recoveries(): LoggedEntry[] {
    const found = (['back', 'log-key'] as const).map((what) =>
      this.replica.lookup('recovery', what),
    );
    const entries = new Set(found.flatMap((recovery) => recovery?.entry ?? []));
    return [...entries].sort((a, b) => a - b).map((index) => this.logged(index));
  }

  /** Every signer that the ledger knows, and every root key that leads to one. */
  #keys(signers: readonly string[]): Receipt['keys'] {
    const keys: Receipt['keys'] = [];
    const open = [...new Set(signers)];
    for (const keyid of open) {
      const key = this.replica.state.keys.get(keyid);
      if (key === undefined || keyid === this.trust().rootKey.keyid) continue;
      const delegate = this.logged(key.firstIndex - 1);
      keys.push({ keyid, delegate, stateProof: this.stateProof('key', keyid) });
      const parent = signerOf(delegate.entry);
      if (!open.includes(parent)) open.push(parent);
    }
    return keys;
  }

  #consistency(size: number): Receipt['consistency'] {
    const hashes = this.#hashes();
    const ranges = consistencyRanges(size, hashes.length);
    return { size, proof: ranges.map(([lo, hi]) => hex(rootOf(hashes.slice(lo, hi)))) };
  }

  #hashes(): Hash[] {
    return this.replica.entries.map(leafHash);
  }
}

/** keyid that an entry in base64 names. */
export function signerOf(entry: string): string {
  return parseEnvelope(new Uint8Array(Buffer.from(entry, 'base64')))?.keyid ?? '';
}

/** A receipt's bytes as they are handed out. */
export function receiptBytes(receipt: unknown): Uint8Array {
  return jcsBytes(receipt);
}

/** A copy of a receipt in which a test has changed something. */
export function edited(receipt: Receipt, edit: (copy: Receipt) => void): Receipt {
  const copy = structuredClone(receipt);
  edit(copy);
  return copy;
}

function aclDigestOf(proof: ReceiptStateProof): string {
  return (proof.value as { aclDigest: string }).aclDigest;
}
