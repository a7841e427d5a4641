// SPDX-License-Identifier: Apache-2.0
// What the stores say when the disk is full, on a disk that is.
import { describe, expect, it } from 'vitest';
import { sourceUrl } from '../support/child-process.ts';
import { HAS_SMALL_DISKS, onSmallDisk, REASON_WITHOUT } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Runs code on a disk of 512 KiB; `fill()` leaves no byte free, `free()` takes that back. */
async function run(body: string): Promise<unknown> {
  const folder = temporaryFolder();
  const child = onSmallDisk(
    folder,
    512,
    `
    import { rmSync, writeFileSync, readdirSync } from 'node:fs';
    import * as store from '${sourceUrl('store/index.ts')}';
    const disk = ${JSON.stringify(folder)};
    const code = async (work) => { try { await work(); return 'ok'; } catch (e) { return e.code; } };
    const fill = () => {
      for (const size of [65536, 4096, 1]) {
        try { for (;;) writeFileSync(disk + '/filler', new Uint8Array(size), { flag: 'a' }); } catch {}
      }
    };
    const free = () => rmSync(disk + '/filler');
    const tell = (value) => console.log(JSON.stringify(value));
    ${body}
  `,
  );
  expect([await child.end(), child.stderr.replaceAll(/.*Warning.*\n/g, '')]).toEqual([0, '']);
  return JSON.parse(child.stdout);
}

describe.skipIf(!HAS_SMALL_DISKS)(`a full disk${REASON_WITHOUT}`, () => {
  it('stops an object store, which leaves nothing half-written and goes on when there is room', async () => {
    const seen = await run(`
      const files = new store.FileStore(disk + '/store');
      await files.putIfAbsent('a', new Uint8Array(1000).fill(1));
      fill();
      const put = await code(() => files.putIfAbsent('b', new Uint8Array(100000)));
      const { version } = await files.get('a');
      const swap = await code(() => files.compareAndSwap('a', version, new Uint8Array(100000)));
      const left = readdirSync(disk + '/store', { recursive: true }).sort();
      const first = (await files.get('a')).bytes[0];
      const absent = await files.get('b');
      free();
      const later = await files.putIfAbsent('b', new Uint8Array(100000));
      tell({ put, swap, left, first, absent, later });
    `);
    expect(seen).toEqual({
      put: 'STORE_FULL',
      swap: 'STORE_FULL',
      left: ['.incoming', 'a'],
      first: 1,
      absent: null,
      later: true,
    });
  });

  it('stops a key table, which keeps what it had and takes rows again when there is room', async () => {
    const seen = await run(`
      const keys = new store.SqliteKeyTable(disk + '/keys.sqlite');
      const rows = (from, count) => Array.from({ length: count }, (_, i) => ({
        ref: { tenantId: 'acme', kind: 'doc', id: 'd', no: from + i },
        objectDigest: 'ab'.repeat(32),
        row: new Uint8Array(92),
      }));
      const count = async () => { let n = 0; for await (const _ of keys.list('acme')) n++; return n; };
      await keys.putAll(rows(0, 10));
      fill();
      const put = await code(() => keys.putAll(rows(10, 1000)));
      const kept = await count();
      free();
      await keys.putAll(rows(10, 1000));
      tell({ put, kept, later: await count() });
    `);
    expect(seen).toEqual({ put: 'STORE_FULL', kept: 10, later: 1010 });
  });

  it('lets an audit trail wait until there is room', async () => {
    const seen = await run(`
      const clock = { now: () => 0 };
      const trail = new store.SqliteAuditTrail(disk + '/audit.sqlite', clock);
      const event = (event) => ({ event, outcome: 'ok', actor: null, identity: null, details: {} });
      trail.record(event('before'));
      fill();
      for (let i = 0; i < 100; i++) trail.record(event('meanwhile ' + 'x'.repeat(1000)));
      free();
      trail.record(event('after'));
      tell({ events: trail.events().length, broken: trail.firstBreak() });
      trail.close();
    `);
    expect(seen).toEqual({ events: 102, broken: null });
  });
});
