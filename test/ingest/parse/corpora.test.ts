// SPDX-License-Identifier: Apache-2.0
// Files as they are: published handbooks and documentation, and what lies in node_modules.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/guard/index.ts';
import { chunkDocument } from '../../../src/ingest/chunk/index.ts';
import { loaderFor } from '../../../src/ingest/parse/index.ts';
import { hasShared, reasonIfAbsent, sharedPath } from '../../support/shared-vectors.ts';
import { expectChunks } from '../chunk/chunk-rules.ts';
import { tryParse } from './document-rules.ts';

interface Corpus {
  readonly documents: number;
  readonly chunks: number;
  readonly flagged: number;
  /** Typed refusals by code. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Reads every `step`-th file that has a loader. */
async function readAll(folder: string, ending: RegExp, step = 1): Promise<Corpus> {
  const corpus = { documents: 0, chunks: 0, flagged: 0, refused: {} as Record<string, number> };
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  for (const uri of files.filter((_, i) => i % step === 0)) {
    const bytes = new Uint8Array(readFileSync(uri));
    if (loaderFor({ uri, bytes }) === null) continue;
    const document = await tryParse(uri, bytes);
    if (typeof document === 'string') {
      corpus.refused[document] = (corpus.refused[document] ?? 0) + 1;
      continue;
    }
    const chunks = await chunkDocument(document);
    expectChunks(document, chunks);
    corpus.documents++;
    corpus.chunks += chunks.length;
    corpus.flagged += judge(document.findings).verdict === 'flagged' ? 1 : 0;
  }
  return corpus;
}

const HANDBOOK = 'data/corpus-18f-handbook/pages';
const DOCUMENTATION = 'data/awsdocs-small/documents';

describe.skipIf(!hasShared(HANDBOOK))(`a handbook${reasonIfAbsent(HANDBOOK)}`, () => {
  it('is read as a whole, pages of front matter alone left out', async () => {
    const corpus = await readAll(sharedPath(HANDBOOK), /\.(?:md|html)$/);
    expect(corpus).toMatchObject({ documents: 239, flagged: 2, refused: { SOURCE_EMPTY: 8 } });
  });
});

describe.skipIf(!hasShared(DOCUMENTATION))(`documentation${reasonIfAbsent(DOCUMENTATION)}`, () => {
  it('is read, every sixth page here', async () => {
    const corpus = await readAll(sharedPath(DOCUMENTATION), /\.(?:md|txt)$/, 6);
    expect(corpus).toMatchObject({ flagged: 0, refused: {} });
    expect(corpus.documents).toBeGreaterThan(200);
  });
});

describe('the documents of installed packages', () => {
  it('are read, some of them here', async () => {
    const folder = path.resolve(import.meta.dirname, '../../../node_modules');
    const corpus = await readAll(folder, /^LICEN[CS]E|\.(?:md|html|txt)$/i, 9);
    expect(corpus.refused).toEqual({});
    expect(corpus.documents).toBeGreaterThan(30);
  });
});
