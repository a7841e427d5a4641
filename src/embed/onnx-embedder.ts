// SPDX-License-Identifier: Apache-2.0
// Any sentence model that lies in a folder of this machine, in the layout of Sentence Transformers or of its ONNX exports.
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import {
  fail,
  fromUtf8,
  type Hex,
  hex,
  isStrongroomError,
  jcsBytes,
  sha256,
} from '../core/index.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';
import { readModelFile } from './model-files.ts';
import { loadOnnx, ONNX_RUNTIME } from './onnx-runtime.ts';
import { type Pooling, type SentenceModel, sentenceVector } from './sentence-model.ts';
import { WordPiece } from './word-piece.ts';

/** A sentence model in a folder. */
export interface OnnxOptions {
  /** Holds the model, `tokenizer.json` or `vocab.txt`, and the configuration files that it was published with. */
  readonly folder: string;
  /** The model inside the folder; default `model.onnx`, else `onnx/model.onnx`. */
  readonly file?: string;
  /** Default: what `1_Pooling/config.json` says, else `mean`. Not used for a model that pools by itself. */
  readonly pooling?: Pooling;
  /** Tokens of a text, with the two control tokens; default: what the configuration says, at most 512. */
  readonly maxTokens?: number;
  /** Put before each passage and each question, as some models want it. */
  readonly prefixes?: { readonly document: string; readonly query: string };
  /** Name of the model for the signed statements; default `onnx:` and the beginning of its digest. */
  readonly id?: string;
}

const MOST_TOKENS = 512;
const MOST_PIECES = 2 ** 20;
const tokenizerSchema = z.object({
  normalizer: z
    .object({ type: z.string(), lowercase: z.boolean().default(true) })
    .nullable()
    .default(null),
  model: z.object({
    type: z.string(),
    vocab: z.record(z.string(), z.int().min(0).max(MOST_PIECES)),
    continuing_subword_prefix: z.string().default('##'),
  }),
});
const poolingSchema = z.object({
  pooling_mode_cls_token: z.boolean().default(false),
  pooling_mode_mean_tokens: z.boolean().default(true),
});
const lengthSchema = z.object({ max_seq_length: z.int().positive().optional() });
const casedSchema = z.object({ do_lower_case: z.boolean().default(true) });

/**
 * An embedder over a local ONNX model with a WordPiece tokeniser, through `onnxruntime-node`. The model's digest covers all
 * files that decide a vector, so a changed model is another model. Texts are run one at a time; nothing leaves the machine.
 * @throws {RUNTIME_MISSING} {@link MODEL_MISSING} when the runtime, the model or its vocabulary is absent
 * @throws {MODEL_INVALID} when they are not what this adapter reads: another tokeniser, other inputs, no vectors
 * @throws {USAGE} for `maxTokens` out of range
 */
export async function onnxEmbedder(options: OnnxOptions): Promise<Embedder> {
  const prefixes = options.prefixes ?? { document: '', query: '' };
  const onnx = await modelBytes(options);
  const { tokens, digest } = await tokeniserOf(options.folder);
  const model: SentenceModel = {
    onnx: await loadOnnx(onnx),
    tokens,
    maxTokens: await lengthOf(options),
    pooling: options.pooling ?? (await poolingOf(options.folder)),
  };
  const { length: dims } = await sentenceVector(model, 'dimensions');
  const sha256 = digestOf({ model, prefixes, onnx, tokeniser: digest, dims });
  const embed = async (text: string, { signal }: EmbedOptions): Promise<Float32Array> => {
    await setImmediate();
    if (signal?.aborted === true) throw fail('ABORTED', 'embedding was cancelled');
    return sentenceVector(model, text);
  };
  return {
    identity: {
      space: `sr/onnx/${sha256.slice(0, 16)}`,
      model: { id: options.id ?? `onnx:${sha256.slice(0, 16)}`, sha256 },
      dims,
      dtype: 'i8',
    },
    runtime: ONNX_RUNTIME,
    async embedDocuments(texts, run = {}) {
      const vectors: Float32Array[] = [];
      for (const text of texts) vectors.push(await embed(prefixes.document + text, run));
      return vectors;
    },
    embedQuery: (text, run = {}) => embed(prefixes.query + text, run),
  };
}

function digestOf(parts: {
  readonly model: SentenceModel;
  readonly prefixes: NonNullable<OnnxOptions['prefixes']>;
  readonly onnx: Uint8Array;
  readonly tokeniser: Hex;
  readonly dims: number;
}): Hex {
  const { model, prefixes, onnx, tokeniser, dims } = parts;
  const { maxTokens, pooling } = model;
  const file = hex(sha256(onnx));
  const algorithm = 'sr/onnx-embedder/v1: [CLS] pieces [SEP], one text a run, length 1';
  return hex(
    sha256(jcsBytes({ algorithm, file, tokeniser, dims, maxTokens, pooling, ...prefixes })),
  );
}

async function modelBytes({ folder, file }: OnnxOptions): Promise<Uint8Array> {
  if (file !== undefined) return readModelFile(folder, file);
  return (await readIfThere(folder, 'model.onnx')) ?? readModelFile(folder, 'onnx/model.onnx');
}

/** @throws {MODEL_INVALID} for a tokeniser that is no WordPiece */
async function tokeniserOf(folder: string): Promise<{ tokens: WordPiece; digest: Hex }> {
  const bytes = await readIfThere(folder, 'tokenizer.json');
  if (bytes === null) {
    const vocabulary = await readModelFile(folder, 'vocab.txt');
    const { do_lower_case: lower } = await settingsOf(folder, 'tokenizer_config.json', casedSchema);
    const pieces = fromUtf8(vocabulary).trimEnd().split(/\r?\n/);
    return tokeniser(pieces, !lower);
  }
  const { model, normalizer } = parsed(bytes, tokenizerSchema, 'tokenizer.json');
  const isBert = normalizer === null || normalizer.type === 'BertNormalizer';
  if (model.type !== 'WordPiece' || model.continuing_subword_prefix !== '##' || !isBert) {
    throw fail('MODEL_INVALID', 'the tokeniser of an embedding model is not the WordPiece of BERT');
  }
  const pieces = Object.entries(model.vocab);
  const last = pieces.reduce((most, [, id]) => Math.max(most, id), 0);
  // Numbers that no piece has stand for nothing.
  const list = Array.from({ length: last + 1 }, () => '');
  for (const [piece, id] of pieces) list[id] = piece;
  return tokeniser(list, normalizer?.lowercase === false);
}

function tokeniser(pieces: readonly string[], cased: boolean): { tokens: WordPiece; digest: Hex } {
  const digest = hex(sha256(jcsBytes({ pieces: [...pieces], cased })));
  return { tokens: new WordPiece(pieces, { cased }), digest };
}

async function poolingOf(folder: string): Promise<Pooling> {
  const modes = await settingsOf(folder, '1_Pooling/config.json', poolingSchema);
  if (modes.pooling_mode_cls_token) return 'cls';
  if (modes.pooling_mode_mean_tokens) return 'mean';
  throw fail(
    'MODEL_INVALID',
    'an embedding model is pooled neither by mean nor by its first token',
  );
}

async function lengthOf({ folder, maxTokens }: OnnxOptions): Promise<number> {
  const { max_seq_length: said } = await settingsOf(
    folder,
    'sentence_bert_config.json',
    lengthSchema,
  );
  const length = maxTokens ?? Math.min(said ?? MOST_TOKENS, MOST_TOKENS);
  if (Number.isInteger(length) && length >= 3 && length <= 8192) return length;
  throw fail('USAGE', 'a sentence model takes 3 to 8,192 tokens');
}

/** The settings of a file that may be absent. @throws {MODEL_INVALID} when it is there and is not what it should be */
async function settingsOf<T>(folder: string, file: string, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readIfThere(folder, file);
  return bytes === null ? schema.parse({}) : parsed(bytes, schema, file);
}

function parsed<T>(bytes: Uint8Array, schema: z.ZodType<T>, file: string): T {
  try {
    return schema.parse(JSON.parse(fromUtf8(bytes)));
  } catch (error) {
    throw fail('MODEL_INVALID', `${file} of an embedding model is malformed`, {}, error);
  }
}

async function readIfThere(folder: string, file: string): Promise<Uint8Array | null> {
  try {
    return await readModelFile(folder, file);
  } catch (error) {
    if (isStrongroomError(error, 'MODEL_MISSING')) return null;
    throw error;
  }
}
