// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/core/index.ts';
import { type HomeConfig, parseHome } from '../../src/vault/index.ts';
import { homeAt } from '../support/aws/s3-home.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';
import { VaultWorld } from '../support/vault-world.ts';

describe('the configuration of a home', () => {
  const home = homeAt('https://s3.eu-central-1.amazonaws.com', {
    objects: 'one-objects',
    keys: 'one-keys',
    locks: 'one-locks',
  });
  const parsed = (value: unknown): HomeConfig => parseHome(utf8(JSON.stringify(value)));
  const withPlace = (change: object): unknown => ({
    ...home,
    objects: { s3: { ...home.objects.s3, ...change } },
  });

  it('is taken as it is', () => {
    expect(parsed(home)).toEqual(home);
    expect(() => parsed(withPlace({ objectLock: { mode: 'COMPLIANCE', days: 30 } }))).not.toThrow();
    expect(() => parsed(withPlace({ endpoint: 'http://127.0.0.1:9000' }))).not.toThrow();
  });

  it.each<[string, unknown]>([
    ['without a key table', { objects: home.objects, locks: home.locks }],
    ['without locks', { objects: home.objects, keyTable: home.keyTable }],
    ['with an unknown part', { ...home, cache: home.locks }],
    ['with two parts in one bucket', { ...home, keyTable: home.objects }],
    ['with an unknown field', withPlace({ accessKeyId: 'AKIA' })],
    ['without a Region', withPlace({ region: undefined })],
    ['with a user in an address', withPlace({ endpoint: 'https://me:secret@example.org' })],
    ['with a query in an address', withPlace({ endpoint: 'https://example.org/?token=1' })],
    ['with an unencrypted connection', withPlace({ endpoint: 'http://example.org' })],
    [
      'with an address that only begins like this machine',
      withPlace({ endpoint: 'http://127.0.0.1.example.org' }),
    ],
    ['with another scheme', withPlace({ endpoint: 'file:///etc' })],
    ['with a prefix that leads out', withPlace({ prefix: '../' })],
    ['with a lock of no days', withPlace({ objectLock: { mode: 'COMPLIANCE', days: 0 } })],
    ['that is no object', null],
  ])('is refused %s', (_, value) => {
    expectRefusal(() => parsed(value), 'CONFIG_INVALID');
  });

  it('is refused in strongroom.json too', async () => {
    const world = await VaultWorld.founded();
    const file = path.join(world.vault, 'strongroom.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...config, home: { objects: home.objects } }));
    await expectRejection(world.finds('ben', 'leave'), 'CONFIG_INVALID');
  });
});
