// SPDX-License-Identifier: Apache-2.0
import {
  BedrockRuntimeClient,
  InvokeModelCommand,
  type InvokeModelCommandOutput,
} from '@aws-sdk/client-bedrock-runtime';
import { fail, hex, jcsBytes, sha256 } from '../core/index.ts';
import type { EmbedderIdentity } from '../embed/index.ts';
import { awsError, isNamed } from './aws-error.ts';
import { BEDROCK, bedrockArn, type BedrockFamily, familyOf } from './bedrock-models.ts';
import { awsClient, type AwsConnection } from './connection.ts';
import {
  type Model,
  type ModelAnswer,
  type ModelEmbedder,
  modelEmbedder,
  modelFailed,
  type ModelOptions,
} from './model-embedder.ts';

/** A model of Amazon Bedrock. */
export interface BedrockOptions extends ModelOptions {
  /** How to reach the service; the Region must be given. */
  readonly connection: AwsConnection & { readonly region: string };
  /** Model id, or ARN of a foundation model, inference profile or provisioned throughput. */
  readonly model: string;
  /** Needed where the id does not tell it. */
  readonly family?: BedrockFamily | undefined;
  /** Components of its vectors; default: as many as the model gives by itself. */
  readonly dims?: number | undefined;
}

/** Bytes of JSON for a component, and for what surrounds the vectors. */
const COMPONENT_BYTES = 32;
const ENVELOPE_BYTES = 65_536;
/** What the model did not like about texts or settings. */
const MODEL_ERRORS = ['ModelErrorException', 'ValidationException', 'ModelStreamErrorException'];
/** Header in which the service tells how many tokens it counted. */
const TOKEN_HEADER = 'x-amzn-bedrock-input-token-count';

/**
 * An embedder over Amazon Bedrock: Titan Text Embeddings V2, Cohere Embed v3 and v4. **Texts leave this machine**: for the named
 * Region or, with an inference profile, for any Region of that profile.
 *
 * Falls short of the port's promise where the service does: nobody can prove which weights it uses. The model's digest
 * covers its id and these options only. Both calls also throw {@link EMBEDDER_FAILED} for what the model refuses,
 * {@link MODEL_REFUSED} for a model that is not allowed, {@link SERVICE_BUSY} when it throttles after all attempts, and the other
 * errors of AWS calls.
 * @throws {USAGE} for a model, dimensions or limits that are none; {@link MODEL_REFUSED}
 */
export function bedrockEmbedder(options: BedrockOptions): ModelEmbedder {
  const { connection, model, family = familyOf(model) } = options;
  const dialect = BEDROCK[family];
  const { dims = dialect.ownDims } = options;
  if (!dialect.dims.includes(dims))
    throw fail('USAGE', `the model gives ${dialect.dims.join(', ')} dimensions`);
  const client = awsClient(BedrockRuntimeClient, connection);
  countTokens(client);
  const called: Model = {
    identity: identityOf(model, family, dims),
    arn: bedrockArn(model, connection.region),
    batch: dialect.batch,
    maxCharacters: dialect.maxCharacters,
    async call(texts, use, signal) {
      const body = JSON.stringify(dialect.request(texts, use, dims));
      const { answer, tokens } = await invoke(client, model, body, signal);
      if (answer.length > texts.length * dims * COMPONENT_BYTES + ENVELOPE_BYTES)
        throw modelFailed('the answer of the model is too long');
      const parsed = dialect.answer(parse(answer));
      if (parsed === null) throw modelFailed('the answer of the model is not what its family says');
      return { vectors: parsed.vectors, tokens: parsed.tokens ?? tokens } satisfies ModelAnswer;
    },
  };
  return modelEmbedder(called, options);
}

function identityOf(model: string, family: BedrockFamily, dims: number): EmbedderIdentity {
  const digest = hex(
    sha256(jcsBytes({ algorithm: 'sr/bedrock-embedder/v1', model, family, dims })),
  );
  return {
    space: `sr/bedrock/${digest.slice(0, 16)}`,
    model: { id: `bedrock:${model}`, sha256: digest },
    dims,
    dtype: 'i8',
  };
}

async function invoke(
  client: BedrockRuntimeClient,
  modelId: string,
  body: string,
  abortSignal: AbortSignal,
): Promise<{ readonly answer: Uint8Array; readonly tokens: number | null }> {
  const json = 'application/json';
  const command = new InvokeModelCommand({ modelId, body, contentType: json, accept: json });
  try {
    const output: Counted = await client.send(command, { abortSignal });
    return { answer: output.body, tokens: output.inputTokens ?? null };
  } catch (error) {
    if (isNamed(error, ...MODEL_ERRORS))
      throw modelFailed('the model refused a text or a setting', { service: 'bedrock' });
    throw awsError('bedrock', error);
  }
}

type Counted = InvokeModelCommandOutput & { inputTokens?: number };

/** The SDK does not give out the header. */
function countTokens(client: BedrockRuntimeClient): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Record<string, string> };
      const told = headers?.[TOKEN_HEADER] ?? '';
      if (/^\d{1,12}$/.test(told)) (result.output as Counted).inputTokens = Number(told);
      return result;
    },
    { step: 'deserialize', priority: 'high', name: 'strongroomTokens' },
  );
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw modelFailed('the answer of the model is no JSON');
  }
}
