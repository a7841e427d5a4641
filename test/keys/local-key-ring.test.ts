// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/core/index.ts';
import { keyRingPath } from '../../src/keys/key-ring-file.ts';
import { LocalKeyRing, type LocalKeyRingOptions } from '../../src/keys/index.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeKeyRing, REF } from './ring-suite.ts';

const VAULT = '0f'.repeat(16);
const OTHER_VAULT = '1e'.repeat(16);
const posix = process.platform !== 'win32';

const optionsIn = (
  home: string,
  changed: Partial<LocalKeyRingOptions> = {},
): LocalKeyRingOptions => ({
  home,
  vaultId: VAULT,
  tenantId: 'acme',
  random: systemRandom,
  passphrase: null,
  ...changed,
});
const modeOf = (file: string): number => statSync(file).mode & 0o777;
const keyFile = (home: string): string => keyRingPath(home, VAULT).replace(/json$/, 'key');

describeKeyRing('a local ring', async () => {
  const options = optionsIn(temporaryFolder());
  return {
    made: await LocalKeyRing.create(options),
    open: () => LocalKeyRing.open(options),
  };
});

describe('a new key ring', () => {
  it.runIf(posix)('is private: files 0600, folder 0700, nothing left over', async () => {
    const home = temporaryFolder();
    await LocalKeyRing.create(optionsIn(home));
    const folder = path.dirname(keyRingPath(home, VAULT));
    expect(modeOf(folder)).toBe(0o700);
    expect(readdirSync(folder).sort()).toEqual([`${VAULT}.json`, `${VAULT}.key`]);
    for (const name of readdirSync(folder)) expect(modeOf(path.join(folder, name))).toBe(0o600);
  });

  it('holds nothing in clear', async () => {
    const home = temporaryFolder();
    const ring = await LocalKeyRing.create(optionsIn(home, { passphrase: 'correct horse' }));
    const text = readFileSync(keyRingPath(home, VAULT), 'utf8');
    expect(text).toMatch(
      /^\{"kdf":\{"N":131072,"name":"scrypt","p":1,"r":8,"salt":"[0-9a-f]{32}"\},"sealed":"[A-Za-z0-9+/=]+","v":1\}$/,
    );
    expect(text).not.toContain(ring.branchVersion);
    expect(readdirSync(path.dirname(keyRingPath(home, VAULT)))).toEqual([`${VAULT}.json`]);
  });
});

describe('opening a key ring', () => {
  it('needs the passphrase that it was made with, in any Unicode form', async () => {
    const options = optionsIn(temporaryFolder(), { passphrase: 'caf\u00e9' });
    await LocalKeyRing.create(options);
    await LocalKeyRing.open({ ...options, passphrase: 'cafe\u0301' });
    await expectRejection(
      LocalKeyRing.open({ ...options, passphrase: 'cafe' }),
      'PASSPHRASE_WRONG',
    );
    await expectRejection(LocalKeyRing.open({ ...options, passphrase: '' }), 'PASSPHRASE_WRONG');
    await expectRejection(LocalKeyRing.open({ ...options, passphrase: null }), 'PASSPHRASE_NEEDED');
  });

  it('finds none in another home or for another vault', async () => {
    const options = optionsIn(temporaryFolder());
    await LocalKeyRing.create(options);
    const elsewhere = { ...options, home: temporaryFolder() };
    await expectRejection(LocalKeyRing.open(elsewhere), 'KEYRING_MISSING');
    const other = { ...options, vaultId: OTHER_VAULT };
    await expectRejection(LocalKeyRing.open(other), 'KEYRING_MISSING');
  });

  it.each(['other', 'constructor', '__proto__', 'toString'])(
    'finds no tenant %s that it does not know',
    async (tenantId) => {
      const options = optionsIn(temporaryFolder());
      await LocalKeyRing.create(options);
      await expectRejection(LocalKeyRing.open({ ...options, tenantId }), 'KEY_UNAVAILABLE');
    },
  );

  it('refuses the ring of another vault under this vault’s name', async () => {
    const options = optionsIn(temporaryFolder());
    await LocalKeyRing.create(options);
    await LocalKeyRing.create({ ...options, vaultId: OTHER_VAULT });
    for (const kind of ['json', 'key']) {
      const from = keyRingPath(options.home, OTHER_VAULT).replace(/json$/, kind);
      writeFileSync(keyRingPath(options.home, VAULT).replace(/json$/, kind), readFileSync(from));
    }
    await expectRejection(LocalKeyRing.open(options), 'KEYRING_INVALID');
  });

  it.runIf(posix)('INV-KEYRING-MODE: refuses a file that others may read', async () => {
    const options = optionsIn(temporaryFolder());
    await LocalKeyRing.create(options);
    for (const mode of [0o644, 0o640, 0o604, 0o620, 0o601]) {
      chmodSync(keyRingPath(options.home, VAULT), mode);
      await expectRejection(LocalKeyRing.open(options), 'KEYRING_INVALID');
    }
    chmodSync(keyRingPath(options.home, VAULT), 0o400);
    await LocalKeyRing.open(options);
  });

  it.runIf(posix)('INV-KEYFILE-MODE: refuses a key file that others may read', async () => {
    const options = optionsIn(temporaryFolder());
    await LocalKeyRing.create(options);
    chmodSync(keyFile(options.home), 0o644);
    await expectRejection(LocalKeyRing.open(options), 'KEYRING_INVALID');
  });

  it('refuses a missing, damaged or foreign key file', async () => {
    const options = optionsIn(temporaryFolder());
    await LocalKeyRing.create(options);
    const file = keyFile(options.home);
    for (const content of ['', 'zz', `${'0'.repeat(62)}\n`, `${'0'.repeat(64)}\n`]) {
      writeFileSync(file, content);
      await expectRejection(LocalKeyRing.open(options), 'KEYRING_INVALID');
    }
    rmSync(file);
    await expectRejection(LocalKeyRing.open(options), 'KEYRING_MISSING');
  });

  it('refuses a damaged file', async () => {
    const options = optionsIn(temporaryFolder());
    await LocalKeyRing.create(options);
    const file = keyRingPath(options.home, VAULT);
    const right = readFileSync(file, 'utf8');
    const sealed = /"sealed":"([^"]+)"/.exec(right)?.[1] ?? '';
    const flipped = (sealed.startsWith('A') ? 'B' : 'A') + sealed.slice(1);
    const middle = sealed.length / 2;
    const last =
      sealed.slice(0, middle) + (sealed[middle] === 'A' ? 'B' : 'A') + sealed.slice(middle + 1);
    for (const content of [
      '',
      '{}',
      `${right}\n`,
      right.replace('"v":1', '"v":2'),
      right.replace('"v":1', '"v":1,"w":1'),
      right.replace(sealed, ''),
      right.replace(sealed, 'AAAA'),
      right.replace(sealed, flipped),
      right.replace(sealed, last),
    ]) {
      writeFileSync(file, content);
      await expectRejection(LocalKeyRing.open(options), 'KEYRING_INVALID');
    }
    writeFileSync(file, right);
    await LocalKeyRing.open(options);
  });

  it('tells a damaged file from a wrong passphrase where it can', async () => {
    const options = optionsIn(temporaryFolder(), { passphrase: 'p' });
    await LocalKeyRing.create(options);
    const file = keyRingPath(options.home, VAULT);
    const right = readFileSync(file, 'utf8');
    const sealed = /"sealed":"([^"]+)"/.exec(right)?.[1] ?? '';
    const end = sealed.slice(0, -12) + (sealed.at(-12) === 'A' ? 'B' : 'A') + sealed.slice(-11);
    writeFileSync(file, right.replace(sealed, end));
    await expectRejection(LocalKeyRing.open(options), 'KEYRING_INVALID');
  });

  it('refuses a weaker key derivation than the fixed one', async () => {
    const options = optionsIn(temporaryFolder(), { passphrase: 'p' });
    await LocalKeyRing.create(options);
    const file = keyRingPath(options.home, VAULT);
    const right = readFileSync(file, 'utf8');
    for (const content of [right.replace('131072', '2'), right.replace('scrypt', 'pbkdf2')]) {
      writeFileSync(file, content);
      await expectRejection(LocalKeyRing.open(options), 'KEYRING_INVALID');
    }
  });
});

describe('delegated signers', () => {
  it('come from the injected randomness, so that a simulation repeats', async () => {
    const ids = await Promise.all(
      [1, 2].map(async () => {
        const options = optionsIn(temporaryFolder(), { random: new SeededRandom('ring') });
        const ring = await LocalKeyRing.create(options);
        return (await ring.addSigner('ingest')).keyid;
      }),
    );
    expect(ids[0]).toBe(ids[1]);
  });
});

describe('a key ring whose file cannot be written', () => {
  it('goes on with the keys that are in the file, so that nothing is wrapped under one that will be lost', async () => {
    const options = optionsIn(temporaryFolder());
    const ring = await LocalKeyRing.create(options);
    const { branchVersion } = ring;
    const inTheWay = `${keyRingPath(options.home, VAULT)}.${process.pid}.tmp`;
    mkdirSync(inTheWay);
    await expect(ring.rotateBranch()).rejects.toThrow();
    await expect(ring.addSigner('ingest')).rejects.toThrow();
    expect(ring.branchVersion).toBe(branchVersion);
    expect(ring.signers('ingest')).toEqual([]);
    const row = await ring.wrap(REF, systemRandom.bytes(32));
    await (await LocalKeyRing.open(options)).unwrap(REF, row);
    rmSync(inTheWay, { recursive: true });
    expect(await ring.rotateBranch()).not.toBe(branchVersion);
  });
});
