// SPDX-License-Identifier: Apache-2.0
// The key ring file, field by field: what is no ring, and whose ring it is.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  base64,
  concat,
  fromHex,
  hex,
  jcsBytes,
  lp,
  systemRandom,
  utf8,
} from '../../src/core/index.ts';
import {
  keyRingPath,
  type KeyRingSecrets,
  parseRing,
  parseSecrets,
  readKeyRing,
  writeKeyRing,
} from '../../src/keys/key-ring-file.ts';
import { writePrivateFile } from '../../src/keys/private-file.ts';
import { seal } from '../../src/keys/seal.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const VAULT = '0f'.repeat(16);
const b64 = base64(utf8('a key'));
const SECRETS: KeyRingSecrets = {
  v: 1,
  vaultId: VAULT,
  root: b64,
  log: b64,
  tenants: {
    acme: { lookup: 'ab'.repeat(32), branch: [{ version: 'cd'.repeat(16), key: 'ef'.repeat(32) }] },
  },
  delegated: [{ keyid: '12'.repeat(32), role: 'ingest', pkcs8: b64 }],
};
const tenant = SECRETS.tenants['acme']!;
const [branch] = tenant.branch as [(typeof tenant.branch)[0]];

describe('the plaintext of a key ring', () => {
  it('is read as it was written, without a root key and with a log key to follow', () => {
    for (const secrets of [SECRETS, { ...SECRETS, root: null }, { ...SECRETS, nextLog: b64 }]) {
      expect(parseSecrets(jcsBytes(secrets))).toEqual(secrets);
    }
  });

  const withTenant = (changed: object): object => ({
    ...SECRETS,
    tenants: { acme: { ...tenant, ...changed } },
  });
  const withBranch = (changed: object): object =>
    withTenant({ branch: [{ ...branch, ...changed }] });
  const withKey = (changed: object): object => ({
    ...SECRETS,
    delegated: [{ ...SECRETS.delegated[0], ...changed }],
  });
  it.each<[string, object]>([
    ['another version', { ...SECRETS, v: 2 }],
    ['a field more', { ...SECRETS, more: 1 }],
    ['a longer vault id', { ...SECRETS, vaultId: `${VAULT}00` }],
    ['a vault id in capitals', { ...SECRETS, vaultId: VAULT.toUpperCase() }],
    ['a vault id that begins otherwise', { ...SECRETS, vaultId: `x${VAULT}` }],
    ['a log key that is no base64', { ...SECRETS, log: 'a-_' }],
    ['a next log key that is none', { ...SECRETS, nextLog: null }],
    ['a root key that is no base64', { ...SECRETS, root: '!' }],
    ['a tenant of another form', { ...SECRETS, tenants: { 'A b': tenant } }],
    ['tenants that are a list', { ...SECRETS, tenants: [tenant] }],
    ['a longer lookup key', withTenant({ lookup: 'ab'.repeat(33) })],
    ['a lookup key that begins otherwise', withTenant({ lookup: `x${'ab'.repeat(32)}` })],
    ['no branch key', withTenant({ branch: [] })],
    ['a longer branch version', withBranch({ version: 'cd'.repeat(17) })],
    ['a shorter branch key', withBranch({ key: 'ef'.repeat(31) })],
    ['a field more of a branch key', withBranch({ more: 1 })],
    ['a field more of a tenant', withTenant({ more: 1 })],
    ['a longer key id', withKey({ keyid: '12'.repeat(33) })],
    ['a role that is no text', withKey({ role: 1 })],
    ['a signing key that is no base64', withKey({ pkcs8: '!' })],
    ['a field more of a signing key', withKey({ more: 1 })],
  ])('is refused with %s', (_, value) => {
    expectRefusal(() => parseSecrets(jcsBytes(value)), 'KEYRING_INVALID');
  });

  it('is refused with a tenant whose name every object has', () => {
    const text = Buffer.from(jcsBytes(SECRETS)).toString().replace('"acme"', '"__proto__"');
    expectRefusal(() => parseSecrets(utf8(text)), 'KEYRING_INVALID');
  });
});

describe('the file of a key ring', () => {
  const kdf = { name: 'scrypt', N: 131072, r: 8, p: 1, salt: 'ab'.repeat(16) };
  const file = { v: 1, kdf, sealed: b64 };
  it('has these fields and no others', () => {
    for (const ring of [file, { ...file, kdf: null }])
      expect(parseRing(jcsBytes(ring))).toEqual(ring);
    const others = [
      { ...file, v: 2 },
      { ...file, more: 1 },
      { ...file, sealed: '!' },
      ...[
        { name: 'other' },
        { N: 2 },
        { r: 1 },
        { p: 2 },
        { salt: 'ab' },
        { salt: 'ab'.repeat(17) },
        { more: 1 },
      ].map((changed) => ({ ...file, kdf: { ...kdf, ...changed } })),
    ];
    for (const ring of others) expectRefusal(() => parseRing(jcsBytes(ring)), 'KEYRING_INVALID');
    expectRefusal(() => parseRing(utf8(JSON.stringify(file, null, 1))), 'KEYRING_INVALID');
  });

  it('is of the vault that its sealed content names, whatever it is sealed for', async () => {
    const home = temporaryFolder();
    await writeKeyRing(home, SECRETS, { passphrase: null }, systemRandom);
    expect(await readKeyRing(home, VAULT, { passphrase: null })).toEqual(SECRETS);
    const place = keyRingPath(home, VAULT);
    const key = fromHex(readFileSync(place.replace(/json$/, 'key'), 'utf8').trim())!;
    const other = { ...SECRETS, vaultId: '1e'.repeat(16) };
    const context = concat(lp('sr/keyring/v1'), lp(VAULT));
    const sealed = base64(seal(key, context, jcsBytes(other), systemRandom));
    await writePrivateFile(place, jcsBytes({ v: 1, kdf: null, sealed }));
    await expectRejection(readKeyRing(home, VAULT, { passphrase: null }), 'KEYRING_INVALID');
    expect(hex(key)).toHaveLength(64);
  });

  it('opens under a passphrase by the named cost alone', async () => {
    const home = temporaryFolder();
    await writeKeyRing(home, SECRETS, { passphrase: 'correct horse' }, systemRandom);
    const { kdf: used } = parseRing(readFileSync(keyRingPath(home, VAULT)));
    expect(used).toMatchObject({ name: 'scrypt', N: 131072, r: 8, p: 1 });
    const read = (passphrase: string): Promise<KeyRingSecrets> =>
      readKeyRing(home, VAULT, { passphrase });
    expect(await read('correct horse')).toEqual(SECRETS);
    await expectRejection(read('battery staple'), 'PASSPHRASE_WRONG');
  });
});
