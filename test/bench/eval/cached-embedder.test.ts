// SPDX-License-Identifier: Apache-2.0
import { appendFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cachedEmbedder } from '../../../bench/eval/cached-embedder.ts';
import { type Embedder, hashEmbedder } from '../../../src/embed/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** An embedder that tells which texts it was given. */
function telling(): Embedder & { readonly given: string[] } {
  const inner = hashEmbedder();
  const given: string[] = [];
  return {
    ...inner,
    given,
    embedDocuments(texts, options) {
      given.push(...texts);
      return inner.embedDocuments(texts, options);
    },
  };
}

describe('vectors that are kept', () => {
  it('are made once, also by the next evaluation', async () => {
    const folder = temporaryFolder();
    const first = telling();
    const made = await cachedEmbedder(first, folder).embedDocuments(['a walrus', 'a seal']);
    const second = telling();
    const cached = cachedEmbedder(second, folder);
    expect(await cached.embedDocuments(['a seal', 'a whale', 'a walrus'])).toEqual([
      made[1],
      ...(await hashEmbedder().embedDocuments(['a whale'])),
      made[0],
    ]);
    expect([first.given, second.given]).toEqual([['a walrus', 'a seal'], ['a whale']]);
  });

  it('are read up to where the last evaluation was stopped', async () => {
    const folder = temporaryFolder();
    const made = await cachedEmbedder(hashEmbedder(), folder).embedDocuments(['a walrus']);
    const [file = ''] = await readdir(folder);
    await appendFile(path.join(folder, file), new Uint8Array(100));
    const again = telling();
    const cached = cachedEmbedder(again, folder);
    await cached.embedDocuments(['a seal']);
    const third = cachedEmbedder(telling(), folder);
    expect(await third.embedDocuments(['a walrus', 'a seal'])).toEqual([
      ...made,
      ...(await hashEmbedder().embedDocuments(['a seal'])),
    ]);
    expect(again.given).toEqual(['a seal']);
  });
});
