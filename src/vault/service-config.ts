// SPDX-License-Identifier: Apache-2.0
// What strongroom.json says of services besides the places of shared parts: which model embeds, which models may be used,
// and where connections may go.
import { z } from 'zod';
import { fail, fromUtf8 } from '../core/index.ts';
import { endpoint, region, text } from './home-config.ts';

const arn = text(/^arn:[a-z-]+:(?:bedrock|sagemaker):[a-z0-9-]+:\d{0,12}:[A-Za-z0-9:./_-]+$/);
const host = text(/^[A-Za-z0-9*.:-]{1,253}$/);
const limits = {
  /** Calls at the same time. */
  concurrency: z.int().min(1).max(256).optional(),
  /** The service's quota. */
  tokensPerMinute: z.int().min(1).optional(),
  endpoint: endpoint.optional(),
};

const bedrock = z.strictObject({
  region,
  /** Model id, or ARN of a model, inference profile or provisioned throughput. */
  model: text(/^[A-Za-z0-9:./_-]{1,512}$/),
  family: z.enum(['titan-v2', 'cohere-v3', 'cohere-v4']).optional(),
  dims: z.int().min(1).max(65_536).optional(),
  ...limits,
});

const path = z.string().max(256);
const sagemaker = z.strictObject({
  /** ARN of the endpoint. */
  arn,
  /** Name for the model behind the endpoint; another model must have another. */
  model: text(/^[A-Za-z0-9:./_-]{1,128}$/),
  dims: z.int().min(1).max(65_536),
  payload: z.strictObject({
    constant: z.record(z.string(), z.json()).optional(),
    texts: path,
    vectors: path,
    use: z.strictObject({ path, document: z.string(), query: z.string() }).optional(),
    tokens: path.optional(),
  }),
  batch: z.int().min(1).max(1024).optional(),
  maxCharacters: z.int().min(1).max(1_000_000).optional(),
  ...limits,
});

/** Where connections may go. */
export const networkSchema = z.union([
  z.literal('vpc-only'),
  z.strictObject({
    mode: z.literal('vpc-only'),
    /** Host names, `*.` in front for all below one; default: Amazon's, and those that the configuration names. */
    endpoints: z.array(host).min(1).max(64),
  }),
]);

/** ARNs of the models that may be used. */
export const modelsSchema = z.array(arn).max(64);

/** The fields of strongroom.json. */
export const serviceFields = {
  /** A model in the cloud that embeds; the vault is made for it. */
  embedder: z.union([z.strictObject({ bedrock }), z.strictObject({ sagemaker })]).optional(),
  network: networkSchema.optional(),
  models: modelsSchema.optional(),
};

const settingsSchema = z.strictObject(serviceFields);

/** What strongroom.json says of models and network. Names and addresses only; credentials come from the environment. */
export type ServiceSettings = z.infer<typeof settingsSchema>;

/** The model that embeds. */
export type EmbedderConfig = NonNullable<ServiceSettings['embedder']>;

/**
 * Reads a file with these fields alone, as `strongroom init --services` takes it.
 * @throws {CONFIG_INVALID} naming the field
 */
export function parseSettings(bytes: Uint8Array): ServiceSettings {
  return parseStrictly(settingsSchema, bytes, 'services');
}

/** @throws {CONFIG_INVALID} */
export function parseStrictly<T>(schema: z.ZodType<T>, bytes: Uint8Array, name: string): T {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch {
    throw fail('CONFIG_INVALID', `the file of ${name} is not JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues as [z.core.$ZodIssue];
  const field = issue.path.map(String).join('.');
  throw fail('CONFIG_INVALID', `${name}: ${field === '' ? 'file' : field}: ${issue.message}`);
}
