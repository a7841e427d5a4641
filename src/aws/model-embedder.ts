// SPDX-License-Identifier: Apache-2.0
// What embedders over models in the cloud have in common: batches, limits, the allowed models, and what it all cost.
import { fail, need, utf8 } from '../core/index.ts';
import type { Embedder, EmbedderIdentity, EmbedOptions } from '../embed/index.ts';
import { CallLimiter, type CallLimits, type LimiterParts } from './call-limiter.ts';

/** What calling a model has come to since the embedder was made. */
export interface ModelUsage {
  readonly calls: number;
  readonly texts: number;
  /** As the service counts them; reckoned at four bytes each where it does not. */
  readonly tokens: number;
  /** Of the given price, in its currency; null when no price was given. */
  readonly cost: number | null;
}

/** An embedder that counts. */
export interface ModelEmbedder extends Embedder {
  readonly usage: ModelUsage;
}

/** Settings of every model in the cloud. */
export interface ModelOptions extends CallLimits, LimiterParts {
  /** ARNs of the models that may be used; default: any. */
  readonly models?: readonly string[] | undefined;
  /** What a million tokens cost, for the counter of costs. */
  readonly pricePerMillion?: number | undefined;
}

/** What a text is to the model. */
export type TextUse = 'document' | 'query';

/** What a model gave for some texts. */
export interface ModelAnswer {
  /** As the model gave it: nothing of it has been looked at. */
  readonly vectors: readonly unknown[];
  readonly tokens: number | null;
}

/** A model as the embedder calls it. */
export interface Model {
  readonly identity: EmbedderIdentity;
  /** ARN by which models are allowed. */
  readonly arn: string;
  /** Texts in one call. */
  readonly batch: number;
  /** Characters of a text that the model takes; what follows is cut off. */
  readonly maxCharacters: number;
  call(texts: readonly string[], use: TextUse, signal: AbortSignal): Promise<ModelAnswer>;
}

const TOKEN_BYTES = 4;

/** An embedder over a model. @throws {MODEL_REFUSED} for one that is not allowed; {@link USAGE} for limits that are none */
export function modelEmbedder(model: Model, options: ModelOptions): ModelEmbedder {
  const limiter = new CallLimiter(options, options);
  const count = { calls: 0, texts: 0, tokens: 0 };
  const { pricePerMillion } = options;
  checkModel(model.arn, options.models);

  const callOnce = async (
    texts: readonly string[],
    use: TextUse,
    signal: AbortSignal,
  ): Promise<Float32Array[]> => {
    const reckoned = texts.reduce((sum, text) => sum + tokensOf(text), 0);
    return limiter.run(reckoned, signal, async () => {
      checkModel(model.arn, options.models);
      count.calls += 1;
      count.texts += texts.length;
      const { vectors, tokens } = await model.call(texts, use, signal);
      count.tokens += tokens ?? reckoned;
      return checkedVectors(vectors, texts.length, model.identity.dims);
    });
  };

  const embed = async (
    texts: readonly string[],
    use: TextUse,
    { signal }: EmbedOptions = {},
  ): Promise<Float32Array[]> => {
    if (signal?.aborted === true) throw fail('ABORTED', 'embedding was cancelled');
    const given = texts.map((text) => textFor(text, model.maxCharacters));
    // One batch that fails ends the others: nobody will have their vectors.
    const stop = new AbortController();
    const ends = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const batches: Promise<Float32Array[]>[] = [];
    for (let at = 0; at < given.length; at += model.batch)
      batches.push(callOnce(given.slice(at, at + model.batch), use, ends));
    try {
      return (await Promise.all(batches)).flat();
    } catch (error) {
      stop.abort();
      throw error;
    }
  };

  return {
    identity: model.identity,
    embedDocuments: (texts, run) => embed(texts, 'document', run),
    embedQuery: async (text, run) => (await embed([text], 'query', run))[0] as Float32Array,
    get usage() {
      const cost = pricePerMillion === undefined ? null : (count.tokens / 1e6) * pricePerMillion;
      return { ...count, cost };
    },
  };
}

/** @throws {MODEL_REFUSED} for a model that is not allowed */
export function checkModel(arn: string, models: readonly string[] | undefined): void {
  const isAllowed = models?.includes(arn) ?? true;
  need(
    'INV-MODEL-ALLOWED',
    isAllowed,
    'MODEL_REFUSED',
    'the configuration allows other models only',
  );
}

/** A failure that another attempt would not change. */
export function modelFailed(message: string, details: Record<string, string> = {}): Error {
  return fail('EMBEDDER_FAILED', message, details);
}

/** Services refuse empty texts, and texts that are no Unicode. */
function textFor(text: string, maxCharacters: number): string {
  const cut = text.length > maxCharacters ? text.slice(0, maxCharacters) : text;
  return cut.trim() === '' ? '-' : cut.toWellFormed();
}

function tokensOf(text: string): number {
  return Math.ceil(utf8(text).length / TOKEN_BYTES);
}

function checkedVectors(vectors: readonly unknown[], count: number, dims: number): Float32Array[] {
  if (vectors.length !== count) throw modelFailed('the model gave another number of vectors');
  return vectors.map((vector) => {
    if (!Array.isArray(vector) || vector.length !== dims || !vector.every(Number.isFinite))
      throw modelFailed('the model gave vectors of another form');
    const floats = Float32Array.from(vector as number[]);
    if (!floats.every(Number.isFinite) || floats.every((x) => x === 0))
      throw modelFailed('the model gave no vector for a text');
    return floats;
  });
}
