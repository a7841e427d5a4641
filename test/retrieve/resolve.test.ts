// SPDX-License-Identifier: Apache-2.0
// An index proves nothing: what becomes of every kind of candidate that it may offer.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat, type DocId, docIdOf, readU16, u16be, utf8 } from '../../src/core/index.ts';
import type { Candidate } from '../../src/index/index.ts';
import type { IngestDependencies } from '../../src/ingest/index.ts';
import { loaderFor } from '../../src/ingest/parse/index.ts';
import { prepareDocument } from '../../src/ingest/prepare.ts';
import { publishDocument } from '../../src/ingest/publish.ts';
import { IngestTally } from '../../src/ingest/tally.ts';
import type { Role } from '../../src/provenance/index.ts';
import type { SearchResult } from '../../src/retrieve/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { expectRejection, flipBit } from '../support/tampering.ts';
import { told, type ToldResult } from '../support/told.ts';
import {
  caller,
  OFFICE,
  OFFICE_ACCESS,
  search,
  VaultWorld,
  worldTemplate,
} from '../support/vault-world.ts';
import { candidates, retrieverOver, tamperedIndex } from './retrieval-world.ts';

const QUERY = 'bell';
const NOTES = 12;
const NOTE = (n: number): string =>
  `The brass bell of note ${n} rings for ${'visitor '.repeat(n)}.\n`;
/** Twelve notes for everybody with falling scores, beside the office's documents. */
const FILES: Readonly<Record<string, string>> = {
  ...OFFICE,
  ...Object.fromEntries(
    Array.from({ length: NOTES }, (_, n) => [`news/note-${n}.txt`, NOTE(n + 1)]),
  ),
};

const template = worldTemplate((folder) => VaultWorld.ingested({ files: FILES }, folder));

/** Searches with an index that was changed by `change`. */
async function searchTampered(
  vault: Vault,
  change: (found: Candidate[]) => Candidate[],
  k: number,
): Promise<ToldResult> {
  const { index } = await vault.session.retrieval();
  const retriever = await retrieverOver(vault, { index: tamperedIndex(index, change) });
  const request = { caller: caller('ben'), query: QUERY, k };
  return told((onStats) => retriever.search(request, onStats));
}

const urisOf = ({ passages }: SearchResult): string[] => passages.map(({ source }) => source.uri);

describe('a candidate', () => {
  it('of a current, permitted version becomes a passage with its text and its place', async () => {
    const world = await template();
    const vault = await world.open();
    const { passages, explanation, stats } = await search(vault, 'ben', 'note 1', 1);
    const [passage] = passages;
    expect(passage).toMatchObject({
      version: 1,
      chunk: 0,
      text: NOTE(1).trim(),
      source: { uri: 'news/note-0.txt', title: null, mediaType: 'text/plain' },
      headings: [],
      page: null,
    });
    expect(stats).toMatchObject({
      candidates: 1,
      documentsVerified: 1,
      chunksOpened: 1,
    });
    expect(explanation.scores).toHaveLength(1);
    expect(world.codes).toEqual([]);
  });

  it('INV-RESOLVE-CURRENT: of a version that was replaced is passed over, and another one takes its place', async () => {
    const world = await template();
    const vault = await world.open();
    const [best] = (await candidates(vault, QUERY)) as [Candidate, ...Candidate[]];
    const before = urisOf(await search(vault, 'ben', QUERY, 5));
    const name = before[0] ?? '';
    await world.write(name, 'Nothing rings here any more.\n');
    await vault.ingest([world.documents], { access: world.access });
    const result = await searchTampered(vault, (found) => [best, ...found], 5);
    expect(result.passages).toHaveLength(5);
    expect(result.stats).toMatchObject({ candidates: 6, superseded: 1, failed: 0 });
    expect(urisOf(result)).not.toContain(name);
  });

  it('INV-RESOLVE-CURRENT: of a deleted document, or of one that never was, is passed over', async () => {
    const world = await template();
    const vault = await world.open();
    const [best] = (await candidates(vault, QUERY)) as [Candidate, ...Candidate[]];
    const unknown = { ...best, docId: `d-${'a'.repeat(26)}` };
    await vault.delete([best.docId]);
    const result = await searchTampered(vault, (found) => [best, unknown, ...found], 5);
    expect(result.passages).toHaveLength(5);
    expect(result.stats).toMatchObject({ superseded: 2, failed: 0, foreign: 0 });
  });

  it('INV-RESOLVE-EXPIRED: of a document is passed over from the second in which it expires', async () => {
    const world = await template();
    const expires = new Date((world.clock.seconds + 90) * 1000).toISOString();
    const { rules } = OFFICE_ACCESS;
    world.setAccess({ ...OFFICE_ACCESS, rules: [...rules, { path: '**/note-0.txt', expires }] });
    const vault = await world.open();
    await vault.setAccess(world.access);
    world.clock.seconds += 89;
    const before = await search(vault, 'ben', QUERY, 5);
    expect(urisOf(before)).toContain('news/note-0.txt');
    world.clock.seconds += 1;
    const result = await search(vault, 'ben', QUERY, 5);
    expect(urisOf(result)).not.toContain('news/note-0.txt');
    expect(result.passages).toHaveLength(5);
    expect(result.stats).toMatchObject({ expired: 1, candidates: 6 });
    expect(world.codes).toEqual([]);
  });

  it('INV-RESOLVE-CLASS: of a class that the caller may not read is dropped with an alarm, whatever class it claims', async () => {
    const world = await template();
    const vault = await world.open();
    const [foreign] = (await candidates(vault, 'merger with Bluebird')) as [Candidate];
    const [own] = (await candidates(vault, QUERY)) as [Candidate];
    const result = await searchTampered(
      vault,
      (found) => [foreign, { ...foreign, classNo: own.classNo }, ...found],
      5,
    );
    expect(result.passages).toHaveLength(5);
    expect(urisOf(result)).not.toContain('board/merger.md');
    expect(result.stats).toMatchObject({ foreign: 2, documentsVerified: 5 });
    expect(world.codes).toEqual(['INDEX_TAMPERED', 'INDEX_TAMPERED']);
    expect(JSON.stringify(world.alarms)).not.toMatch(/merger|board|ben/i);
  });

  it('of a document whose object was altered is dropped with an alarm, and another one takes its place', async () => {
    const world = await template();
    const object = await world.objectOf('news/note-0.txt');
    await world.alter(object, (bytes) => flipBit(bytes, 8 * 100));
    const vault = await world.open();
    const result = await search(vault, 'ben', QUERY, NOTES);
    expect(urisOf(result)).not.toContain('news/note-0.txt');
    // Eleven notes and the opening hours.
    expect(result.passages).toHaveLength(NOTES);
    expect(result.stats).toMatchObject({ failed: 1 });
    expect(world.codes).toContain('INTEGRITY');
  });

  it('whose vector is not the signed one is dropped with an alarm', async () => {
    const world = await template();
    const vault = await world.open();
    const result = await searchTampered(
      vault,
      ([best, ...rest]) => [
        { ...(best as Candidate), vector: flipBit(best!.vector, 100) },
        ...rest,
      ],
      5,
    );
    expect(result.passages).toHaveLength(5);
    expect(result.stats).toMatchObject({ failed: 1 });
    expect(world.codes).toEqual(['INTEGRITY']);
  });

  it('that names a chunk which does not exist is dropped with an alarm', async () => {
    const world = await template();
    const vault = await world.open();
    const result = await searchTampered(
      vault,
      ([best, ...rest]) => [{ ...best!, i: 7 }, ...rest],
      5,
    );
    expect(result.passages).toHaveLength(5);
    expect(world.codes).toEqual(['INTEGRITY']);
  });

  it('INV-ENTRY-LEAF: of a document whose log entry was exchanged is dropped with an alarm', async () => {
    const world = await template();
    const { doc, other } = await world.use(async (vault) => {
      const { docId } = await vault.describe('news/note-0.txt');
      const all = [...vault.session.ledger.documents()];
      return {
        doc: all.find((known) => known.docId === docId)!,
        other: all.find((known) => known.docId !== docId)!,
      };
    });
    const exchangeBack = await exchange(world, doc.entry, other.entry);
    const vault = await world.open();
    await expectRejection(vault.session.documents.statement(doc), 'INTEGRITY');
    const result = await search(vault, 'ben', 'note 1', NOTES);
    expect(urisOf(result)).not.toContain('news/note-0.txt');
    expect(new Set(world.codes)).toEqual(new Set(['INTEGRITY']));
    // Neither the failure nor what was read is remembered: the store may have been repaired.
    await exchangeBack();
    expect((await vault.session.documents.statement(doc)).predicate.version).toBe(1);
    expect(urisOf(await search(vault, 'ben', 'note 1', 1))).toEqual(['news/note-0.txt']);
  });
});

/**
 * Exchanges two entries in the stored bundles (C2SP tlog-tiles: u16be length, entry).
 * @returns puts back what was there
 */
async function exchange(world: VaultWorld, a: number, b: number): Promise<() => Promise<void>> {
  const folder = path.join('vault', 'store', 'log', 'default', 'tile', 'entries');
  const found = await readdir(path.join(world.folder, folder), {
    recursive: true,
    withFileTypes: true,
  });
  const files = found
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(world.folder, path.join(entry.parentPath, entry.name)));
  const before = new Map<string, Uint8Array>();
  for (const file of files) {
    await world.alter(file, (bytes) => {
      before.set(file, bytes);
      const entries = entriesOf(bytes);
      if (entries.length <= Math.max(a, b)) return bytes;
      [entries[a], entries[b]] = [entries[b]!, entries[a]!];
      return concat(...entries.flatMap((entry) => [u16be(entry.length), entry]));
    });
  }
  return async () => {
    for (const [file, bytes] of before) await world.alter(file, () => bytes);
  };
}

function entriesOf(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let offset = 0; offset < bundle.length;) {
    const end = offset + 2 + readU16(bundle, offset);
    entries.push(bundle.slice(offset + 2, end));
    offset = end;
  }
  return entries;
}

describe('a document version', () => {
  it('INV-META-DOCID: that carries the name of another document is refused, though its signature holds', async () => {
    const world = await template();
    const vault = await world.open();
    const docId = docIdOf(vault.session.context.ring.lookupKey('id'), 'files', 'news/other.txt');
    await publishAs(vault, { docId, sourceUri: 'news/bell-song.txt' }, world);
    const doc = vault.session.ledger.lookup('doc', docId)!;
    expect(doc.status).toBe('live');
    await expectRejection(vault.session.documents.prove(doc), 'INTEGRITY');
    const result = await search(vault, 'ada', 'bell song of somebody else', 20);
    expect(urisOf(result)).not.toContain('news/bell-song.txt');
    expect(new Set(world.codes)).toEqual(new Set(['INTEGRITY']));
  });
});

/** Publishes a document under an id that need not be that of its name, with the vault's own ingest key. */
async function publishAs(
  vault: Vault,
  { docId, sourceUri }: { docId: DocId; sourceUri: string },
  world: VaultWorld,
): Promise<void> {
  const { session } = vault;
  const { context, ledger, embedder } = session;
  const writer = await session.writer();
  const deps = {
    ...{ ledger, embedder, access: world.access, policy: session.access.policy },
    ...{ stores: context.stores, clock: context.clock },
    signer: (role: Role) => writer.signer(role),
  } as IngestDependencies;
  const source = { uri: sourceUri, file: '', bytes: 0, root: '' };
  const stages = new IngestTally().stages;
  const bytes = utf8('A bell song of somebody else.\n');
  const prepared = await prepareDocument(source, bytes, deps, {
    ...{ options: {}, stages },
    loader: loaderFor({ uri: sourceUri, bytes }),
  });
  const { aclDigest } = [...ledger.classes()][0]!;
  const publication = {
    ...{ docId, sourceUri, namespace: 'files', grants: null, current: null },
    firstAccess: { aclDigest, validUntil: null },
  };
  const { entry, keyRows } = await publishDocument(prepared, publication, deps, stages);
  await context.keys.putAll(keyRows);
  await session.commitAll([entry]);
}
