// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { base64, hex, jcsBytes, utf8 } from '../../src/core/index.ts';
import { vkeyOf } from '../../src/provenance/note.ts';
import {
  parseTrust,
  raised,
  trustFingerprint,
  type TrustFile,
} from '../../src/provenance/trust.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { LogWorld } from '../support/log-world.ts';
import { expectRefusal } from '../support/tampering.ts';

const author = new LogAuthor();
const FILE: TrustFile = new LogWorld(author).trustFile();
const parse = (file: unknown): ReturnType<typeof parseTrust> => parseTrust(jcsBytes(file));

describe('a trust file', () => {
  it('names the log, its key, the root key and the newest head', () => {
    const head = { size: 7, root: digestOf('root') };
    const trust = parse({ ...FILE, head });
    expect(trust.log).toBe(author.log);
    expect(trust.logKey.key.keyid).toBe(author.signer('log').keyid);
    expect(trust.rootKey.keyid).toBe(author.signer('root').keyid);
    expect(trust.head?.size).toBe(7);
    expect(hex(trust.head?.root ?? utf8(''))).toBe(head.root);
    expect(parse(FILE).head).toBeNull();
  });

  it.each<[string, object]>([
    ['another version', { v: 'sr/trust/v2' }],
    ['a field too many', { more: 1 }],
    ['a malformed vault id', { vaultId: 'xyz' }],
    ['a malformed vkey', { logVkey: 'x' }],
    ['a log key of another name', { logVkey: vkeyOf('x', author.signer('log').rawPublicKey) }],
    ['another tenant than its log key', { tenantId: 'other' }],
    ['a root key that is no key', { rootSpki: 'AAAA' }],
    ['a root key that is no base64', { rootSpki: '*' }],
    [
      'a small-order root key',
      {
        rootSpki: base64(
          Buffer.concat([author.signer('root').spki.subarray(0, 12), Buffer.alloc(32)]),
        ),
      },
    ],
    ['a head with a short root', { head: { size: 1, root: 'ab' } }],
    ['a negative head', { head: { size: -1, root: digestOf('x') } }],
    ['a maximum age of nothing', { maxAge: 0 }],
    ['too many witnesses', { witnesses: { vkeys: new Array(17).fill('w'), k: 1 } }],
    ['an unknown origin', { origin: 'guess' }],
  ])('with %s is refused', (_name, change) => {
    expectRefusal(() => parse({ ...FILE, ...change }), 'TRUST_INVALID');
  });

  it('that is not canonical JSON is refused', () => {
    expectRefusal(() => parseTrust(utf8(JSON.stringify(FILE, null, 1))), 'TRUST_INVALID');
    expectRefusal(() => parseTrust(utf8('')), 'TRUST_INVALID');
  });

  it('is raised by newer heads only', () => {
    const [old, next] = [utf8('o'.repeat(32)), utf8('n'.repeat(32))];
    const seven = raised(FILE, { size: 7, root: old });
    expect(seven.head).toEqual({ size: 7, root: hex(old) });
    expect(raised(seven, { size: 7, root: next })).toBe(seven);
    expect(raised(seven, { size: 6, root: next })).toBe(seven);
    expect(raised(seven, { size: 8, root: next }).head?.size).toBe(8);
    expect(FILE.head).toBeNull();
  });

  it('has a fingerprint of root key and log key for two people to compare', () => {
    const fingerprint = trustFingerprint(parse(FILE));
    expect(fingerprint).toBe(
      `${author.signer('root').keyid}-${author.logVkey.split('+')[1] ?? ''}`,
    );
  });
});
