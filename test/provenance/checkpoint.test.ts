// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { base64, hex, utf8 } from '../../src/core/index.ts';
import { LocalSigner, newEd25519 } from '../../src/keys/local-signer.ts';
import { checkpointText, openCheckpoint, signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { leafHash } from '../../src/provenance/merkle.ts';
import { type NoteKey, parseVkey, signatureLine, vkeyOf } from '../../src/provenance/note.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { codeThrownBy, everyBitFlip, expectRefusal } from '../support/tampering.ts';

const ORIGIN = '00.vault.strongroom.invalid/acme';
const HEAD = { size: 300, root: leafHash(utf8('root')) };
const random = new SeededRandom('checkpoint');
const log = new LocalSigner(newEd25519(random));
const KEY = parseVkey(vkeyOf(ORIGIN, log.rawPublicKey)) as NoteKey;
const sign = (text: Uint8Array): Promise<Uint8Array> => log.sign(text);

/** A note over any text, signed by the log key. */
async function signedText(text: string): Promise<Uint8Array> {
  return utf8(`${text}\n${signatureLine(KEY, await sign(utf8(text)))}`);
}

describe('a checkpoint', () => {
  it('is origin, size and root, signed; two sequencers write the same bytes', async () => {
    const note = await signCheckpoint(ORIGIN, HEAD, KEY, sign);
    expect(note.startsWith(`${ORIGIN}\n300\n${base64(HEAD.root)}\n\n\u2014 ${ORIGIN} `)).toBe(true);
    expect(await signCheckpoint(ORIGIN, HEAD, KEY, sign)).toBe(note);
    const opened = openCheckpoint(utf8(note), ORIGIN, KEY);
    expect(opened).toMatchObject({ origin: ORIGIN, size: 300, note });
    expect(hex(opened.root)).toBe(hex(HEAD.root));
  });

  it('keeps cosignature lines of keys that it does not know', async () => {
    const note = await signCheckpoint(ORIGIN, HEAD, KEY, sign);
    const witnessed = `${note}\u2014 witness.example/w ${base64(new Uint8Array(76).fill(7))}\n`;
    expect(openCheckpoint(utf8(witnessed), ORIGIN, KEY)).toMatchObject({
      size: 300,
      note: witnessed,
    });
  });

  it('INV-CHECKPOINT-SIGNATURE: is refused when only others signed it', async () => {
    const other = new LocalSigner(newEd25519(random));
    const otherKey = parseVkey(vkeyOf(ORIGIN, other.rawPublicKey)) as NoteKey;
    const note = await signCheckpoint(ORIGIN, HEAD, otherKey, (text) => other.sign(text));
    expectRefusal(() => openCheckpoint(utf8(note), ORIGIN, KEY), 'CHECKPOINT_INVALID');
  });

  it('is refused when the log key is named with a wrong signature', async () => {
    const text = checkpointText(ORIGIN, HEAD);
    const note = `${text}\n${signatureLine(KEY, await sign(utf8(`${text}x`)))}`;
    expectRefusal(() => openCheckpoint(utf8(note), ORIGIN, KEY), 'CHECKPOINT_INVALID');
  });

  it('INV-CHECKPOINT-ORIGIN: is refused for another log, even by the same key', async () => {
    const other = '00.vault.strongroom.invalid/other';
    const note = await signCheckpoint(other, HEAD, KEY, sign);
    expectRefusal(() => openCheckpoint(utf8(note), ORIGIN, KEY), 'CHECKPOINT_INVALID');
  });

  const root = base64(HEAD.root);
  it.each([
    ['an extension line', `${ORIGIN}\n300\n${root}\nextension\n`],
    ['a line missing', `${ORIGIN}\n300\n`],
    ['no origin', `\n300\n${root}\n`],
    ['a size with a zero in front', `${ORIGIN}\n0300\n${root}\n`],
    ['a size with a sign', `${ORIGIN}\n+300\n${root}\n`],
    ['a negative size', `${ORIGIN}\n-1\n${root}\n`],
    ['a size with an exponent', `${ORIGIN}\n3e2\n${root}\n`],
    ['a size in hex', `${ORIGIN}\n0x12c\n${root}\n`],
    ['a size with a space', `${ORIGIN}\n300 \n${root}\n`],
    ['no size', `${ORIGIN}\n\n${root}\n`],
    ['a size above 2^53', `${ORIGIN}\n9007199254740992\n${root}\n`],
    ['a size of 2^64', `${ORIGIN}\n18446744073709551616\n${root}\n`],
    ['a root of 31 bytes', `${ORIGIN}\n300\n${base64(HEAD.root.subarray(1))}\n`],
    ['a root of 33 bytes', `${ORIGIN}\n300\n${base64(Buffer.concat([HEAD.root, Buffer.of(0)]))}\n`],
    ['a root in hex', `${ORIGIN}\n300\n${Buffer.from(HEAD.root).toString('hex')}\n`],
    ['a root in url-safe base64', `${ORIGIN}\n300\n${'-'.repeat(43)}=\n`],
  ])('with %s is refused, signed or not', async (_name, text) => {
    const note = await signedText(text);
    expectRefusal(() => openCheckpoint(note, ORIGIN, KEY), 'FORMAT_INVALID');
  });

  it.each([0, 1, 2 ** 40, Number.MAX_SAFE_INTEGER])('may have size %d', async (size) => {
    const note = await signCheckpoint(ORIGIN, { ...HEAD, size }, KEY, sign);
    expect(openCheckpoint(utf8(note), ORIGIN, KEY).size).toBe(size);
  });

  it('is refused with any bit turned over', async () => {
    const bytes = utf8(await signCheckpoint(ORIGIN, HEAD, KEY, sign));
    const codes = new Set(
      [...everyBitFlip(bytes)].map((altered) =>
        codeThrownBy(() => openCheckpoint(altered, ORIGIN, KEY)),
      ),
    );
    expect([...codes].sort()).toEqual(['CHECKPOINT_INVALID', 'FORMAT_INVALID']);
  });
});
