// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { fail, hex, isStrongroomError, jcsBytes, sha256 } from '../core/index.ts';
import type { Fetch } from '../network/index.ts';
import type { Embedder, EmbedderIdentity, EmbedOptions } from './embedder.ts';

/** A model that is served over HTTP. */
export interface EndpointOptions {
  /** Address of the embeddings call, such as `http://127.0.0.1:8080/v1/embeddings`. */
  readonly url: string;
  /** Name by which the service knows the model. */
  readonly model: string;
  /** Components of its vectors. */
  readonly dims: number;
  /** Sent as a bearer token; never logged and never part of an error. */
  readonly apiKey?: string;
  /** Put before each passage and each question, as some models want it. */
  readonly prefixes?: { readonly document: string; readonly query: string };
  /** Ask for `dims` components of a model that can give fewer than it has. Default false. */
  readonly shorten?: boolean;
  /** Texts in one request; default 64. */
  readonly batch?: number;
  /** Milliseconds until an answer; default 60,000. */
  readonly timeout?: number;
  /** Further attempts after 408, 429, 5xx and failed connections; default 3. */
  readonly retries?: number;
  /** Milliseconds before the first further attempt, doubled each time; default 500. */
  readonly retryDelay?: number;
  /** Makes the calls, within a network boundary for example; default: the `fetch` of Node.js. */
  readonly fetch?: Fetch;
}

type Settings = Required<Omit<EndpointOptions, 'apiKey' | 'shorten'>> &
  Pick<EndpointOptions, 'apiKey' | 'shorten'>;

const answerSchema = z.object({
  data: z.array(z.object({ index: z.int().nonnegative(), embedding: z.array(z.number()) })),
});
/** Bytes of JSON for a component, and for what surrounds the vectors. */
const COMPONENT_BYTES = 32;
const ENVELOPE_BYTES = 65_536;
const LONGEST_PAUSE = 30_000;

/**
 * An embedder over any service that speaks OpenAI's embeddings API. **Texts leave this machine**: name a service that may
 * see every document, and use `https` unless it runs here.
 *
 * Falls short of the port's promise where the service does: nobody can prove which weights it uses, and vectors may
 * depend on the batch or change with its next version. The model's digest covers its name and these options only. One
 * request at a time; redirects are refused, so that texts and key go to the named address and nowhere else.
 *
 * Both calls also throw {@link EMBEDDER_FAILED} when the service cannot be reached or does not answer as the API says.
 * @throws {USAGE} for an address that is none, or dimensions out of range
 */
export function endpointEmbedder(options: EndpointOptions): Embedder {
  const settings = settingsOf(options);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
  const embed = async (
    texts: readonly string[],
    run: EmbedOptions = {},
  ): Promise<Float32Array[]> => {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += settings.batch) {
      const some = texts.slice(at, at + settings.batch);
      vectors.push(...(await inTurn(() => embedBatch(settings, some, run))));
    }
    return vectors;
  };
  return {
    identity: identityOf(settings),
    embedDocuments: (texts, run) =>
      embed(
        texts.map((text) => settings.prefixes.document + text),
        run,
      ),
    async embedQuery(text, run) {
      const [vector] = await embed([settings.prefixes.query + text], run);
      return vector as Float32Array;
    },
  };
}

function settingsOf(options: EndpointOptions): Settings {
  if (!URL.canParse(options.url) || !/^https?:/.test(options.url)) {
    throw fail('USAGE', 'the address of an embedding service must be http or https');
  }
  const { dims, batch = 64 } = options;
  if (!Number.isSafeInteger(dims) || dims < 1 || dims > 65536 || !(batch >= 1)) {
    throw fail(
      'USAGE',
      'an embedding service needs 1 to 65,536 dimensions and a batch of at least 1',
    );
  }
  return {
    prefixes: { document: '', query: '' },
    timeout: 60_000,
    retries: 3,
    retryDelay: 500,
    fetch,
    ...options,
    batch,
  };
}

function identityOf({ model, dims, prefixes, shorten = false }: Settings): EmbedderIdentity {
  const facts = { algorithm: 'sr/endpoint-embedder/v1', model, dims, prefixes, shorten };
  const digest = hex(sha256(jcsBytes(facts)));
  return {
    space: `sr/endpoint/${digest.slice(0, 16)}`,
    model: { id: `endpoint:${model}`, sha256: digest },
    dims,
    dtype: 'i8',
  };
}

async function embedBatch(
  settings: Settings,
  texts: readonly string[],
  { signal }: EmbedOptions,
): Promise<Float32Array[]> {
  for (let attempt = 0; ; attempt++) {
    if (signal?.aborted === true) throw fail('ABORTED', 'embedding was cancelled');
    const answer = await request(settings, texts, signal);
    if (Array.isArray(answer)) return answer;
    if (attempt >= settings.retries) throw answer.error;
    const doubled = settings.retryDelay * 2 ** attempt;
    const wait = Math.min(LONGEST_PAUSE, Math.max(answer.retryAfter ?? 0, doubled));
    await pause(wait, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** A failure that may pass. */
interface Passing {
  readonly error: Error;
  /** Milliseconds that the service asks for. */
  readonly retryAfter: number | null;
}

async function request(
  settings: Settings,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Float32Array[] | Passing> {
  const { url, model, dims, apiKey, shorten, timeout, fetch: call } = settings;
  const ends = [AbortSignal.timeout(timeout), ...(signal === undefined ? [] : [signal])];
  try {
    const response = await call(url, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.any(ends),
      headers: {
        'content-type': 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({
        model,
        input: texts.map((text) => text.toWellFormed()),
        encoding_format: 'float',
        ...(shorten === true && { dimensions: dims }),
      }),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return refused(response);
    }
    const limit = texts.length * dims * COMPONENT_BYTES + ENVELOPE_BYTES;
    return vectorsOf(await bodyOf(response, limit), texts.length, dims);
  } catch (error) {
    if (signal?.aborted === true) throw fail('ABORTED', 'embedding was cancelled');
    if (isStrongroomError(error)) throw error;
    // The cause may quote address or text.
    return { error: failed('the embedding service cannot be reached'), retryAfter: null };
  }
}

/** @throws {EMBEDDER_FAILED} for a status that another attempt will not change */
function refused({ status, headers }: Response): Passing {
  const error = fail('EMBEDDER_FAILED', 'the embedding service refused a request', { status });
  if (status !== 408 && status !== 429 && status < 500) throw error;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return { error, retryAfter: Number.isFinite(seconds) ? seconds * 1000 : null };
}

async function bodyOf(response: Response, limit: number): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > limit) throw failed('the answer of the embedding service is too long');
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw failed('the answer of the embedding service is no JSON');
  }
}

function vectorsOf(answer: unknown, count: number, dims: number): Float32Array[] {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw failed('the answer of the embedding service is not what the API says');
  const vectors: (Float32Array | undefined)[] = Array.from({ length: count }, () => undefined);
  for (const { index, embedding } of parsed.data.data) {
    if (index >= count || vectors[index] !== undefined || embedding.length !== dims) {
      throw failed('the embedding service gave other vectors than were asked for');
    }
    vectors[index] = Float32Array.from(embedding);
  }
  return vectors.map((vector) => {
    if (vector === undefined || !vector.every(Number.isFinite) || vector.every((x) => x === 0)) {
      throw failed('the embedding service gave no vector for a text');
    }
    return vector;
  });
}

function failed(message: string): Error {
  return fail('EMBEDDER_FAILED', message);
}
