// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  base32,
  concat,
  type DocId,
  docIdOf,
  documentUrn,
  hmac,
  isDocId,
  isPrincipal,
  isTenantId,
  kindUrn,
  logOrigin,
  lp,
  newVaultId,
} from '../../src/core/index.ts';
import { hasShared, reasonIfAbsent, sharedJson } from '../support/shared-vectors.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRefusal } from '../support/tampering.ts';

const BLNS = 'data/files-naughtystrings/blns.json';
const ID_KEY = new Uint8Array(32).fill(7);

/** Ids made to look like others, to leave a directory, or to break a parser. */
const NASTY = [
  ...['', ' ', '.', '..', '../acme', 'a/b', 'a\\b', '/acme', 'acme/', 'a:b', 'a+b', 'a|b', 'a*'],
  ...['acme\n', '\nacme', 'acme\r\n', 'ac\u0000me', 'acme\u0000', 'acme ', ' acme', '\tacme'],
  ...[
    'é',
    'e\u0301',
    'ａｃｍｅ',
    'а\u0441me',
    '\u{1d41a}cme',
    'ac\u200dme',
    'ac\u00adme',
    '\ufeffacme',
  ],
  ...['\u202eemca', 'acme\u200b', 'K', 'ſ', 'ﬀ', '①', '\ud800', 'a\udc00', '\u{e0061}', 'ª', '％'],
  ...['%2e%2e', 'acme%00', '${a}', '{{a}}', '<a>', '"acme"', "acme'", 'acme;', 'a,b', 'a=b', '~'],
];
const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

describe('tenant ids and namespaces', () => {
  it.each(['a', '0', 'acme', 'a-b', '0-0', 'a'.repeat(63), 'constructor'])('accepts %j', (id) => {
    expect(isTenantId(id)).toBe(true);
  });

  it.each([...NASTY, '-a', 'A', 'acme.', 'a.b', 'a_b', 'a@b', 'a'.repeat(64), '__proto__'])(
    'refuses %j',
    (id) => {
      expect(isTenantId(id)).toBe(false);
    },
  );
});

describe('principals and groups', () => {
  it.each(['a', 'A', '0', 'alice', 'corp.alice@example.org', 'a_b', 'a-', 'a.', 'a'.repeat(128)])(
    'accepts %j',
    (id) => {
      expect(isPrincipal(id)).toBe(true);
    },
  );

  it.each([...NASTY.filter((id) => id !== 'K'), '-a', '.a', '_a', '@a', 'a'.repeat(129)])(
    'refuses %j',
    (id) => {
      expect(isPrincipal(id)).toBe(false);
    },
  );

  it('compares byte by byte: two spellings are two principals', () => {
    expect(isPrincipal('Alice') && isPrincipal('alice')).toBe(true);
  });
});

describe.runIf(hasShared(BLNS))(`the big list of naughty strings${reasonIfAbsent(BLNS)}`, () => {
  it('yields no accepted id that another accepted spelling is confused with', () => {
    const naughty = sharedJson(BLNS) as string[];
    const spellings = [...naughty, ...NASTY].flatMap((text) => [
      ...new Set([text, text.normalize('NFC'), text.normalize('NFD'), fold(text), text.trim()]),
    ]);
    expect(spellings.length).toBeGreaterThan(600);
    for (const [accepts, shape] of [
      [isTenantId, /^[a-z0-9-]+$/],
      [isPrincipal, /^[\x21-\x7e]+$/],
    ] as const) {
      const accepted = [...new Set(spellings.filter(accepts))];
      // Only printable ASCII is accepted, so that NFKC leaves every accepted id as it is.
      expect(accepted.filter((id) => !shape.test(id) || id.normalize('NFKC') !== id)).toEqual([]);
    }
    const tenants = [...new Set(spellings.filter(isTenantId))];
    expect(new Set(tenants.map(fold)).size).toBe(tenants.length);
  });

  it('yields different document ids for different names', () => {
    const naughty = sharedJson(BLNS) as string[];
    const names = [...new Set([...naughty, ...NASTY])].filter((text) => text.isWellFormed());
    const ids = names.map((name) => docIdOf(ID_KEY, 'files', name));
    expect(new Set(ids).size).toBe(names.length);
    expect(ids.every(isDocId)).toBe(true);
  });
});

describe('document ids', () => {
  it('are the first 26 letters of a keyed hash over namespace and name', () => {
    const mac = hmac(ID_KEY, concat(lp('sr/doc/v1'), lp('files'), lp('a/b.md')));
    expect(docIdOf(ID_KEY, 'files', 'a/b.md')).toBe(`d-${base32(mac).slice(0, 26)}`);
  });

  it('differ by key, namespace and every byte of the name', () => {
    const ids = [
      docIdOf(ID_KEY, 'files', 'a'),
      docIdOf(new Uint8Array(32), 'files', 'a'),
      docIdOf(ID_KEY, 'wiki', 'a'),
      docIdOf(ID_KEY, 'files', 'A'),
      docIdOf(ID_KEY, 'files', 'caf\u00e9'),
      docIdOf(ID_KEY, 'files', 'cafe\u0301'),
      docIdOf(ID_KEY, 'files', 'a '),
      docIdOf(ID_KEY, 'filesa', ''),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('do not exist for a malformed namespace', () => {
    expectRefusal(() => docIdOf(ID_KEY, 'Files', 'a'), 'USAGE');
  });

  it('do not exist for a name that has no UTF-8 form, which would collide with another', () => {
    expectRefusal(() => docIdOf(ID_KEY, 'files', 'a\ud800'), 'USAGE');
  });

  it.each(['d-', `d-${'a'.repeat(25)}`, `d-${'a'.repeat(27)}`, `d-${'1'.repeat(26)}`])(
    'are not %j',
    (text) => {
      expect(isDocId(text)).toBe(false);
      expect(isDocId(`${docIdOf(ID_KEY, 'files', 'a')}\n`)).toBe(false);
      expect(isDocId(docIdOf(ID_KEY, 'files', 'a').toUpperCase())).toBe(false);
    },
  );
});

describe('names in statements and logs', () => {
  it('say tenant, document and version, and no customer name in the log origin', () => {
    const docId: DocId = `d-${'a'.repeat(26)}`;
    expect(documentUrn('acme', docId, 3)).toBe(`urn:strongroom:acme:${docId}:3`);
    expect(kindUrn('acme', 'acl-bind')).toBe('urn:strongroom:acme:acl-bind');
    expect(logOrigin('0f'.repeat(16), 'acme')).toBe(
      '0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f.vault.strongroom.invalid/acme',
    );
  });

  it('begin with a vault id of 128 random bits', () => {
    const random = new SeededRandom('vault');
    const ids = [newVaultId(random), newVaultId(random)];
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });
});
