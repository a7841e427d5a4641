// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/core/index.ts';
import { MAX_RECEIPT_BYTES, parseReceipt, type Receipt } from '../../src/provenance/receipt.ts';
import { ReceiptAuthor, receiptBytes } from '../support/receipt-author.ts';
import { codeThrownBy, everyTruncation, expectRefusal, flipBit } from '../support/tampering.ts';

const receipts = await ReceiptAuthor.founded();
const receipt = await receipts.receipt({ since: 3 });
const BYTES = receiptBytes(receipt);
const [passage] = receipt.passages as [Receipt['passages'][number]];
const [key] = receipt.keys as [Receipt['keys'][number]];
const { chunk, stateProof } = passage;

/** Expects a refusal of the receipt with something in it that its form does not allow. */
function refuses(changed: object): void {
  expectRefusal(() => parseReceipt(receiptBytes({ ...receipt, ...changed })), 'RECEIPT_INVALID');
}
const withPassage = (changed: object): object => ({ passages: [{ ...passage, ...changed }] });
const withChunk = (changed: object): object => withPassage({ chunk: { ...chunk, ...changed } });
const withLeaf = (changed: object): object =>
  withChunk({ leafFields: { ...chunk.leafFields, ...changed } });
const withStateProof = (changed: object): object =>
  withPassage({ stateProof: { ...stateProof, ...changed } });
const without = (value: object, name: string): object =>
  Object.fromEntries(Object.entries(value).filter(([field]) => field !== name));

describe('the form of a receipt', () => {
  it('is read back as it was written', () => {
    expect(parseReceipt(BYTES)).toEqual(receipt);
    const bare = { passages: [], keys: [], consistency: null, recoveries: [], genesis: null };
    const least = { ...receipt, ...bare, attest: null, caller: null };
    expect(parseReceipt(receiptBytes(least))).toEqual(least);
  });

  it('is closed: a field more or less anywhere is refused', () => {
    const places: [object, (changed: object) => object][] = [
      [receipt, (changed) => changed],
      [receipt.state, (changed) => ({ state: changed })],
      [passage, (changed) => ({ passages: [changed] })],
      [stateProof, (changed) => withPassage({ stateProof: changed })],
      [chunk, (changed) => withPassage({ chunk: changed })],
      [chunk.leafFields, (changed) => withChunk({ leafFields: changed })],
      [key, (changed) => ({ keys: [changed] })],
      [receipt.consistency ?? {}, (changed) => ({ consistency: changed })],
      [receipt.genesis ?? {}, (changed) => ({ genesis: changed })],
      [receipt.caller ?? {}, (changed) => ({ caller: changed })],
    ];
    for (const [value, place] of places) {
      const parse = (changed: object): unknown => {
        const whole = value === receipt ? changed : { ...receipt, ...place(changed) };
        return codeThrownBy(() => parseReceipt(receiptBytes(whole)));
      };
      expect(parse(value)).toBeNull();
      expect(parse({ ...value, note: 1 })).toBe('RECEIPT_INVALID');
      for (const name of Object.keys(value)) {
        expect([name, parse(without(value, name))]).toEqual([name, 'RECEIPT_INVALID']);
      }
    }
  });

  it.each<[string, object]>([
    ['another version', { v: 'sr/receipt/v2' }],
    ['a number for the origin', { origin: 1 }],
    ['url-safe base64', { attest: '-_8=' }],
    ['base64 without padding', { attest: 'AAA' }],
    ['a negative index', withPassage({ index: -1 })],
    ['a proof that is no list', withPassage({ proof: {} })],
    ['upper-case hex', withStateProof({ key32: 'AB'.repeat(32) })],
    ['a short hash', withStateProof({ valueHash: 'ab'.repeat(31) })],
    ['a bit beyond the key', withStateProof({ path: [[256, 'ab'.repeat(32)]] })],
    ['a step of three', withStateProof({ path: [[1, 'ab'.repeat(32), 1]] })],
    ['a leaf of nothing', withStateProof({ value: null })],
    ['a leaf that is a text', withStateProof({ value: 'live' })],
    ['no chunks', withLeaf({ n: 0 })],
    ['a text that is no text', withChunk({ text: ['a'] })],
    ['a short opening', withChunk({ openT: 'ab' })],
    ['consistency from nothing', { consistency: { size: 0, proof: [] } }],
    ['a short nonce', { caller: { nonce: 'ab', principal: 'p', query: 'q' } }],
    ['null passages', { passages: null }],
  ])('is not one with %s', (_name, changed) => {
    refuses(changed);
  });

  it('holds no more passages, keys and hashes than a verifier may be made to check', () => {
    const many = <T>(n: number, item: T): T[] => new Array<T>(n).fill(item);
    const hash = 'ab'.repeat(32);
    refuses({ passages: many(1025, passage) });
    refuses({ keys: many(65, key) });
    refuses(withPassage({ proof: many(64, hash) }));
    refuses(withStateProof({ path: many(257, [1, hash]) }));
    const full = { ...receipt, passages: many(1024, passage), keys: many(64, key) };
    expect(codeThrownBy(() => parseReceipt(receiptBytes(full)))).toBeNull();
  });

  it('is canonical: other spellings of the same receipt are refused', () => {
    const text = Buffer.from(BYTES).toString();
    const others = [
      JSON.stringify(receipt, null, 2),
      ` ${text}`,
      `${text}\n`,
      text.replace('"attest":', '"attest" :'),
      text.replace('{"attest":', '{"attest":null,"attest":'),
      text.replace('"index":', '"index":0,"index":'),
      JSON.stringify(receipt),
    ];
    for (const other of others) {
      expectRefusal(() => parseReceipt(utf8(other)), 'RECEIPT_INVALID');
    }
  });

  it('is refused cut short, with bytes behind it, or with what is no JSON', () => {
    for (const cut of everyTruncation(BYTES.subarray(0, 400))) {
      expectRefusal(() => parseReceipt(cut), 'RECEIPT_INVALID');
    }
    expectRefusal(() => parseReceipt(BYTES.subarray(0, -1)), 'RECEIPT_INVALID');
    expectRefusal(() => parseReceipt(concat(BYTES, utf8('}'))), 'RECEIPT_INVALID');
    for (const other of ['', 'null', '[]', '"x"', '1', '{}', '\ufeff{}']) {
      expectRefusal(() => parseReceipt(utf8(other)), 'RECEIPT_INVALID');
    }
    expectRefusal(() => parseReceipt(flipBit(BYTES, 7)), 'RECEIPT_INVALID');
  });

  it('is refused unread above 16 MiB, and nested too deep without a crash', () => {
    const large = new Uint8Array(MAX_RECEIPT_BYTES + 1).fill(0x20);
    expect(() => parseReceipt(large)).toThrow(/16 MiB/);
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expectRefusal(() => parseReceipt(utf8(deep)), 'RECEIPT_INVALID');
    const value = `${'{"a":'.repeat(20)}1${'}'.repeat(20)}`;
    const nested = Buffer.from(BYTES).toString().replace('"value":{', `"value":{"":${value},`);
    expectRefusal(() => parseReceipt(utf8(nested)), 'RECEIPT_INVALID');
  });

  it('tells in its error nothing of what the receipt says', () => {
    try {
      parseReceipt(receiptBytes({ ...receipt, note: 'x' }));
    } catch (error) {
      expect((error as Error).cause).toBeUndefined();
      expect(String(error)).not.toContain(chunk.text.trim());
    }
    expect.assertions(2);
  });
});
