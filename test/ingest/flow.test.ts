// SPDX-License-Identifier: Apache-2.0
// How much is under way at once, and how much is written.
import { describe, expect, it } from 'vitest';
import { type Embedder, hashEmbedder } from '../../src/embed/index.ts';
import { ingestWith, manyDocuments, watchedStore } from './many-documents.ts';

describe('documents in flight', () => {
  it.each([1, 3])('are embedded %i at a time', async (concurrency) => {
    const world = await manyDocuments(20);
    let [now, most] = [0, 0];
    const inner = hashEmbedder();
    const embedder: Embedder = {
      ...inner,
      embedDocuments: async (texts, options) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 2));
        const vectors = await inner.embedDocuments(texts, options);
        now -= 1;
        return vectors;
      },
    };
    expect(await ingestWith(world, { embedder }, { concurrency })).toMatchObject({ added: 20 });
    expect(most).toBe(concurrency);
  });

  it('are bounded while the log is slow: no more are read than it can take', async () => {
    const COUNT = 400;
    const world = await manyDocuments(COUNT);
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    let embedded = 0;
    const inner = hashEmbedder();
    const embedder: Embedder = {
      ...inner,
      embedDocuments: (texts, options) => {
        embedded += texts.length;
        return inner.embedDocuments(texts, options);
      },
    };
    // The log's first batch waits until nothing else moves.
    const held = { is: false };
    const objects = watchedStore(world, async (_, path) => {
      if (!path.includes('staging/') || held.is) return;
      held.is = true;
      await opened;
    });
    const running = ingestWith(world, { embedder, objects });
    let before = -1;
    while (!held.is || embedded !== before) {
      before = embedded;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const atStandstill = embedded;
    open();
    expect(await running).toMatchObject({ added: COUNT, failures: [] });
    expect(atStandstill).toBeGreaterThan(60);
    expect(atStandstill).toBeLessThanOrEqual(252);
  });
});

describe('what is written to the store', () => {
  it('for many small documents stays in proportion to them', async () => {
    const COUNT = 300;
    const world = await manyDocuments(COUNT);
    const written = new Map<string, number>();
    const objects = watchedStore(world, (_, path, bytes) => {
      const kind =
        /^log\/[^/]+\/(tile|staging|checkpoint)/.exec(path)?.[1] ?? path.split('/')[1] ?? '';
      written.set(kind, (written.get(kind) ?? 0) + (bytes?.length ?? 0));
      return Promise.resolve();
    });
    const report = await ingestWith(world, { objects });
    expect(report).toMatchObject({ added: COUNT });
    const bytes = (kind: string): number => written.get(kind) ?? 0;
    const total = [...written.values()].reduce((sum, size) => sum + size, 0);
    // Some 2.5 KB an entry: once in staging, and in bundles that are written anew while they fill, batch by batch.
    expect(bytes('staging')).toBeLessThan(2 * COUNT * 2500);
    expect(bytes('tile')).toBeLessThan(8 * COUNT * 2500);
    expect(total).toBeLessThan(report.sealedBytes + 12 * COUNT * 2500);
    expect(bytes('staging')).toBeGreaterThan(0);
  });
});
