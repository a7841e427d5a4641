// SPDX-License-Identifier: Apache-2.0
// From the static table to the transformer: questions at once, documents one after the other, with the real models.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseAccessFile } from '../../src/access/index.ts';
import { type Alarm, fail } from '../../src/core/index.ts';
import {
  type Embedder,
  hashEmbedder,
  minilmEmbedder,
  staticEmbedder,
  withQuestions,
} from '../../src/embed/index.ts';
import { hasOnnxRuntime } from '../../src/embed/onnx-runtime.ts';
import { decodeVector, quantise, similarity } from '../../src/provenance/index.ts';
import {
  createVault,
  openVault,
  type SessionOptions,
  tierReport,
  type Vault,
  type VaultIngestReport,
} from '../../src/vault/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { sharedTemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { caller, OFFICE, OFFICE_ACCESS } from '../support/vault-world.ts';

const runtime = await hasOnnxRuntime();
const access = parseAccessFile(JSON.stringify(OFFICE_ACCESS));
const minilm = minilmEmbedder();

/** A folder with a vault of the default embedder and the documents of the office. */
class World {
  readonly folder: string;
  readonly alarms: Alarm[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  async open(options: Partial<SessionOptions> = {}): Promise<Vault> {
    const [vault, home] = [path.join(this.folder, 'vault'), path.join(this.folder, 'home')];
    const onAlarm = (alarm: Alarm): void => void this.alarms.push(alarm);
    const opened = await openVault({ vault, home, onAlarm, ...options });
    let isOpen = true;
    const close = opened.close.bind(opened);
    opened.close = () => {
      if (isOpen) close();
      isOpen = false;
    };
    onTestFinished(() => opened.close());
    return opened;
  }

  ingest(vault: Vault): Promise<VaultIngestReport> {
    return vault.ingest([path.join(this.folder, 'documents')], { access });
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(path.join(this.folder, 'documents', name), text);
  }
}

let template: string;
beforeAll(async () => {
  template = sharedTemporaryFolder();
  const world = new World(template);
  for (const [name, text] of Object.entries(OFFICE)) {
    await mkdir(path.dirname(path.join(template, 'documents', name)), { recursive: true });
    await world.write(name, text);
  }
  const place = { vault: path.join(template, 'vault'), home: path.join(template, 'home') };
  await createVault({ ...place, access });
  const vault = await openVault(place);
  await world.ingest(vault);
  vault.close();
});

async function copy(): Promise<World> {
  const folder = temporaryFolder();
  await cp(template, folder, { recursive: true, preserveTimestamps: true });
  return new World(folder);
}

const finds = async (vault: Vault, query: string): Promise<string[]> => {
  const { passages } = await vault.search({ caller: caller('ada'), query, k: 3, mode: 'vector' });
  return passages.map(({ source }) => source.uri);
};

/** How alike a document's first stored vector is to a model's vector of the words of its title. */
async function likenessTo(vault: Vault, name: string, model: Embedder): Promise<number> {
  const { session } = vault;
  const { docId } = await vault.describe(name);
  const doc = session.ledger.lookup('doc', docId);
  if (doc === null) throw new Error('no such document');
  const [stored] = await (await session.documents.open(doc)).vectors();
  const text = `news\nOpening hours\n${OFFICE[name]?.slice(2) ?? ''}`;
  const [own] = await model.embedDocuments([text]);
  return similarity(decodeVector(stored as Uint8Array, 256), quantise(own as Float32Array));
}

describe.skipIf(!runtime)('an upgrade to the transformer', () => {
  it('lets questions go through it at once, with documents as they were', async () => {
    const world = await copy();
    const vault = await world.open();
    expect(await tierReport(vault.session)).toEqual({
      tier: 'static',
      documents: 5,
      upgraded: 0,
      chunksToUpgrade: 6,
    });
    const before = await vault.session.embedder.embedQuery('soup');
    const report = await vault.upgrade({ questionsOnly: true });
    expect(report).toMatchObject({ named: true, documents: 0, remaining: 5, failures: [] });
    expect(await vault.session.embedder.embedQuery('soup')).toEqual(
      await minilm.embedQuery('soup'),
    );
    expect(before).toEqual(await staticEmbedder().embedQuery('soup'));
    expect((await tierReport(vault.session)).tier).toBe('mixed');
    expect((await vault.describe('staff/leave.md')).version).toBe(1);
    expect((await finds(vault, 'vacation'))[0]).toBe('staff/leave.md');
    vault.close();
    const again = await world.open();
    expect(await again.session.embedder.embedQuery('soup')).toEqual(
      await minilm.embedQuery('soup'),
    );
    expect(world.alarms).toEqual([]);
  });

  it('gives every document its vectors as a new version of the same text and class', async () => {
    const world = await copy();
    const vault = await world.open();
    const name = 'news/opening-hours.md';
    expect(await likenessTo(vault, name, staticEmbedder())).toBeGreaterThan(0.9);
    const before = await vault.search({ caller: caller('ben'), query: 'brass bell' });
    const seen: number[] = [];
    const report = await vault.upgrade({ onProgress: ({ done }) => void seen.push(done) });
    expect(report).toEqual({ named: true, documents: 5, chunks: 6, remaining: 0, failures: [] });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect((await tierReport(vault.session)).tier).toBe('minilm');
    const after = await vault.search({ caller: caller('ben'), query: 'brass bell' });
    expect(after.passages[0]).toEqual({ ...before.passages[0], version: 2 });
    expect(await likenessTo(vault, name, minilm)).toBeGreaterThan(0.9);
    const described = await vault.describe(name);
    expect(described.content?.model).toBe(minilm.identity.model.id);
    expect(described.version).toBe(2);
    const { failures } = await vault.verifyAll();
    expect(failures).toEqual([]);
    expect((await vault.fsck()).problems).toEqual([]);
    // Nobody reads more than before.
    const denied = await vault.search({ caller: caller('dan'), query: 'salary of an engineer' });
    expect(denied.passages.every(({ source }) => source.uri.startsWith('news/'))).toBe(true);
  });

  it('goes on where it was stopped, and does nothing when there is nothing left', async () => {
    const world = await copy();
    const vault = await world.open();
    expect(await vault.upgrade({ limit: 2 })).toMatchObject({ documents: 2, remaining: 3 });
    const stop = new AbortController();
    const second = await vault.upgrade({ signal: stop.signal, onProgress: () => stop.abort() });
    expect(second).toMatchObject({ named: false, documents: 1, remaining: 2 });
    vault.close();
    const again = await world.open();
    expect(await again.upgrade()).toMatchObject({ documents: 2, remaining: 0 });
    const { size } = again.session.ledger.head;
    expect(await again.upgrade()).toMatchObject({ documents: 0, remaining: 0 });
    expect(again.session.ledger.head.size).toBe(size);
  });

  it('is not undone by ingesting the same files again, and new ones follow with the next', async () => {
    const world = await copy();
    const vault = await world.open();
    await vault.upgrade();
    expect(await world.ingest(vault)).toMatchObject({ unchanged: 5, added: 0, updated: 0 });
    await world.write('news/canteen.md', '# Canteen\n\nThe canteen serves pancakes every day.\n');
    expect(await world.ingest(vault)).toMatchObject({ unchanged: 4, updated: 1 });
    expect(await tierReport(vault.session)).toMatchObject({ tier: 'mixed', upgraded: 4 });
    expect(await vault.upgrade()).toMatchObject({ named: false, documents: 1, remaining: 0 });
    expect((await vault.describe('news/canteen.md')).version).toBe(4);
  });

  it('leaves a document that was changed meanwhile to the next run', async () => {
    const world = await copy();
    const vault = await world.open();
    let changed = false;
    const slow: Embedder = {
      ...minilm,
      async embedDocuments(texts, options) {
        const isCanteen = texts.some((text) => text.includes('dumplings'));
        if (isCanteen && !changed) {
          changed = true;
          await world.write('news/canteen.md', '# Canteen\n\nThe canteen is closed.\n');
          await world.ingest(vault);
        }
        return minilm.embedDocuments(texts, options);
      },
    };
    const report = await vault.upgrade({ model: slow });
    expect(report).toMatchObject({ documents: 4, remaining: 1 });
    expect(report.failures.map(({ code }) => code)).toEqual(['INGEST_CONFLICT']);
    const found = await vault.search({ caller: caller('ada'), query: 'canteen closed', k: 1 });
    expect(found.passages[0]?.text).toContain('closed');
    expect(await vault.upgrade()).toMatchObject({ documents: 1, remaining: 0, failures: [] });
  });

  it('stops at the first failure of the model, with what was done kept', async () => {
    const world = await copy();
    const vault = await world.open();
    let calls = 0;
    const failing: Embedder = {
      ...minilm,
      embedDocuments: (texts, options) =>
        ++calls === 3
          ? Promise.reject(fail('EMBEDDER_FAILED', 'no'))
          : minilm.embedDocuments(texts, options),
    };
    await expectRejection(vault.upgrade({ model: failing }), 'EMBEDDER_FAILED');
    expect(await tierReport(vault.session)).toMatchObject({ tier: 'mixed', upgraded: 2 });
    expect(await vault.upgrade()).toMatchObject({ documents: 3, remaining: 0 });
  });
});

describe('a vault without the transformer', () => {
  it('is not upgraded, and its log does not name the model', async () => {
    const vault = await (await copy()).open();
    const absent = minilmEmbedder({ folder: temporaryFolder() });
    await expectRejection(vault.upgrade({ model: absent }), 'MODEL_MISSING');
    expect((await tierReport(vault.session)).tier).toBe('static');
  });

  it('is refused when it was made for another space', async () => {
    const folder = temporaryFolder();
    const place = { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
    await createVault({ ...place, access, embedder: hashEmbedder() });
    const vault = await openVault(place);
    onTestFinished(() => vault.close());
    await expectRejection(vault.upgrade(), 'EMBEDDER_MISMATCH');
    expect((await tierReport(vault.session)).tier).toBeNull();
  });
});

describe('questions to a vault that names the transformer', () => {
  const table = staticEmbedder();
  const told: string[] = [];
  const rule = {
    isNamed: () => true,
    onFallback: ({ code }: { readonly code: string }) => void told.push(code),
    transformer: minilmEmbedder({ folder: path.resolve('test/vault/no-such-folder') }),
  };

  it('go through the table where it is not installed, and that is told once', async () => {
    const embedder = withQuestions(table, { ...rule, queries: 'best' });
    expect(await embedder.embedQuery('soup')).toEqual(await table.embedQuery('soup'));
    expect(await embedder.embedQuery('bell')).toEqual(await table.embedQuery('bell'));
    expect(told).toEqual(['MODEL_MISSING']);
  });

  it('are refused there where they are required to go through it', async () => {
    const embedder = withQuestions(table, { ...rule, queries: 'required' });
    await expectRejection(embedder.embedQuery('soup'), 'MODEL_MISSING');
  });

  it('are refused when its files are altered, whatever is required', async () => {
    const folder = temporaryFolder();
    await cp(path.resolve('models/minilm'), folder, { recursive: true });
    await writeFile(path.join(folder, 'vocab.txt'), 'other');
    const transformer = minilmEmbedder({ folder });
    const embedder = withQuestions(table, { ...rule, transformer, queries: 'best' });
    await expectRejection(embedder.embedQuery('soup'), 'MODEL_INVALID');
  });

  it('go through the table when that is wanted', async () => {
    const embedder = withQuestions(table, { ...rule, queries: 'static' });
    expect(await embedder.embedQuery('soup')).toEqual(await table.embedQuery('soup'));
  });
});
