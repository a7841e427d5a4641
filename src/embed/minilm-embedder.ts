// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fail, fromUtf8, hex, jcsBytes, sha256 } from '../core/index.ts';
import type { Embedder, EmbedderIdentity, EmbedOptions } from './embedder.ts';
import { floatsOf, readChecked } from './model-files.ts';
import { loadOnnx, ONNX_RUNTIME } from './onnx-runtime.ts';
import { type SentenceModel, sentenceVector } from './sentence-model.ts';
import { STATIC_DIMS, STATIC_FILES, STATIC_SPACE } from './static-model.ts';
import { WordPiece } from './word-piece.ts';

/** The package that holds the model's files. */
export const MINILM_PACKAGE = '@strongroom/model-minilm';

/** The model's files with their digests. Another digest is another model: it needs another id. */
export const MINILM_FILES = {
  'minilm-nb8.onnx': '92728ba2cab72f1d0e141b867b2dd1947cb00c8f67bb69c11a0e92f75dbd2653',
  'minilm-to-256.f32': 'fdc06da6b651374a49a0aad744857d933af05a9ee17ae59e5e7c4e1fb257c1c5',
  'vocab.txt': STATIC_FILES['vocab.txt'],
} as const;

const WIDTH = 384;
const MAX_TOKENS = 256;

/** Everything that decides a vector. */
const PARAMETERS = {
  algorithm:
    'sr/minilm-embedder/v1: [CLS] pieces [SEP], one text a run, mean, length 1, times the projection in float64',
  dims: STATIC_DIMS,
  maxTokens: MAX_TOKENS,
  tokeniser: 'wordpiece uncased, no control tokens, words of at most 100 code points',
  files: MINILM_FILES,
};

const IDENTITY: EmbedderIdentity = {
  space: STATIC_SPACE,
  model: { id: 'strongroom-minilm-256-v1', sha256: hex(sha256(jcsBytes(PARAMETERS))) },
  dims: STATIC_DIMS,
  dtype: 'i8',
};

/** Where the model lies. */
export interface MinilmOptions {
  /** Folder with the model's files; default that of the package {@link MINILM_PACKAGE}, or of this checkout. */
  readonly folder?: string;
}

interface Loaded {
  readonly model: SentenceModel;
  readonly projection: Float32Array;
}

/** Read once for each folder: some 140 MB stay in memory for the life of the process. */
const loaded = new Map<string, Promise<Loaded>>();

/**
 * The sentence model all-MiniLM-L6-v2 with weights of eight bits, projected to the 256 dimensions of the static table, so
 * that its vectors and those of {@link staticEmbedder} compare. It reads the order of words and finds more; it takes some
 * milliseconds for a question and some tens of them for a passage, and needs the packages `onnxruntime-node` and
 * {@link MINILM_PACKAGE}, which are installed on purpose. models/minilm holds its model card.
 *
 * Texts count up to their 254th token. They are run one at a time on two threads: vectors are the same bits on every run on
 * one kind of machine, and alike on another.
 *
 * Both calls also throw {@link RUNTIME_MISSING}, {@link MODEL_MISSING} and {@link MODEL_INVALID} when what they need is
 * absent or altered.
 */
export function minilmEmbedder({ folder }: MinilmOptions = {}): Embedder {
  const embed = async (text: string, { signal }: EmbedOptions): Promise<Float32Array> => {
    await setImmediate();
    if (signal?.aborted === true) throw fail('ABORTED', 'embedding was cancelled');
    const { model, projection } = await loadedFrom(folder ?? minilmFolder());
    return projected(await sentenceVector(model, text), projection);
  };
  return {
    identity: IDENTITY,
    runtime: ONNX_RUNTIME,
    async embedDocuments(texts, options = {}) {
      const vectors: Float32Array[] = [];
      for (const text of texts) vectors.push(await embed(text, options));
      return vectors;
    },
    embedQuery: (text, options = {}) => embed(text, options),
  };
}

/** The folder of the installed package; where there is none, that of a checkout. */
export function minilmFolder(): string {
  try {
    return path.dirname(fileURLToPath(import.meta.resolve(`${MINILM_PACKAGE}/package.json`)));
  } catch {
    return fileURLToPath(new URL('../../models/minilm/', import.meta.url));
  }
}

/** Whether the model's files are there. Whether they are the right ones shows when they are read. */
export function hasMinilmFiles(folder = minilmFolder()): boolean {
  return Object.keys(MINILM_FILES).every((file) => existsSync(path.join(folder, file)));
}

function loadedFrom(folder: string): Promise<Loaded> {
  const known = loaded.get(folder);
  if (known !== undefined) return known;
  const loading = load(folder);
  loaded.set(folder, loading);
  // What was missing may be put there.
  loading.catch(() => loaded.delete(folder));
  return loading;
}

async function load(folder: string): Promise<Loaded> {
  const [onnx, projection, vocabulary] = await Promise.all(
    (['minilm-nb8.onnx', 'minilm-to-256.f32', 'vocab.txt'] as const).map((file) =>
      readChecked(folder, MINILM_FILES, file),
    ),
  );
  const model: SentenceModel = {
    onnx: await loadOnnx(onnx as Uint8Array),
    tokens: new WordPiece(
      fromUtf8(vocabulary as Uint8Array)
        .trimEnd()
        .split('\n'),
    ),
    maxTokens: MAX_TOKENS,
    pooling: 'mean',
  };
  return { model, projection: floatsOf(projection as Uint8Array) };
}

function projected(vector: Float32Array, projection: Float32Array): Float32Array {
  const sums = new Float64Array(STATIC_DIMS);
  for (let row = 0; row < WIDTH; row++) {
    const x = vector[row] as number;
    const start = row * STATIC_DIMS;
    for (let at = 0; at < STATIC_DIMS; at++) {
      sums[at] = (sums[at] as number) + x * (projection[start + at] as number);
    }
  }
  return Float32Array.from(sums);
}
