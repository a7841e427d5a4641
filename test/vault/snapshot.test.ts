// SPDX-License-Identifier: Apache-2.0
// A sealed index snapshot is a claim: what does not hold is refused, told, and read from the documents instead.
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat } from '../../src/core/index.ts';
import type { Ledger } from '../../src/provenance/index.ts';
import { endorseDocuments, revokeKey, type Vault } from '../../src/vault/index.ts';
import { memoryStateOf, openNewestTable } from '../../src/vault/inside.ts';
import { rowsWithWords, sealedAgain, signSnapshot } from '../support/forged-index.ts';
import { expectRejection } from '../support/tampering.ts';
import { finds, OFFICE, search, type VaultWorld, worldTemplate } from '../support/vault-world.ts';

const LEAVE = 'staff/leave.md';
const EVERYTHING = 'salary, leave, merger, canteen, bell';
const world = worldTemplate();

/** What ada finds, and what was alarmed, when the vault is opened again with nothing remembered. */
async function reopened(at: VaultWorld): Promise<{ found: string[]; codes: string[] }> {
  await rm(path.join(at.home, 'verified'), { recursive: true, force: true });
  at.alarms.length = 0;
  const found = await at.finds('ada', EVERYTHING, 50);
  return { found: found.sort(), codes: [...new Set(at.codes)] };
}

const WHOLE = { found: Object.keys(OFFICE).sort(), codes: ['INDEX_TAMPERED'] };

describe('an index snapshot', () => {
  it('holds as it was sealed, and nothing is read from documents', async () => {
    const at = await world();
    expect(await reopened(at)).toEqual({ ...WHOLE, codes: [] });
  });

  it('INV-SNAPSHOT-STATE: is refused when it names the state of another size', async () => {
    const at = await world();
    await at.use((vault) => signSnapshot(vault, { stateRoot: 'ab'.repeat(32) }));
    expect(await reopened(at)).toEqual(WHOLE);
  });

  it('INV-SNAPSHOT-ROOT: is refused when its table is not the signed one', async () => {
    const at = await world();
    await at.use((vault) => signSnapshot(vault, { segmentsRoot: 'ab'.repeat(32) }));
    expect(await reopened(at)).toEqual(WHOLE);
  });

  it('INV-SNAPSHOT-ENTRY: is refused when the log holds another statement where it was applied', async () => {
    const at = await world();
    const vault = await at.open();
    const { context, ledger } = vault.session;
    const before = ledger.lookup('snap', 'index');
    await signSnapshot(vault, {});
    const now = ledger.lookup('snap', 'index');
    if (before === null || now === null) throw new Error('the vault has a snapshot');
    expect(now.entry).toBeGreaterThan(before.entry);
    const { reader, head } = ledger;
    const confused = (entry: number): Ledger =>
      ({ reader, head, lookup: () => ({ ...now, entry }) }) as unknown as Ledger;
    expect(await openNewestTable({ context, ledger: confused(now.entry) })).not.toEqual([]);
    const refused = openNewestTable({ context, ledger: confused(before.entry) });
    await expectRejection(refused, 'INDEX_TAMPERED');
  });

  it('INV-SNAPSHOT-TRUSTED: is not used once the key that signed it is revoked for that time', async () => {
    const at = await world();
    await at.use(async (vault) => {
      const { index } = await memoryStateOf(vault.session);
      const forged = await rowsWithWords(vault, 'news/canteen.md', 'bitcoin giveaway');
      index.remove(forged.leafHash);
      (await memoryStateOf(vault.session)).stage(forged);
      await vault.session.seal();
    });
    const byWord = (): Promise<boolean> => at.use((vault) => hasWord(vault, 'giveaway'));
    // An indexer can lie about words: that is what its key is trusted with.
    expect(await byWord()).toBe(true);
    await at.use((vault) => revoke(vault, 'indexer'));
    expect(await byWord()).toBe(false);
  });

  it('INV-SNAPSHOT-CURRENT: gives no rows to versions that the ledger does not name', async () => {
    const at = await world();
    // Before the true ones in the order of rows, so that nothing later makes up for it.
    const stale = '0'.repeat(64);
    await at.use(async (vault) => {
      const rows = await rowsWithWords(vault, LEAVE, 'an older version');
      (await memoryStateOf(vault.session)).stage({ ...rows, leafHash: stale });
      await vault.session.seal();
    });
    const vault = await at.open();
    const state = await memoryStateOf(vault.session);
    expect(state.index.get(stale)).toBeNull();
    expect(state.isDirty).toBe(true);
    expect(await finds(vault, 'ben', 'sick leave')).toContain(LEAVE);
  });

  it('INV-SEGMENT-DIGEST: is refused where a segment was sealed again by a holder of its data key', async () => {
    const at = await world();
    const vault = await at.open();
    const entries = await openNewestTable(vault.session);
    const again = await Promise.all(entries.map((entry) => sealedAgain(vault, entry)));
    vault.close();
    const pack = path.join('vault/store', entries[0]?.path ?? '');
    await at.alter(pack, (bytes) => {
      expect(concat(...again)).toHaveLength(bytes.length);
      return concat(...again);
    });
    expect(await reopened(at)).toEqual(WHOLE);
  });

  it.each(['obj/pack', 'obj/snap/index'])('is made up for when %s is gone', async (folder) => {
    const at = await world();
    await rm(path.join(at.vault, 'store', folder), { recursive: true });
    expect(await reopened(at)).toEqual(WHOLE);
    // The next writer seals what is missing.
    await at.write('news/new.md', '# New\n\nA new thing.\n');
    await at.ingest();
    expect((await reopened(at)).found).toContain('news/new.md');
    expect(await readdir(path.join(at.vault, 'store', folder))).not.toEqual([]);
  });

  it('that leaves out a document is noticed, and the document is read from its object', async () => {
    const at = await world();
    await at.use(async (vault) => {
      const { leafHash, classNo } = await rowsWithWords(vault, LEAVE, '');
      const state = await memoryStateOf(vault.session);
      state.index.remove(leafHash);
      state.markDirty([classNo]);
      await vault.session.seal();
    });
    expect(await reopened(at)).toEqual(WHOLE);
    expect(at.alarms[0]?.message).toContain('left out a document');
  });

  it('whose vectors are not the signed ones is refused, whoever signed it', async () => {
    const at = await world();
    await at.use(sealOtherVector);
    expect(await reopened(at)).toEqual(WHOLE);
  });

  it('is compared when its rows become current again, though it was loaded before without them', async () => {
    const at = await world();
    await at.use(sealOtherVector);
    await rm(path.join(at.home, 'verified'), { recursive: true });
    await at.use((vault) => revoke(vault, 'ingest'));
    expect(await at.finds('ada', EVERYTHING)).toEqual([]);
    await at.use((vault) => endorseDocuments(vault.session));
    at.alarms.length = 0;
    expect((await at.finds('ada', EVERYTHING, 50)).sort()).toEqual(WHOLE.found);
    expect(at.codes).toContain('INDEX_TAMPERED');
  });
});

/** What an indexer can do: sign a snapshot in which one vector is another one. */
async function sealOtherVector(vault: Vault): Promise<void> {
  const rows = await rowsWithWords(vault, LEAVE, 'leave');
  const state = await memoryStateOf(vault.session);
  const [first] = rows.rows;
  if (first === undefined) throw new Error('the document has chunks');
  const vector = Uint8Array.from(first.vector);
  vector[10] = (vector[10] ?? 0) === 1 ? 2 : 1;
  state.index.remove(rows.leafHash);
  state.stage({ ...rows, rows: [{ ...first, vector }, ...rows.rows.slice(1)] });
  await vault.session.seal();
}

async function hasWord(vault: Vault, word: string): Promise<boolean> {
  const { passages } = await vault.search({
    caller: { id: 'ada', identity: 'impersonated' },
    query: word,
    mode: 'bm25',
  });
  return passages.length > 0;
}

/** Revokes the key of a role for everything that it signed. */
async function revoke(vault: Vault, role: string): Promise<void> {
  const { keys } = vault.session.ledger.view.state;
  const key = [...keys.values()].find((each) => each.role === role);
  if (key === undefined) throw new Error(`the vault has a key for ${role}`);
  await revokeKey(vault.session, key.keyid, 'compromised', key.firstIndex);
  await search(vault, 'ada', 'anything');
}
