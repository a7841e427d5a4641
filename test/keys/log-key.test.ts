// SPDX-License-Identifier: Apache-2.0
// A key ring while the log key changes.
import { describe, expect, it } from 'vitest';
import { hex, systemRandom, utf8 } from '../../src/core/index.ts';
import { LocalKeyRing, type LocalKeyRingOptions } from '../../src/keys/index.ts';
import { ed25519Spki } from '../../src/provenance/note.ts';
import { parsePublicKey, verifySignature } from '../../src/provenance/public-key.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const optionsIn = (home: string): LocalKeyRingOptions => ({
  home,
  vaultId: '0f'.repeat(16),
  tenantId: 'acme',
  random: systemRandom,
  passphrase: null,
});

describe('rotation of the log key', () => {
  it('holds both keys until one is kept, over restarts, and signs with the wanted one', async () => {
    const options = optionsIn(temporaryFolder());
    const made = await LocalKeyRing.create(options);
    const first = made.logPublicKey;
    const second = await made.nextLogKey(first);
    expect(hex(await made.nextLogKey(first))).toBe(hex(second));
    const ring = await LocalKeyRing.open(options);
    expect(hex(await ring.nextLogKey(first))).toBe(hex(second));
    expect(hex(ring.logPublicKey)).toBe(hex(first));
    const text = utf8('checkpoint\n');
    for (const raw of [first, second]) {
      const key = parsePublicKey(ed25519Spki(raw))!;
      expect(verifySignature(key, text, await ring.signNote(text, raw))).toBe(true);
    }
    await ring.keepLogKey(second);
    const kept = await LocalKeyRing.open(options);
    expect(hex(kept.logPublicKey)).toBe(hex(second));
    await kept.signNote(text, second);
    await expectRejection(kept.signNote(text, first), 'KEY_UNAVAILABLE');
    await expectRejection(kept.nextLogKey(first), 'KEY_UNAVAILABLE');
    await expectRejection(kept.keepLogKey(first), 'KEY_UNAVAILABLE');
  });

  it('never takes a former key for the next one, though the ring still holds it', async () => {
    const ring = await LocalKeyRing.create(optionsIn(temporaryFolder()));
    const first = ring.logPublicKey;
    const second = await ring.nextLogKey(first);
    // As after a stop between the head under the new key and the forgetting of the old one.
    const third = await ring.nextLogKey(second);
    expect(new Set([first, second, third].map(hex)).size).toBe(3);
    expect(hex(ring.logPublicKey)).toBe(hex(second));
    await expectRejection(ring.signNote(utf8('x'), first), 'KEY_UNAVAILABLE');
  });
});
