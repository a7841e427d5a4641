// SPDX-License-Identifier: Apache-2.0
// A transformer that turns a text into one vector: Reimers and Gurevych, "Sentence-BERT", 2019.
import { fail } from '../core/index.ts';
import type { OnnxModel, OnnxOutput } from './onnx-runtime.ts';
import type { WordPiece } from './word-piece.ts';

/** How the vectors of tokens become that of their text. */
export type Pooling = 'mean' | 'cls';

/** A model with all that lies between a text and its vector. */
export interface SentenceModel {
  readonly onnx: OnnxModel;
  readonly tokens: WordPiece;
  /** Tokens of one run, the two control tokens among them. */
  readonly maxTokens: number;
  /** Not used for an output that is pooled already. */
  readonly pooling: Pooling;
}

/** Outputs by the names that exporters give them: of the text first, else of each token. */
const OUTPUTS = ['sentence_embedding', 'embedding', 'last_hidden_state', 'token_embeddings'];

/**
 * The vector of one text, of length 1. Texts are run one at a time: what stands beside a text in a batch changes the
 * numbers of quantised models.
 * @throws {EMBEDDER_FAILED} when the runtime fails
 * @throws {MODEL_INVALID} for a model whose vocabulary lacks control tokens or whose outputs are no vectors
 */
export async function sentenceVector(model: SentenceModel, text: string): Promise<Float32Array> {
  const { onnx, tokens, maxTokens, pooling } = model;
  const [first, last] = [tokens.numberOf('[CLS]'), tokens.numberOf('[SEP]')];
  if (first === null || last === null) {
    throw fail('MODEL_INVALID', 'the vocabulary of an embedding model lacks [CLS] or [SEP]');
  }
  const wanted = OUTPUTS.find((name) => onnx.outputs.includes(name)) ?? onnx.outputs[0] ?? '';
  const output = await onnx.run([first, ...tokens.encode(text, maxTokens - 2), last], wanted);
  return normalised(pooled(output, pooling));
}

function pooled({ dims, data }: OnnxOutput, pooling: Pooling): Float32Array {
  const width = dims.at(-1) ?? 0;
  if (dims.length === 2) return data.slice(0, width);
  if (dims.length !== 3) throw fail('MODEL_INVALID', 'an embedding model gives no vectors');
  if (pooling === 'cls') return data.slice(0, width);
  const sum = new Float32Array(width);
  for (let at = 0; at < data.length; at++) {
    sum[at % width] = (sum[at % width] as number) + (data[at] as number);
  }
  return sum;
}

/** @throws {EMBEDDER_FAILED} for a vector without direction */
function normalised(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  if (!(length > 0) || !Number.isFinite(length)) {
    throw fail('EMBEDDER_FAILED', 'an embedding model gave a vector without direction');
  }
  return vector.map((x) => x / length);
}
