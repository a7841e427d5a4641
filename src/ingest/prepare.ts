// SPDX-License-Identifier: Apache-2.0
// From a file's bytes to chunks with vectors: parse, screen, chunk, embed.
import { fail, isStrongroomError, need } from '../core/index.ts';
import { type Embedder, PASSAGE_TEXT, passageText } from '../embed/index.ts';
import { type Finding, HIDDEN_TEXT_RULESET, judge, type Verdict } from '../guard/index.ts';
import { encodeVector, quantise } from '../provenance/index.ts';
import { type Chunk, CHUNKER, chunkDocument } from './chunk/index.ts';
import type { Loader, ParsedDocument } from './parse/index.ts';
import type { SourceFile } from './source.ts';
import type { IngestDependencies, IngestOptions, StageTimes } from './types.ts';

/** What is sealed and signed of a document. */
export interface Publishable {
  readonly parsed: Pick<ParsedDocument, 'text' | 'title' | 'parser'> & {
    readonly mediaType: string | null;
  };
  /** Name and version of what cut it. */
  readonly chunker: string;
  readonly chunks: readonly Chunk[];
  /** Signed vector bytes, one for each chunk. */
  readonly vectors: readonly Uint8Array[];
  readonly screening: {
    readonly verdict: Verdict;
    readonly ruleset: string;
    readonly findings: readonly { readonly kind: string; readonly count: number }[];
  };
}

/** A source file that is ready to be sealed. */
export interface PreparedDocument extends Publishable {
  readonly parsed: ParsedDocument;
  readonly screening: Publishable['screening'] & { readonly findings: readonly Finding[] };
}

/**
 * Names loaders' and chunker's versions, the model and whether front matter counts: an unchanged file is ingested again
 * when this changes. What front matter grants or forbids is sealed with the document, so it must be read anew.
 */
export function pipelineId(parser: string, model: string, frontMatter: boolean): string {
  const base = `${parser} ${CHUNKER} ${PASSAGE_TEXT} ${HIDDEN_TEXT_RULESET} ${model}`;
  return frontMatter ? `${base} front-matter` : base;
}

/** Adds the time that `work` takes to a stage. */
export async function timed<T>(
  stages: StageTimes,
  stage: keyof StageTimes,
  work: () => T | Promise<T>,
): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    stages[stage] += (performance.now() - start) / 1000;
  }
}

/**
 * Prepares one file.
 * @throws {SOURCE_UNSUPPORTED} {@link SOURCE_FLAGGED} and the errors of the loaders
 */
export async function prepareDocument(
  source: SourceFile,
  bytes: Uint8Array,
  deps: IngestDependencies,
  run: {
    readonly options: IngestOptions;
    readonly stages: StageTimes;
    /** Of the file's type; null when there is none. */
    readonly loader: Loader | null;
  },
): Promise<PreparedDocument> {
  const { options, stages, loader } = run;
  if (loader === null) throw fail('SOURCE_UNSUPPORTED', 'there is no loader for this type of file');
  const { signal, maxFileBytes: maxBytes } = options;
  const limits = { ...(maxBytes !== undefined && { maxBytes }), ...(signal && { signal }) };
  const parsed = await timed(stages, 'parse', () =>
    loader.parse({ uri: source.uri, bytes }, limits),
  );
  const { verdict, findings } = judge(parsed.findings);
  if (verdict === 'flagged' && deps.policy.guard.hiddenText === 'refuse') {
    throw fail('SOURCE_FLAGGED', 'the file holds hidden text');
  }
  const chunks = await timed(stages, 'chunk', () => chunkDocument(parsed));
  const texts = chunks.map(({ headings, text }) =>
    passageText({ sourceUri: source.uri, title: parsed.title, headings }, text),
  );
  const vectors = await timed(stages, 'embed', () => embedPassages(texts, deps.embedder, signal));
  return {
    parsed,
    chunker: CHUNKER,
    chunks,
    vectors,
    screening: { verdict, ruleset: HIDDEN_TEXT_RULESET, findings },
  };
}

/**
 * Signed vector bytes of passages.
 * @throws {VECTOR_INVALID} when the embedder gives another number of vectors, other dimensions, or NaN
 * @throws {EMBEDDER_FAILED} when it fails in a way of its own
 */
export async function embedPassages(
  texts: readonly string[],
  embedder: Embedder,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  let vectors: Float32Array[];
  try {
    vectors = await embedder.embedDocuments(texts, signal === undefined ? {} : { signal });
  } catch (error) {
    if (isStrongroomError(error)) throw error;
    throw fail('EMBEDDER_FAILED', 'the embedder gave no vectors', {}, error);
  }
  const { dims } = embedder.identity;
  // Before anything is sealed: what is signed must be what every index can read.
  const areFit = vectors.length === texts.length && vectors.every((v) => v.length === dims);
  need(
    'INV-INGEST-VECTORS',
    areFit,
    'VECTOR_INVALID',
    'the embedder gave other vectors than wanted',
  );
  return vectors.map((vector) => encodeVector(quantise(vector)));
}
