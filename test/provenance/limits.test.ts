// SPDX-License-Identifier: Apache-2.0
// Limits of what is read: at the limit it counts, one beyond it is refused, and what is refused was not read in full.
import { describe, expect, it } from 'vitest';
import {
  base64,
  hex,
  jcs,
  jcsBytes,
  lp,
  MAX_JSON_DEPTH,
  type ObjectStore,
  parseJcs,
  sha256,
  u32be,
  utf8,
} from '../../src/core/index.ts';
import { openMeta } from '../../src/provenance/chunk-tree.ts';
import { MAX_ENTRY_BYTES, parseEnvelope, PAYLOAD_TYPE } from '../../src/provenance/dsse.ts';
import { LogReader } from '../../src/provenance/log-reader.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../src/provenance/merkle.ts';
import { MAX_NOTE_BYTES, parseNote } from '../../src/provenance/note.ts';
import { parseReceipt } from '../../src/provenance/receipt.ts';
import {
  decodeStaging,
  encodeStaging,
  MAX_STAGED_ENTRIES,
  MAX_STAGING_BYTES,
} from '../../src/provenance/staging.ts';
import { decodeBundle, encodeBundle, MAX_BUNDLE_BYTES } from '../../src/provenance/tiles.ts';
import { verifyTrieProof } from '../../src/provenance/trie.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { LogWorld } from '../support/log-world.ts';
import { edited, receiptBytes, ReceiptAuthor } from '../support/receipt-author.ts';
import { codeThrownBy, expectRefusal, expectRejection } from '../support/tampering.ts';

const HASH = 'ab'.repeat(32);

/** An envelope of exactly this many bytes. */
function envelopeOf(bytes: number): Uint8Array {
  const signature = (n: number): Uint8Array =>
    jcsBytes({
      payload: base64(utf8('{}')),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ keyid: HASH, sig: base64(new Uint8Array(n)) }],
    });
  const short = bytes - signature(0).length;
  // Base64 comes in steps of four; what is left is made up by nothing, so the size must fit.
  return signature((short / 4) * 3);
}

/** Nested arrays around a number. */
const nested = (depth: number): Uint8Array => utf8(`${'['.repeat(depth)}1${']'.repeat(depth)}`);

/** What a refusal allocates, in bytes; the input is there before. */
function allocatedBy(work: () => unknown): number {
  const held = (): number => {
    const { heapUsed, arrayBuffers, external } = process.memoryUsage();
    return heapUsed + Math.max(arrayBuffers, external);
  };
  const before = held();
  expect(codeThrownBy(work)).not.toBeNull();
  return held() - before;
}

describe('an entry', () => {
  it('of ours has up to 8 KiB', () => {
    const fits = envelopeOf(MAX_ENTRY_BYTES - ((MAX_ENTRY_BYTES - envelopeOf(400).length) % 4));
    expect(parseEnvelope(fits)).not.toBeNull();
    const most = MAX_ENTRY_BYTES - fits.length;
    expect(most).toBeLessThan(4);
    expect(parseEnvelope(envelopeOf(fits.length + 4))).toBeNull();
  });

  it("of anybody's log has up to 64 KiB, which is all that a bundle can say", () => {
    const largest = new Uint8Array(65_535);
    expect(decodeBundle(encodeBundle([largest]), 1)).toEqual([largest]);
    const wrapped = encodeBundle([new Uint8Array(65_536)]);
    expectRefusal(() => decodeBundle(wrapped, 1), 'LOG_TRUNCATED');
    expect(MAX_BUNDLE_BYTES).toBe(256 * 65_537);
  });

  it('is staged with up to 63 others, of 8 KiB each', () => {
    const entries = (n: number): Uint8Array[] =>
      Array.from({ length: n }, () => new Uint8Array(MAX_ENTRY_BYTES));
    const most = encodeStaging(entries(MAX_STAGED_ENTRIES));
    expect(most.length).toBe(MAX_STAGING_BYTES);
    expect(decodeStaging(most)).toHaveLength(64);
    expectRefusal(() => decodeStaging(new Uint8Array(MAX_STAGING_BYTES + 1)), 'FORMAT_INVALID');
    const many = encodeStaging(Array.from({ length: 65 }, () => new Uint8Array(1)));
    expectRefusal(() => decodeStaging(many), 'FORMAT_INVALID');
  });
});

describe('a proof', () => {
  it('of inclusion or consistency has up to 63 hashes', async () => {
    const leaf = leafHash(utf8('x'));
    const many = Array.from({ length: 10_000 }, () => leaf);
    const at = { index: 0, size: 2 ** 53 - 1 };
    expect(verifyInclusion(leaf, at, many, leaf)).toBe(false);
    const heads = [1, 2 ** 53 - 1].map((size) => ({ size, root: leaf })) as [never, never];
    expect(verifyConsistency(...heads, many)).toBe(false);
    const receipt = await (await ReceiptAuthor.founded()).receipt();
    const withProof = (n: number): Uint8Array =>
      receiptBytes(edited(receipt, (copy) => (copy.state.proof = new Array<string>(n).fill(HASH))));
    expect(codeThrownBy(() => parseReceipt(withProof(63)))).toBeNull();
    expectRefusal(() => parseReceipt(withProof(64)), 'RECEIPT_INVALID');
  });

  it('in the state map has up to 256 steps', async () => {
    const step = (bit: number): [number, string] => [bit, HASH];
    const proof = (n: number): object => ({
      key32: HASH,
      valueHash: HASH,
      path: Array.from({ length: n }, (_, bit) => step(bit)),
    });
    const key = sha256(utf8('x'));
    expect(verifyTrieProof(proof(257) as never, key, key)).toBe('invalid');
    const receipt = await (await ReceiptAuthor.founded()).receipt();
    const withSteps = (n: number): Uint8Array =>
      receiptBytes(
        edited(receipt, (copy) => {
          const [passage] = copy.passages;
          const path = Array.from({ length: n }, (_, bit) => step(Math.min(bit, 255)));
          if (passage !== undefined) passage.stateProof.path = path;
        }),
      );
    expect(codeThrownBy(() => parseReceipt(withSteps(256)))).toBeNull();
    expectRefusal(() => parseReceipt(withSteps(257)), 'RECEIPT_INVALID');
  });
});

describe('canonical JSON', () => {
  it('is nested up to 16 levels', () => {
    expect(codeThrownBy(() => parseJcs(nested(MAX_JSON_DEPTH)))).toBeNull();
    expectRefusal(() => parseJcs(nested(MAX_JSON_DEPTH + 1)), 'FORMAT_INVALID');
    // Brackets in texts nest nothing.
    const text = jcs({ a: '[{"'.repeat(100), b: `\\${'['.repeat(50)}` });
    expect(jcs(parseJcs(utf8(text)))).toBe(text);
  });

  it('of a million brackets is refused without an object for each', () => {
    const deep = nested(2 ** 20);
    expect(allocatedBy(() => parseJcs(deep))).toBeLessThan(2 ** 20);
    expect(() => parseJcs(deep)).toThrow(/nested/);
  });
});

describe('memory', () => {
  it('is not taken for a note of 64 MiB, nor for lines beyond the sixteenth', () => {
    const huge = new Uint8Array(2 ** 26).fill(10);
    expect(allocatedBy(() => parseNote(huge))).toBeLessThan(2 ** 20);
    const lines = utf8(`x\n\n${'\u2014 a AAAAAAAA\n'.repeat(3000)}`);
    expect(lines.length).toBeLessThan(MAX_NOTE_BYTES);
    expectRefusal(() => parseNote(lines), 'FORMAT_INVALID');
  });

  it('is not taken for chunks that a meta part claims and does not hold', () => {
    const chunks = 2 ** 20;
    const claim = Buffer.concat([u32be(chunks), new Uint8Array(64)]);
    const signed = { chunks, chunkRoot: hex(sha256(claim)), facts: HASH };
    expect(allocatedBy(() => openMeta(claim, signed, new Uint8Array(32)))).toBeLessThan(2 ** 20);
  });
});

/** A store that counts the most bytes that one read may bring. */
function measured(store: ObjectStore): { store: ObjectStore; asked: Map<string, number> } {
  const asked = new Map<string, number>();
  const note = (path: string, bytes: number): void =>
    void asked.set(path, Math.max(bytes, asked.get(path) ?? 0));
  const proxy = new Proxy(store, {
    get(target, name) {
      if (name === 'get') {
        return async (path: string) => (note(path, Infinity), target.get(path));
      }
      if (name === 'getRange') {
        return async (path: string, offset: number, length: number) => (
          note(path, length),
          target.getRange(path, offset, length)
        );
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { store: proxy, asked };
}

describe('a hostile store', () => {
  it('cannot make a reader of the log fetch more than a checkpoint, tile or bundle may have', async () => {
    const [world, writer] = await LogWorld.founded();
    const { store, asked } = measured(world.store);
    const reader = new LogReader(store, LogWorld.prefix);
    const { size } = writer.ledger.head;
    await reader.checkpointBytes();
    await reader.provenEntry(1, writer.ledger.head);
    const limits = [...asked].map(([path, bytes]) => {
      const name = path.slice(LogWorld.prefix.length);
      if (name === 'checkpoint') return bytes <= MAX_NOTE_BYTES + 1;
      return bytes <= (name.startsWith('tile/entries') ? MAX_BUNDLE_BYTES : 8192) + 1;
    });
    expect(limits.length).toBeGreaterThan(2);
    expect(limits).not.toContain(false);
    await world.store.delete(`${LogWorld.prefix}tile/0/000.p/${size}`);
    await world.store.putIfAbsent(
      `${LogWorld.prefix}tile/0/000.p/${size}`,
      new Uint8Array(2 ** 20),
    );
    const fresh = new LogReader(store, LogWorld.prefix);
    await expectRejection(fresh.inclusionProof(1, size), 'LOG_TRUNCATED');
  });

  it('cannot make it take a checkpoint of more than 64 KiB', async () => {
    const store = new MemoryStore(new FixedClock());
    await store.putIfAbsent('log/checkpoint', new Uint8Array(2 ** 20).fill(10));
    const bytes = await new LogReader(store, 'log/').checkpointBytes();
    expect(bytes).toHaveLength(MAX_NOTE_BYTES + 1);
    expectRefusal(() => parseNote(bytes ?? lp('')), 'FORMAT_INVALID');
  });
});
