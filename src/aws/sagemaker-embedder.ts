// SPDX-License-Identifier: Apache-2.0
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { fail, hex, jcsBytes, sha256 } from '../core/index.ts';
import { awsError, isNamed } from './aws-error.ts';
import { awsClient, type AwsConnection } from './connection.ts';
import { jsonPath, valuesAt, withValueAt } from './json-path.ts';
import {
  type ModelEmbedder,
  modelEmbedder,
  modelFailed,
  type ModelOptions,
  type TextUse,
} from './model-embedder.ts';

/** How texts stand in a request, and vectors in an answer. Paths as in RFC 9535: `$`, `.name`, `['name']`, `[n]`, `[*]`. */
export interface PayloadMapping {
  /** What the request holds besides the texts; default `{}`. No secret: the model's digest covers it. */
  readonly constant?: object | undefined;
  /** Where the texts go: a list or, in batches of one, the text. Such as `$.inputs`. */
  readonly texts: string;
  /** Where the vectors are, one for each text in their order. Such as `$.embeddings[*]` or `$.data[*].embedding`. */
  readonly vectors: string;
  /** Where it is said what the texts are, and in which words. */
  readonly use?:
    { readonly path: string; readonly document: string; readonly query: string } | undefined;
  /** Where the answer tells how many tokens were counted. */
  readonly tokens?: string | undefined;
}

/** A model behind an endpoint of Amazon SageMaker. */
export interface SageMakerOptions extends ModelOptions {
  /** How to reach the service. */
  readonly connection: AwsConnection;
  /** ARN of the endpoint. */
  readonly endpoint: string;
  /** Name that stands for the model behind the endpoint; another model must have another. */
  readonly model: string;
  /** Components of its vectors. */
  readonly dims: number;
  readonly payload: PayloadMapping;
  /** Texts in one request; default 32. One: the text stands by itself instead of in a list. */
  readonly batch?: number | undefined;
  /** Characters of a text that are sent; default 20,000. */
  readonly maxCharacters?: number | undefined;
}

/** Bytes of JSON for a component, and for what surrounds the vectors. */
const COMPONENT_BYTES = 32;
const ENVELOPE_BYTES = 65_536;
const ENDPOINT = /^arn:[a-z-]+:sagemaker:([a-z0-9-]+):\d{12}:endpoint\/([A-Za-z0-9-]{1,63})$/;

/**
 * An embedder over an endpoint of Amazon SageMaker, whatever its container takes and gives. **Texts leave this machine** for
 * the Region of the endpoint. Falls short of the port's promise as every service does: the digest covers the names and
 * the mapping. Throws what {@link bedrockEmbedder} throws.
 * @throws {USAGE} for an endpoint, a path, dimensions or limits that are none; {@link MODEL_REFUSED}
 */
export function sageMakerEmbedder(options: SageMakerOptions): ModelEmbedder {
  const { connection, endpoint, model, dims, payload, batch = 32 } = options;
  const { maxCharacters = 20_000 } = options;
  const [, region, name] = ENDPOINT.exec(endpoint) ?? [];
  if (region === undefined || name === undefined)
    throw fail('USAGE', 'an endpoint of SageMaker is named by its ARN');
  if (!Number.isSafeInteger(dims) || dims < 1 || !(batch >= 1) || !(maxCharacters >= 1))
    throw fail('USAGE', 'dimensions, batch and characters must be at least one');
  const mapping = mapped(payload, batch === 1);
  const client = awsClient(SageMakerRuntimeClient, { ...connection, region });
  // Through JSON, as the mapping may come with fields that are undefined.
  const facts = { algorithm: 'sr/sagemaker-embedder/v1', model, dims, payload, maxCharacters };
  const digest = hex(sha256(jcsBytes(JSON.parse(JSON.stringify(facts)))));
  const identity = {
    space: `sr/sagemaker/${digest.slice(0, 16)}`,
    model: { id: `sagemaker:${model}`, sha256: digest },
    dims,
    dtype: 'i8' as const,
  };
  const called = {
    ...{ identity, arn: endpoint, batch, maxCharacters },
    async call(texts: readonly string[], use: TextUse, signal: AbortSignal) {
      const answer = await invoke(client, name, mapping.request(texts, use), signal);
      if (answer.length > texts.length * dims * COMPONENT_BYTES + ENVELOPE_BYTES)
        throw modelFailed('the answer of the model is too long');
      return mapping.answer(answer);
    },
  };
  return modelEmbedder(called, options);
}

interface Mapping {
  request(texts: readonly string[], use: TextUse): string;
  answer(body: Uint8Array): { vectors: readonly unknown[]; tokens: number | null };
}

function mapped(payload: PayloadMapping, isSingle: boolean): Mapping {
  const { constant = {}, use } = payload;
  const [textsAt, vectorsAt] = [jsonPath(payload.texts), jsonPath(payload.vectors)];
  const tokensAt = payload.tokens === undefined ? null : jsonPath(payload.tokens);
  const request = (texts: readonly string[], kind: TextUse): string => {
    const body = withValueAt(constant, textsAt, isSingle ? texts[0] : texts);
    return JSON.stringify(
      use === undefined ? body : withValueAt(body, jsonPath(use.path), use[kind]),
    );
  };
  // A path that cannot be written to is refused now and not with the first text.
  request([], 'document');
  return {
    request,
    answer(body) {
      let value: unknown;
      try {
        value = JSON.parse(Buffer.from(body).toString('utf8'));
      } catch {
        throw modelFailed('the answer of the model is no JSON');
      }
      const vectors = valuesAt(value, vectorsAt);
      if (vectors === null) throw modelFailed('the answer of the model has no vectors at the path');
      const [told] = tokensAt === null ? [] : (valuesAt(value, tokensAt) ?? []);
      const tokens = typeof told === 'number' && told >= 0 ? told : null;
      return { vectors, tokens };
    },
  };
}

async function invoke(
  client: SageMakerRuntimeClient,
  name: string,
  body: string,
  abortSignal: AbortSignal,
): Promise<Uint8Array> {
  const json = 'application/json';
  const input = { EndpointName: name, Body: body, ContentType: json, Accept: json };
  try {
    const { Body } = await client.send(new InvokeEndpointCommand(input), { abortSignal });
    return Body;
  } catch (error) {
    if (isNamed(error, 'ModelError', 'ValidationError'))
      throw modelFailed('the model refused a text or a setting', { service: 'sagemaker' });
    throw awsError('sagemaker', error);
  }
}
