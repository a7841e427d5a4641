// SPDX-License-Identifier: Apache-2.0
// A disk or a key service that fails for a moment: what it took away comes back without a restart, and nothing is lost.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fail } from '../../src/core/index.ts';
import type { KeyRef } from '../../src/keys/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { operations } from '../../tools/crash/operations.ts';
import { expectedView, FIRST, type View, viewOf, World } from '../../tools/crash/world.ts';
import type { DiskPorts, MemoryDisk } from '../support/memory-disk.ts';

const world = new World();
let filled: MemoryDisk;
let home: string;
const whole: View = expectedView(FIRST, (file) =>
  file.startsWith('open/') ? ['ada', 'dan'] : ['ada'],
);

beforeAll(async () => {
  const founded = await world.found();
  ({ disk: filled, home } = founded);
  await operations(world)[0]?.run(await world.open(filled, await world.ring(home)));
});
afterAll(() => {
  world.close();
});

/** A port whose method fails while the switch is on. */
function failing<T extends object>(port: T, method: keyof T, isOn: (first: unknown) => boolean): T {
  return new Proxy(port, {
    get: (object, name) => {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      if (name !== method) return value.bind(object) as unknown;
      return (...args: unknown[]) => {
        if (isOn(args[0])) return Promise.reject(fail('STORE_FAILED', 'the test struck'));
        return Reflect.apply(value, object, args) as unknown;
      };
    },
  });
}

interface Opened {
  readonly disk: MemoryDisk;
  readonly vault: Vault;
  readonly alarms: string[];
}

async function opened(between: (ports: DiskPorts) => DiskPorts): Promise<Opened> {
  const disk = await filled.copy();
  const alarms: string[] = [];
  const onAlarm = (code: string): void => void alarms.push(code);
  const vault = await world.open(disk, await world.ring(home), { between, onAlarm });
  return { disk, vault, alarms };
}

/** What the next process is told of the disk. */
async function alarmsOfRestart(disk: MemoryDisk): Promise<string[]> {
  const alarms: string[] = [];
  const onAlarm = (code: string): void => void alarms.push(code);
  const vault = await world.open(disk, await world.ring(home), { onAlarm });
  await vault.session.index();
  return alarms;
}

describe('a store that fails for a moment', () => {
  it('hides documents only until it answers again', async () => {
    let isOn = false;
    const { vault, alarms } = await opened((ports) => ({
      ...ports,
      objects: failing(
        failing(ports.objects, 'get', () => isOn),
        'getRange',
        () => isOn,
      ),
    }));
    // Only the index is read while it fails: what was proven at opening stands.
    isOn = true;
    await vault.session.index();
    isOn = false;
    expect(alarms).not.toEqual([]);
    expect(await viewOf(vault)).toEqual(whole);
  });

  it('hides the documents of a class only until its record can be read', async () => {
    let isOn = true;
    const { vault, alarms } = await opened((ports) => ({
      ...ports,
      keys: failing(ports.keys, 'get', (ref) => isOn && (ref as KeyRef).kind === 'acl'),
    }));
    expect(alarms).toEqual(['STORE_FAILED', 'STORE_FAILED']);
    expect(await viewOf(vault)).toEqual(new Map());
    isOn = false;
    expect(await viewOf(vault)).toEqual(whole);
    // Told once, however often it was tried.
    expect(alarms).toHaveLength(2);
  });

  it('that keeps the ledger cache from being saved costs no alarm later', async () => {
    let isOn = false;
    const { disk, vault } = await opened((ports) => ({
      ...ports,
      cache: failing(ports.cache, 'save', () => isOn),
    }));
    isOn = true;
    await expect(vault.delete(['open/b.md'])).rejects.toThrow();
    isOn = false;
    await vault.erase('closed/c.md', 'request');
    expect(await alarmsOfRestart(disk)).toEqual([]);
  });

  it('that cannot remember verified segments leaves the snapshot whole', async () => {
    let isOn = true;
    const { disk, vault, alarms } = await opened((ports) => ({
      ...ports,
      segments: failing(ports.segments, 'keep', () => isOn),
    }));
    await vault.session.index();
    isOn = false;
    await vault.delete(['open/b.md']);
    expect(alarms).toEqual(['STORE_FAILED']);
    expect(await alarmsOfRestart(disk)).toEqual([]);
  });

  it('while leftovers are swept loses no segment that is in use', async () => {
    let isOn = false;
    const { disk, vault } = await opened((ports) => ({
      ...ports,
      ring: failing(ports.ring, 'unwrap', () => isOn),
    }));
    await vault.session.index();
    await vault.session.writer();
    isOn = true;
    await vault.session.seal({ sweep: true });
    isOn = false;
    expect((await vault.fsck()).problems).toEqual([]);
    expect(await alarmsOfRestart(disk)).toEqual([]);
  });
});
