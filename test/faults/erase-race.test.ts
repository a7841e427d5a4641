// SPDX-License-Identifier: Apache-2.0
// Two machines write to one vault: what one erases, the other writes again at that moment. The simulation found it.
import { afterAll, describe, expect, it } from 'vitest';
import { operations } from '../../tools/crash/operations.ts';
import { expectedView, FIRST, OPEN, viewOf, World } from '../../tools/crash/world.ts';
import { expectRejection } from '../support/tampering.ts';

const world = new World();
afterAll(() => {
  world.close();
});

describe('a document that is written again while it is erased', () => {
  it('keeps the key and the object of its new version, and loses the old ones', async () => {
    const { disk, home } = await world.found();
    await operations(world)[0]?.run(await world.open(disk, await world.ring(home)));
    const { objects, keys } = disk.shared;
    const before = [...keys.rows.values()].filter(({ ref }) => ref.kind === 'doc');
    let isAgain = false;
    const writeAgain = async (): Promise<void> => {
      isAgain = true;
      const other = await world.open(disk.machine(), await world.ring(home));
      const folder = world.sources('again', { 'open/b.md': FIRST['open/b.md'] ?? '' });
      const { added, updated } = await other.ingest([folder], { access: OPEN });
      expect(added + updated).toBe(1);
    };
    const vault = await world.open(disk, await world.ring(home), {
      between: (ports) => {
        const purgeRows = async (rows: Parameters<typeof keys.purgeRows>[0]): Promise<number> => {
          if (!isAgain) await writeAgain();
          return keys.purgeRows(rows);
        };
        return { ...ports, keys: Object.assign(Object.create(keys) as typeof keys, { purgeRows }) };
      },
    });
    const [named] = await vault.documents('open/b.md');
    // It has lost the log to the other machine by the time it seals its index.
    await expectRejection(vault.erase('open/b.md', 'request'), 'VAULT_LOCKED');
    expect(isAgain).toBe(true);
    const now = await world.open(disk.machine(), await world.ring(home));
    const everyone = (file: string): string[] =>
      file.startsWith('open/') ? ['ada', 'dan'] : ['ada'];
    expect(await viewOf(now)).toEqual(expectedView(FIRST, everyone));
    const old = before.find(({ ref }) => ref.id === named?.doc.docId)!;
    expect(await keys.get(old.ref, old.objectDigest)).toBeNull();
    const paths: string[] = [];
    for await (const { path } of objects.list(`obj/doc/${named?.doc.docId}/`)) paths.push(path);
    expect(paths).toHaveLength(1);
  });
});
