// SPDX-License-Identifier: Apache-2.0
// Levels of verification: from scratch (L2), against a document proven before (L1), from verified text in memory (L0).
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DocValue } from '../../src/provenance/index.ts';
import { ProvenDocuments, type ProvenLimits } from '../../src/retrieve/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { flipBit } from '../support/tampering.ts';
import {
  finds,
  OFFICE_ACCESS,
  search,
  type VaultWorld,
  worldTemplate,
} from '../support/vault-world.ts';

const template = worldTemplate();
const QUERY = 'thirty days of leave';

/** Documents proven, chunks opened and chunks from memory in one search for two passages. */
async function work(vault: Vault): Promise<[number, number, number]> {
  const { stats } = await search(vault, 'ben', QUERY, 2);
  const { documentsVerified, chunksOpened, plaintextHits } = stats;
  return [documentsVerified, chunksOpened, plaintextHits];
}

/** @returns turns a bit in the sealed text of a document, and back */
async function alteration(world: VaultWorld, name: string): Promise<() => Promise<void>> {
  const object = await world.objectOf(name);
  return () => world.alter(object, (bytes) => flipBit(bytes, 8 * 80));
}

describe('verification', () => {
  it('proves from scratch first, then text against the proof, then nothing that is in memory', async () => {
    const vault = await (await template()).open();
    const retriever = await vault.session.retriever();
    // Both passages are of one document, which is proven once.
    expect(await work(vault)).toEqual([1, 2, 0]);
    expect(await work(vault)).toEqual([0, 0, 2]);
    retriever.forgetTexts();
    expect(await work(vault)).toEqual([0, 2, 0]);
    retriever.forget();
    expect(await work(vault)).toEqual([1, 2, 0]);
  });

  it('keeps no text in memory when the local configuration forbids it', async () => {
    const world = await template();
    const file = path.join(world.vault, 'strongroom.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...config, policy: { plaintextCache: false } }));
    const vault = await world.open();
    expect(await work(vault)).toEqual([1, 2, 0]);
    expect(await work(vault)).toEqual([0, 2, 0]);
  });

  it('of text that was altered after its document was proven fails, and others take its place', async () => {
    const world = await template();
    const vault = await world.open();
    expect(await finds(vault, 'ben', QUERY, 2)).toEqual(['staff/leave.md']);
    await (
      await alteration(world, 'staff/leave.md')
    )();
    // While sealed bytes that were proven are in memory, nobody can alter these.
    (await vault.session.retriever()).forgetTexts();
    expect(await finds(vault, 'ben', QUERY, 2)).toEqual(['staff/leave.md']);
    (await vault.session.retriever()).forgetTexts();
    vault.session.documents.forgetSealed();
    const { passages, stats } = await search(vault, 'ben', QUERY, 2);
    expect(passages.map(({ source }) => source.uri)).not.toContain('staff/leave.md');
    expect(passages).toHaveLength(2);
    expect(stats.failed).toBe(2);
    expect(new Set(world.codes)).toEqual(new Set(['INTEGRITY']));
  });

  it('that failed is tried again, since the store may have been repaired', async () => {
    const world = await template();
    const alter = await alteration(world, 'staff/leave.md');
    await alter();
    const vault = await world.open();
    expect(await finds(vault, 'ben', QUERY, 2)).not.toContain('staff/leave.md');
    await alter();
    expect(await finds(vault, 'ben', QUERY, 2)).toContain('staff/leave.md');
  });
});

describe('proven documents', () => {
  it('stay proven up to a number of documents, and of chunks', async () => {
    const vault = await (await template()).open();
    const { ledger, context } = vault.session;
    const docOf = async (name: string): Promise<DocValue> => {
      const { docId } = await vault.describe(name);
      return ledger.lookup('doc', docId)!;
    };
    const [leave, canteen, hours] = [
      await docOf('staff/leave.md'),
      await docOf('news/canteen.md'),
      await docOf('news/opening-hours.md'),
    ];
    expect([leave.chunks, canteen.chunks, hours.chunks]).toEqual([2, 1, 1]);
    const kept = async (limits: ProvenLimits): Promise<boolean[]> => {
      const documents = new ProvenDocuments(ledger, context.stores, 'default', limits);
      for (const doc of [leave, canteen, hours]) await documents.open(doc);
      return [leave, canteen, hours].map((doc) => documents.has(doc));
    };
    expect(await kept({ documents: 3, chunks: 4 })).toEqual([true, true, true]);
    expect(await kept({ documents: 3, chunks: 3 })).toEqual([false, true, true]);
    expect(await kept({ documents: 1, chunks: 4 })).toEqual([false, false, true]);
  });
});

describe('text in memory', () => {
  it('is not given to whoever may not read it any more', async () => {
    const world = await template();
    const vault = await world.open();
    expect(await finds(vault, 'ben', QUERY, 2)).toEqual(['staff/leave.md']);
    const rules = [{ path: 'staff/**', deny: ['ben'] }, ...OFFICE_ACCESS.rules];
    await vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules }));
    expect(await finds(vault, 'ben', QUERY)).not.toContain('staff/leave.md');
    expect(await finds(vault, 'chloe', QUERY, 2)).toEqual(['staff/leave.md']);
  });

  it('of an older version is not given for the current one', async () => {
    const world = await template();
    const vault = await world.open();
    expect(await finds(vault, 'ben', QUERY, 2)).toEqual(['staff/leave.md']);
    await world.write('staff/leave.md', '# Leave\n\nForty days of leave for everybody.\n');
    await vault.ingest([world.documents], { access: world.access });
    const { passages } = await search(vault, 'ben', QUERY, 1);
    expect(passages).toMatchObject([
      { version: 2, text: expect.stringContaining('Forty') as string },
    ]);
  });

  it('is gone with an erased document, whichever process erased it', async () => {
    const world = await template();
    const reader = await world.open();
    expect(await finds(reader, 'ben', QUERY, 2)).toEqual(['staff/leave.md']);
    const { docId } = await reader.describe('staff/leave.md');
    const { documents, ledger } = reader.session;
    const before = ledger.lookup('doc', docId)!;
    expect(documents.has(before)).toBe(true);
    await world.use((vault) => vault.erase('staff/leave.md', 'request'));
    await reader.session.follow();
    expect(documents.has(before)).toBe(false);
    expect(await finds(reader, 'ada', QUERY)).not.toContain('staff/leave.md');
  });
});
