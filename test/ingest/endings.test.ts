// SPDX-License-Identifier: Apache-2.0
// What ends a run, or part of it: embedders, stores, signals, another run.
import { describe, expect, it } from 'vitest';
import { fail } from '../../src/core/index.ts';
import { type Embedder, hashEmbedder } from '../../src/embed/index.ts';
import { codeRejectedBy, expectRejection } from '../support/tampering.ts';
import { ingestWith, manyDocuments, watchedStore } from './many-documents.ts';
import { memoryStateOf } from '../../src/vault/inside.ts';

describe('an embedder', () => {
  const inner = hashEmbedder();
  const failing = (embedDocuments: Embedder['embedDocuments']): Embedder => ({
    ...inner,
    embedDocuments,
  });

  it('INV-INGEST-VECTORS: that gives other vectors than wanted makes its documents fail, and nothing is stored', async () => {
    const vectors = (texts: readonly string[]): Promise<Float32Array[]> =>
      inner.embedDocuments(texts);
    const bad: readonly Embedder['embedDocuments'][] = [
      async (texts) => (await vectors(texts)).map((vector) => vector.subarray(1)),
      async (texts) => (await vectors(texts)).slice(1),
      async (texts) => [...(await vectors(texts)), new Float32Array(256).fill(1)],
    ];
    for (const embedDocuments of bad) {
      const world = await manyDocuments(2);
      const before = await world.storedFiles();
      const report = await ingestWith(world, { embedder: failing(embedDocuments) });
      expect(report.failures.map(({ code }) => code)).toEqual(['VECTOR_INVALID', 'VECTOR_INVALID']);
      expect(report).toMatchObject({ added: 0, sealedBytes: 0 });
      const objects = (await world.storedFiles()).filter((file) => file.includes('obj/doc'));
      expect([objects, before.length > 0]).toEqual([[], true]);
    }
  });

  it('that gives NaN, infinity or zero for one document fails for that one alone', async () => {
    for (const value of [NaN, Infinity, 0]) {
      const world = await manyDocuments(3);
      const embedder = failing((texts) =>
        texts.some((text) => text.includes('number 1 '))
          ? Promise.resolve(texts.map(() => new Float32Array(256).fill(value)))
          : inner.embedDocuments(texts),
      );
      const report = await ingestWith(world, { embedder });
      expect(report.failures.map(({ uri, code }) => [uri, code])).toEqual([
        ['notes/1.md', 'VECTOR_INVALID'],
      ]);
      expect(report.added).toBe(2);
    }
  });

  it('that throws ends the run with a typed error, and what was acknowledged is kept', async () => {
    for (const isSynchronous of [true, false]) {
      const world = await manyDocuments(150);
      let calls = 0;
      const embedder = failing((texts) => {
        calls += 1;
        if (calls <= 120) return inner.embedDocuments(texts);
        const error = new Error('the model is gone; its text was: secret');
        if (isSynchronous) throw error;
        return Promise.reject(error);
      });
      const run = ingestWith(world, { embedder }).then(
        () => null,
        (error: unknown) => error as Error & { code: string },
      );
      const error = await run;
      expect(error?.code).toBe('EMBEDDER_FAILED');
      expect(error?.message).not.toContain('secret');
      const { documents, failures } = await world.use((vault) => vault.verifyAll());
      expect(failures).toEqual([]);
      expect(documents).toBe(120);
      expect(await world.ingest()).toMatchObject({ added: 30, unchanged: 120 });
    }
  });
});

describe('a run', () => {
  it('that is cancelled ends with ABORTED, and what was acknowledged is kept', async () => {
    const world = await manyDocuments(100);
    const stop = new AbortController();
    const run = world.ingest({
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 70) stop.abort();
      },
    });
    await expectRejection(run, 'ABORTED');
    const { documents, failures } = await world.use((vault) => vault.verifyAll());
    expect(failures).toEqual([]);
    expect(documents).toBeGreaterThanOrEqual(70);
    expect(documents).toBeLessThan(100);
    const report = await world.ingest();
    expect(report.added + report.unchanged).toBe(100);
    await expectRejection(world.ingest({ signal: AbortSignal.abort() }), 'ABORTED');
  });

  it('whose store fails ends with its error; nothing of what failed is in the index, and it can go on', async () => {
    const world = await manyDocuments(100);
    let isFull = false;
    let stored = 0;
    const objects = watchedStore(world, (_, path) => {
      if (path.startsWith('obj/doc/')) stored += 1;
      // The batch that follows the first is refused by the disk.
      if (isFull || (stored > 63 && path.includes('staging/'))) {
        isFull = true;
        throw fail('STORE_FULL', 'the test’s disk is full');
      }
      return Promise.resolve();
    });
    const { access, documents } = world;
    await world.use(
      async (vault) => {
        await expectRejection(vault.ingest([documents], { access }), 'STORE_FULL');
        const live = [...vault.session.ledger.documents()].length;
        const { index } = await memoryStateOf(vault.session);
        expect(index.counts().documents).toBe(live);
      },
      { objects },
    );
    expect((await world.use((vault) => vault.verifyAll())).failures).toEqual([]);
    const report = await world.ingest();
    expect(report.failures).toEqual([]);
    expect(report.added + report.unchanged + report.updated).toBe(100);
    const { index } = await world.use((vault) => memoryStateOf(vault.session));
    expect(index.counts().documents).toBe(100);
  });

  it('beside another one of the same vault: each document is there once, and refusals are reported', async () => {
    const world = await manyDocuments(80);
    const { access, documents } = world;
    await world.use(async (vault) => {
      const [a, b] = await Promise.all([
        vault.ingest([documents], { access }),
        vault.ingest([documents], { access }),
      ]);
      expect(a.added + b.added).toBe(80);
      const conflicts = [...a.failures, ...b.failures].map(({ code }) => code);
      expect(new Set([...conflicts, 'INGEST_CONFLICT'])).toEqual(new Set(['INGEST_CONFLICT']));
      expect(a.added + a.updated + a.unchanged + a.failures.length).toBe(80);
      const { index } = await memoryStateOf(vault.session);
      expect(index.counts()).toMatchObject({ documents: 80, rows: 80 });
      expect(await vault.verifyAll()).toMatchObject({ documents: 80, failures: [] });
      expect((await vault.fsck()).problems).toEqual([]);
    });
    expect(await world.ingest()).toMatchObject({ unchanged: 80, added: 0, updated: 0 });
  });

  it('that may not remove what it stored in vain reports the refusal all the same', async () => {
    const world = await manyDocuments(40);
    const { access, documents } = world;
    let denied = 0;
    const objects = watchedStore(world, (method, path) => {
      if (method !== 'delete' || !path.startsWith('obj/doc/')) return Promise.resolve();
      denied += 1;
      throw fail('SERVICE_DENIED', 'the service does not allow this call to these credentials');
    });
    await world.use(
      async (vault) => {
        const runs = await Promise.all([1, 2].map(() => vault.ingest([documents], { access })));
        const failures = runs.flatMap((report) => report.failures);
        expect(failures.length).toBe(denied);
        expect(denied).toBeGreaterThan(0);
        expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['INGEST_CONFLICT']));
        expect(await vault.verifyAll()).toMatchObject({ documents: 40, failures: [] });
      },
      { objects },
    );
  });

  it('by another process is told who holds the vault', async () => {
    const world = await manyDocuments(1);
    await world.use(async (vault) => {
      await vault.ingest([world.documents], { access: world.access });
      expect(await codeRejectedBy(world.ingest())).toBe('VAULT_LOCKED');
    });
    expect(await world.ingest()).toMatchObject({ unchanged: 1 });
  });

  it('is ended by what its observer throws', async () => {
    const world = await manyDocuments(5);
    const run = world.ingest({
      onProgress: () => {
        throw new Error('the observer is broken');
      },
    });
    await expect(run).rejects.toThrow('the observer is broken');
  });
});
