// SPDX-License-Identifier: Apache-2.0
import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, hex, hkdfExpand, lp, u64be } from '../../src/core/index.ts';
import {
  type BranchKey,
  type KeyRef,
  ROW_BYTES,
  rowVersion,
  unwrapKey,
  wrapKey,
} from '../../src/keys/index.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { everyBitFlip, everyTruncation, expectRefusal } from '../support/tampering.ts';

const random = new SeededRandom('wrap');
const branch = (): BranchKey => ({ version: hex(random.bytes(16)), key: random.bytes(32) });
const BRANCH = branch();
const DEK = random.bytes(32);
const REF: KeyRef = { tenantId: 'acme', kind: 'doc', id: 'd-1', no: 7 };
const row = wrapKey(BRANCH, REF, DEK, random);

describe('wrapped data keys', () => {
  it('unwrap to the same key and have the layout of the formats', () => {
    expect(row).toHaveLength(ROW_BYTES);
    expect(hex(unwrapKey(BRANCH, REF, row))).toBe(hex(DEK));
    expect(rowVersion(row)).toBe(BRANCH.version);
    const [salt, iv, version] = [row.subarray(0, 16), row.subarray(16, 28), row.subarray(28, 44)];
    const key = hkdfExpand('sha256', BRANCH.key, concat(lp('sr/wrap/v1'), salt), 32);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    cipher.setAAD(concat(lp('sr/dek/v1'), lp('acme'), lp('doc'), lp('d-1'), u64be(7), version));
    const sealed = concat(cipher.update(DEK), cipher.final(), cipher.getAuthTag());
    expect(hex(row.subarray(44))).toBe(hex(sealed));
  });

  it('never look alike', () => {
    expect(hex(wrapKey(BRANCH, REF, DEK, random))).not.toBe(hex(row));
  });

  it.each<[string, KeyRef]>([
    ['tenant', { ...REF, tenantId: 'other' }],
    ['kind', { ...REF, kind: 'segment' }],
    ['id', { ...REF, id: 'd-2' }],
    ['version number', { ...REF, no: 8 }],
    ['split of tenant and kind', { ...REF, tenantId: 'acmed', kind: 'oc' as KeyRef['kind'] }],
  ])('do not unwrap for another %s: rows cannot be swapped', (_name, ref) => {
    expectRefusal(() => unwrapKey(BRANCH, ref, row), 'KEY_ROW_INVALID');
  });

  it('do not unwrap under another branch key of the same version', () => {
    const other = { ...branch(), version: BRANCH.version };
    expectRefusal(() => unwrapKey(other, REF, row), 'KEY_ROW_INVALID');
  });

  it('INV-ROW-VERSION: do not unwrap under another version, even of the same key', () => {
    const other = { ...branch(), key: BRANCH.key };
    expectRefusal(() => unwrapKey(other, REF, row), 'KEY_ROW_INVALID');
  });

  it('do not unwrap with any bit turned over', () => {
    for (const altered of everyBitFlip(row)) {
      expectRefusal(() => unwrapKey(BRANCH, REF, altered), 'KEY_ROW_INVALID');
    }
  });

  it('are refused cut short or padded: a short tag is no tag', () => {
    for (const cut of everyTruncation(row)) {
      expectRefusal(() => unwrapKey(BRANCH, REF, cut), 'KEY_ROW_INVALID');
    }
    const longer = concat(row, Uint8Array.of(0));
    expectRefusal(() => unwrapKey(BRANCH, REF, longer), 'KEY_ROW_INVALID');
    expectRefusal(() => rowVersion(longer), 'KEY_ROW_INVALID');
  });
});
