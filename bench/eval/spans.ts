// SPDX-License-Identifier: Apache-2.0
// How well chunks fit what answers a question: precision, recall and intersection over union of the bytes retrieved
// with the bytes that answer, as in Smith and Troynikov, "Evaluating Chunking Strategies for Retrieval", 2024, who count
// tokens.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { fail } from '../../src/core/index.ts';
import type { Embedder } from '../../src/embed/index.ts';
import type { ChunkOptions } from '../../src/ingest/chunk/index.ts';
import type { ByteRange } from '../../src/ingest/parse/index.ts';
import { readCorpus, readTable } from './corpus.ts';
import { bootstrap, type Interval } from './statistics.ts';
import { embedQuery, TrialIndex } from './trial-index.ts';

const referencesSchema = z.array(
  z.object({ start_index: z.int().nonnegative(), end_index: z.int().positive() }),
);

/** What was measured. */
export interface SpanEvaluation {
  readonly questions: number;
  readonly rows: number;
  readonly meanChunkBytes: number;
  readonly embedder: string;
  readonly recall: Interval;
  readonly precision: Interval;
  readonly iou: Interval;
}

/** How to measure. */
export interface SpanOptions extends ChunkOptions {
  /** Passages retrieved for each question; default 5. */
  readonly k?: number;
}

/**
 * Asks the questions of `questions_df.csv` about the files of `corpora`.
 * @throws {SOURCE_MISSING} {@link SOURCE_MALFORMED} when they cannot be read
 */
export async function evaluateSpans(
  folder: string,
  embedder: Embedder,
  { k = 5, ...options }: SpanOptions = {},
): Promise<SpanEvaluation> {
  const table = await readTable(path.join(folder, 'questions_df.csv'), [
    'question',
    'references',
    'corpus_id',
  ]);
  const corpora = path.join(folder, 'corpora');
  const documents = await readCorpus(corpora, embedder, options);
  const index = new TrialIndex(embedder);
  const chunks = new Map<string, readonly (ByteRange | null)[]>();
  const offsets = new Map<string, Uint32Array>();
  for (const document of documents) {
    index.add(document);
    chunks.set(
      document.id,
      document.chunks.map(({ pos }) => pos),
    );
    offsets.set(document.id, byteOffsets(await readFile(path.join(corpora, document.id), 'utf8')));
  }
  const scores: Overlap[] = [];
  for (const [at, row] of table.entries()) {
    const file = `${row['corpus_id'] ?? ''}.md`;
    const answer = answerOf(row['references'] ?? '', offsets.get(file), at);
    const query = await embedQuery(embedder, row['question'] ?? '');
    const found: { file: string; range: ByteRange }[] = [];
    for (const hit of index.hits(query, 'hybrid')) {
      const range = chunks.get(hit.id)?.[hit.row] ?? null;
      if (range !== null && found.push({ file: hit.id, range }) === k) break;
    }
    scores.push(overlap(found, { file, ranges: answer }));
  }
  const sizes = documents.flatMap((document) => document.chunks.map((c) => c.end - c.start));
  return {
    questions: table.length,
    rows: index.rows,
    meanChunkBytes: sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length),
    embedder: embedder.identity.model.id,
    recall: bootstrap(scores.map(({ recall }) => recall)),
    precision: bootstrap(scores.map(({ precision }) => precision)),
    iou: bootstrap(scores.map(({ iou }) => iou)),
  };
}

interface Overlap {
  readonly recall: number;
  readonly precision: number;
  readonly iou: number;
}

/** Bytes of the answer that were retrieved, set against both. */
export function overlap(
  found: readonly { readonly file: string; readonly range: ByteRange }[],
  answer: { readonly file: string; readonly ranges: readonly ByteRange[] },
): Overlap {
  const mine = union(found.filter(({ file }) => file === answer.file).map(({ range }) => range));
  const others = found.filter(({ file }) => file !== answer.file).map(({ range }) => range);
  const wanted = union(answer.ranges);
  // What stands in two retrieved chunks is read twice, but answers once.
  const retrieved = size(found.map(({ range }) => range));
  const hit = size(wanted.flatMap((a) => mine.map((b) => cut(a, b))));
  const all = size(union([...wanted, ...mine])) + size(others);
  return {
    recall: hit / Math.max(1, size(wanted)),
    precision: hit / Math.max(1, retrieved),
    iou: hit / Math.max(1, all),
  };
}

function cut(a: ByteRange, b: ByteRange): ByteRange {
  const start = Math.max(a.start, b.start);
  return { start, end: Math.max(start, Math.min(a.end, b.end)) };
}

function union(ranges: readonly ByteRange[]): ByteRange[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

function size(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** By code point, where it begins in UTF-8; one entry more for the end. */
function byteOffsets(text: string): Uint32Array {
  const offsets: number[] = [0];
  let at = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    at += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    offsets.push(at);
  }
  return Uint32Array.from(offsets);
}

function answerOf(json: string, offsets: Uint32Array | undefined, at: number): ByteRange[] {
  const malformed = (): Error =>
    fail('SOURCE_MALFORMED', 'the references of a question are malformed', { line: at + 2 });
  let parsed: z.infer<typeof referencesSchema>;
  try {
    parsed = referencesSchema.parse(JSON.parse(json));
  } catch {
    throw malformed();
  }
  return parsed.map(({ start_index: from, end_index: to }) => {
    const [start, end] = [offsets?.[from], offsets?.[to]];
    if (start === undefined || end === undefined) throw malformed();
    return { start, end };
  });
}
