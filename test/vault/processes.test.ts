// SPDX-License-Identifier: Apache-2.0
// Several processes at one vault, sealed copies of the state, and the log as outsiders get it.
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportLog, describeEntries } from '../../src/vault/index.ts';
import { collect } from '../support/collect.ts';
import { flipBit } from '../support/tampering.ts';
import { finds, OFFICE_ACCESS, VaultWorld, worldTemplate } from '../support/vault-world.ts';

const LEAVE = 'staff/leave.md';
const world = worldTemplate();

describe('a reader beside a writer', () => {
  it('follows new documents, versions, permissions, deletions and erasures', async () => {
    const at = await world();
    const [reader, writer] = [await at.open(), await at.open()];
    expect(await finds(reader, 'ben', 'days of leave')).toContain(LEAVE);
    await at.write('news/lift.md', '# Lift\n\nThe lift works again.\n');
    await at.write(LEAVE, '# Leave\n\nForty days of leave.\n');
    const { logSize } = await writer.ingest([at.documents], { access: at.access });
    const { passages } = await reader.search({
      caller: { id: 'ben', identity: 'impersonated' },
      query: 'forty days of leave, lift',
      atLeast: logSize,
    });
    const versions = passages.map(({ source, version }) => `${source.uri} ${version}`);
    expect(versions).toEqual(expect.arrayContaining([`${LEAVE} 2`, 'news/lift.md 1']));
    expect(versions).not.toContain(`${LEAVE} 1`);
    const denied = OFFICE_ACCESS.rules.map((rule) => ({ ...rule, deny: ['ben'] }));
    await writer.setAccess(at.setAccess({ ...OFFICE_ACCESS, rules: denied }));
    expect(await finds(reader, 'ben', 'forty days of leave, lift')).toEqual([]);
    expect(await finds(reader, 'ada', 'lift')).toContain('news/lift.md');
    await writer.delete(['news/lift.md']);
    expect(await finds(reader, 'ada', 'lift')).not.toContain('news/lift.md');
    await writer.erase(LEAVE, 'test');
    expect(await finds(reader, 'ada', 'days of leave')).not.toContain(LEAVE);
    expect(at.codes).toEqual([]);
  });

  it('answers the same as a process that starts anew', async () => {
    const at = await world();
    const [reader, writer] = [await at.open(), await at.open()];
    for (let i = 0; i < 3; i++) {
      await at.write('news/lift.md', `# Lift\n\nThe lift stands still for the ${i}th time.\n`);
      await writer.ingest([at.documents], { access: at.access });
      const query = 'lift, canteen, bell, leave';
      const followed = await finds(reader, 'ada', query, 50);
      expect(followed).toEqual(await at.finds('ada', query, 50));
    }
  });
});

describe('a sealed copy of the state', () => {
  it('spares the replay, and is refused and told when it was altered', async () => {
    const at = await VaultWorld.founded();
    for (const name of ['a', 'b', 'c']) {
      await at.write(`news/${name}.md`, `# Note\n\nNote ${name} about the harbour.\n`);
      const { access } = at;
      await at.use((vault) => vault.ingest([at.documents], { access }), { stateCopyInterval: 4 });
    }
    const copies = await readdir(path.join(at.vault, 'store/obj/state/map'));
    expect(copies.length).toBeGreaterThan(0);
    const fresh = async (): Promise<string[]> => {
      await rm(path.join(at.vault, 'ledger.sqlite'));
      at.alarms.length = 0;
      return (await at.finds('dan', 'harbour')).sort();
    };
    const all = ['news/a.md', 'news/b.md', 'news/c.md'];
    expect(await fresh()).toEqual(all);
    expect(at.codes).toEqual([]);
    for (const copy of copies) {
      await at.alter(`vault/store/obj/state/map/${copy}`, (bytes) => flipBit(bytes, 900));
    }
    expect(await fresh()).toEqual(all);
    expect(at.codes).toContain('INTEGRITY');
  });
});

describe('an exported log', () => {
  it('has checkpoint, tiles, entries and the trusted keys, byte for byte', async () => {
    const at = await world();
    const vault = await at.open();
    const directory = path.join(at.folder, 'export');
    const report = await exportLog(vault.session, directory);
    expect(report.size).toBe(vault.session.ledger.head.size);
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile())).toHaveLength(report.files);
    const log = path.join(at.vault, 'store/log/default');
    const checkpoint = await readFile(path.join(directory, 'checkpoint'));
    expect(checkpoint.equals(await readFile(path.join(log, 'checkpoint')))).toBe(true);
    const keys = JSON.parse(await readFile(path.join(directory, 'keys.json'), 'utf8')) as object;
    expect(keys).toMatchObject({ log: vault.session.ledger.trust.file.logVkey });
  });

  it('is told entry by entry, without a name or a path', async () => {
    const at = await world();
    const vault = await at.open();
    const { size } = vault.session.ledger.head;
    const lines = await collect(describeEntries(vault.session, 0, size + 10));
    expect(lines.map(({ index }) => index)).toEqual(Array.from({ length: size }, (_, i) => i));
    expect(lines[0]?.kind).toBe('genesis');
    expect(lines.at(-1)?.kind).toBe('state');
    expect(lines.filter(({ kind }) => kind === 'ingest')).toHaveLength(5);
    const text = JSON.stringify(lines);
    for (const secret of ['leave', 'canteen', 'staff', 'chloe']) expect(text).not.toContain(secret);
  });
});
