// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { base64, concat, hex, sha256, utf8 } from '../../src/core/index.ts';
import { LocalSigner, newEd25519 } from '../../src/keys/local-signer.ts';
import {
  type NoteKey,
  parseNote,
  parseVkey,
  signatureLine,
  verifyNote,
  vkeyOf,
} from '../../src/provenance/note.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { codeThrownBy, everyBitFlip, expectRefusal } from '../support/tampering.ts';

const TEXT = 'If you think cryptography is the answer to your problem,\nthen you are wrong.\n';
const random = new SeededRandom('note');
const signer = (): LocalSigner => new LocalSigner(newEd25519(random));

interface Party {
  readonly signer: LocalSigner;
  readonly key: NoteKey;
}

function party(name: string, by: LocalSigner = signer()): Party {
  const key = parseVkey(vkeyOf(name, by.rawPublicKey));
  if (key === null) throw new Error('the test made a malformed vkey');
  return { signer: by, key };
}

const ALICE = party('alice.example/log');
const BOB = party('bob.example/log');

async function noteBy(parties: readonly Party[], text = TEXT): Promise<string> {
  let note = `${text}\n`;
  for (const { signer: by, key } of parties) {
    note += signatureLine(key, await by.sign(utf8(text)));
  }
  return note;
}

const names = (keys: readonly NoteKey[]): string[] => keys.map((key) => key.name);

describe('vkeys', () => {
  it('read the example of the signed-note specification and verify its note', () => {
    const key = parseVkey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    expect(key === null ? null : [key.name, hex(key.id)]).toEqual(['PeterNeumann', 'c74f20a3']);
    const note =
      'If you think cryptography is the answer to your problem,\n' +
      "then you don't know what your problem is.\n\n" +
      '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
    expect(key === null ? [] : names(verifyNote(parseNote(utf8(note)), [key]))).toEqual([
      'PeterNeumann',
    ]);
  });

  it('give back name and key', () => {
    const vkey = vkeyOf('a.example/b', ALICE.signer.rawPublicKey);
    const key = parseVkey(vkey);
    expect(key?.key.keyid).toBe(ALICE.signer.keyid);
    const material = concat(Uint8Array.of(1), ALICE.signer.rawPublicKey);
    const id = sha256(concat(utf8('a.example/b\n'), material)).subarray(0, 4);
    expect(hex(key?.id ?? new Uint8Array(0))).toBe(hex(id));
  });

  const [name, id, encoded] = vkeyOf('a', ALICE.signer.rawPublicKey).split('+') as [
    string,
    string,
    string,
  ];
  const material = concat(Uint8Array.of(1), ALICE.signer.rawPublicKey);
  const vkeyWith = (bytes: Uint8Array): string => {
    const keyId = sha256(concat(utf8('a\n'), bytes)).subarray(0, 4);
    return `a+${hex(keyId)}+${base64(bytes)}`;
  };

  it.each([
    ['another id', `${name}+00000000+${encoded}`],
    ['an upper-case id', `${name}+${id.toUpperCase()}X+${encoded}`],
    ['no name', `+${id}+${encoded}`],
    ['a name with a space', `a b+${id}+${encoded}`],
    ['a field too many', `${name}+x+${id}+${encoded}`],
    ['url-safe base64', `${name}+${id}+${encoded.slice(0, -1)}_`],
    ['a line break', `${name}+${id}+${encoded}\n`],
    ['a key cut short', vkeyWith(material.subarray(0, 32))],
    ['a byte too many', vkeyWith(concat(material, Uint8Array.of(0)))],
    ['a cosignature key', vkeyWith(concat(Uint8Array.of(4), material.subarray(1)))],
    ['a small-order key', vkeyWith(concat(Uint8Array.of(1), new Uint8Array(32)))],
    ['nothing', ''],
  ])('with %s are refused', (_name, vkey) => {
    expect(parseVkey(vkey)).toBeNull();
  });
});

describe('parsing a note', () => {
  it('splits text and signatures at the last blank line', async () => {
    const note = await noteBy([ALICE, BOB], 'one\n\ntwo\n');
    const parsed = parseNote(utf8(note));
    expect(parsed.text).toBe('one\n\ntwo\n');
    expect(parsed.signatures.map((line) => line.name)).toEqual([ALICE.key.name, BOB.key.name]);
    expect(hex(parsed.signatures[0]?.id ?? new Uint8Array(0))).toBe(hex(ALICE.key.id));
  });

  it('takes up to 16 signatures and 64 KiB', async () => {
    const line = (await noteBy([ALICE])).split('\n\n')[1] ?? '';
    const withLines = (n: number): Uint8Array => utf8(`${TEXT}\n${line.repeat(n)}`);
    expect(parseNote(withLines(16)).signatures).toHaveLength(16);
    expectRefusal(() => parseNote(withLines(17)), 'FORMAT_INVALID');
    expectRefusal(() => parseNote(withLines(400)), 'FORMAT_INVALID');
    const padded = (size: number): Uint8Array =>
      utf8(`${'x'.repeat(size - 2 - utf8(line).length)}\n\n${line}`);
    expect(codeThrownBy(() => parseNote(padded(65_536)))).toBeNull();
    expectRefusal(() => parseNote(padded(65_537)), 'FORMAT_INVALID');
  });

  it('does not look for signatures in a note of 64 MiB', () => {
    expectRefusal(() => parseNote(new Uint8Array(2 ** 26).fill(10)), 'FORMAT_INVALID');
  });

  it.each([
    ['nothing', ''],
    ['a text alone', 'text\n'],
    ['no signature', 'text\n\n'],
    ['no line break at the end', 'text\n\n\u2014 a AAAAAAA='],
    ['no blank line', 'text\n\u2014 a AAAAAAA=\n'],
    ['a hyphen for the dash', 'text\n\n- a AAAAAAA=\n'],
    ['two spaces', 'text\n\n\u2014  a AAAAAAA=\n'],
    ['a name with a plus sign', 'text\n\n\u2014 a+b AAAAAAA=\n'],
    ['no name', 'text\n\n\u2014  AAAAAAA=\n'],
    ['a signature of four bytes', 'text\n\n\u2014 a AAAAAA==\n'],
    ['base64 without padding', 'text\n\n\u2014 a AAAAAAA\n'],
    ['something behind the signature', 'text\n\n\u2014 a AAAAAAA= x\n'],
    ['an empty line between signatures', 'text\n\n\u2014 a AAAAAAA=\n\n\u2014 a AAAAAAA=\n\n'],
    ['a carriage return', 'text\r\n\n\u2014 a AAAAAAA=\n'],
    ['a tab', 'te\txt\n\n\u2014 a AAAAAAA=\n'],
    ['a zero', 'te\u0000xt\n\n\u2014 a AAAAAAA=\n'],
    ['an escape', 'te\u001bxt\n\n\u2014 a AAAAAAA=\n'],
  ])('refuses %s', (_name, note) => {
    expectRefusal(() => parseNote(utf8(note)), 'FORMAT_INVALID');
  });

  it('refuses bytes that are not UTF-8', () => {
    const bytes = concat(Uint8Array.of(0xff), utf8('text\n\n\u2014 a AAAAAAA=\n'));
    expectRefusal(() => parseNote(bytes), 'FORMAT_INVALID');
  });

  it('gives a typed error or a note for any text', () => {
    const text = fc.string({
      unit: fc.constantFrom('\n', '\u2014', ' ', 'a', '+', 'AAAAAAA=', '\t'),
    });
    fc.assert(
      fc.property(text, (note) => {
        expect([null, 'FORMAT_INVALID']).toContain(codeThrownBy(() => parseNote(utf8(note))));
      }),
    );
  });
});

describe('verifying a note', () => {
  it('ignores keys that nobody trusts and tells which trusted ones signed', async () => {
    const note = parseNote(utf8(await noteBy([ALICE, BOB])));
    expect(names(verifyNote(note, [BOB.key]))).toEqual([BOB.key.name]);
    expect(names(verifyNote(note, [ALICE.key, BOB.key]))).toHaveLength(2);
    expect(verifyNote(note, [party('carol').key])).toEqual([]);
    expect(verifyNote(note, [])).toEqual([]);
  });

  it('counts a key once, however often it signed or is listed', async () => {
    const note = parseNote(utf8(await noteBy([ALICE, ALICE, ALICE])));
    expect(verifyNote(note, [ALICE.key, ALICE.key])).toHaveLength(1);
  });

  it('refuses the whole note when a trusted key is named with a wrong signature', async () => {
    const note = await noteBy([ALICE, BOB]);
    const wrong = note.replace(signatureLine(BOB.key, await BOB.signer.sign(utf8(TEXT))), '');
    const line = signatureLine(BOB.key, await BOB.signer.sign(utf8('other')));
    expectRefusal(
      () => verifyNote(parseNote(utf8(wrong + line)), [ALICE.key, BOB.key]),
      'SIGNATURE_INVALID',
    );
    expect(names(verifyNote(parseNote(utf8(wrong + line)), [ALICE.key]))).toHaveLength(1);
  });

  it('does not take a key of the same name but another id, or the same id but another name', async () => {
    const note = parseNote(utf8(await noteBy([ALICE])));
    expect(verifyNote(note, [party(ALICE.key.name).key])).toEqual([]);
    expect(verifyNote(note, [{ ...ALICE.key, name: 'other' }])).toEqual([]);
  });

  it('tells two keys with the same name and the same four-byte id apart', async () => {
    // Found by search: the ids of these two keys collide.
    const seeds = [23_773, 67_684].map((i) => sha256(utf8(`collision ${i}`)));
    const [first, second] = seeds.map((seed) =>
      party('collision.example/log', new LocalSigner(newEd25519({ bytes: () => seed }))),
    ) as [Party, Party];
    expect(hex(first.key.id)).toBe('6405c904');
    expect(hex(second.key.id)).toBe('6405c904');
    const note = parseNote(utf8(await noteBy([second])));
    expect(verifyNote(note, [first.key, second.key])).toEqual([second.key]);
    expectRefusal(() => verifyNote(note, [first.key]), 'SIGNATURE_INVALID');
    const both = parseNote(utf8(await noteBy([first, second])));
    expect(verifyNote(both, [first.key, second.key])).toHaveLength(2);
  });

  it('accepts no note with one bit turned over', async () => {
    const bytes = utf8(await noteBy([ALICE]));
    for (const altered of everyBitFlip(bytes)) {
      let signed: readonly NoteKey[] = [];
      const code = codeThrownBy(() => (signed = verifyNote(parseNote(altered), [ALICE.key])));
      expect(code !== null || signed.length === 0).toBe(true);
    }
  });
});
