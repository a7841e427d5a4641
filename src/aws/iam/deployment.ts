// SPDX-License-Identifier: Apache-2.0
// What a distributed vault stands on: buckets, keys, models, queues, the roles of its processes.
import { z } from 'zod';
import { fail, fromUtf8 } from '../../core/index.ts';

const text = (pattern: RegExp): z.ZodString => z.string().max(2048).regex(pattern);
const arn = (service: string): z.ZodString =>
  text(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:[0-9]*:[A-Za-z0-9/_.:+=,@-]+$`));
const bucket = text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);
/** Neither `*` nor `?`: what names one place must not become a pattern in a policy. */
const keyPrefix = text(/^(?:[A-Za-z0-9_=-][A-Za-z0-9._=-]*\/)*$/);
const principals = z.array(arn('iam')).min(1).max(20);

const deploymentSchema = z.strictObject({
  v: z.literal(1),
  partition: text(/^aws[a-z-]*$/).default('aws'),
  region: text(/^[a-z]{2}(?:-[a-z]+)+-[0-9]$/),
  account: text(/^[0-9]{12}$/),
  vaultId: text(/^[0-9a-f]{32}$/),
  tenantId: text(/^[a-z0-9][a-z0-9-]{0,62}$/),
  buckets: z.strictObject({ objects: bucket, keys: bucket, locks: bucket }),
  prefix: keyPrefix.default(''),
  kmsKey: arn('kms'),
  signingKey: arn('kms').nullable().default(null),
  models: z.array(arn('bedrock')).max(16).default([]),
  endpoints: z.array(arn('sagemaker')).max(16).default([]),
  sources: z
    .array(z.strictObject({ bucket, prefix: keyPrefix.default('') }))
    .max(64)
    .default([]),
  queue: arn('sqs').nullable().default(null),
  deadLetters: arn('sqs').nullable().default(null),
  lakeFormation: z.boolean().default(false),
  search: z
    .strictObject({ domain: arn('es'), index: text(/^[a-z0-9][a-z0-9_-]{0,127}$/) })
    .nullable()
    .default(null),
  roles: z.strictObject({
    ingest: principals,
    sequencer: principals,
    retriever: principals,
    administrator: principals,
  }),
  vpcEndpoints: z
    .array(text(/^vpce-[0-9a-f]{8,32}$/))
    .max(16)
    .default([]),
});

/**
 * The facts from which policies are made. Three buckets, since they differ in what may happen to them: `objects` may be
 * versioned and locked, `keys` must be neither (an erased key has to be gone), `locks` holds the sequencer's record.
 * `roles` names the IAM roles that have a duty; a process with two duties is named twice.
 */
export type Deployment = z.infer<typeof deploymentSchema>;

/** The duties that policies are made for. A process that commits entries runs a sequencer and has that duty too. */
export const DUTIES = ['ingest', 'sequencer', 'retriever', 'administrator'] as const;

/** One of {@link DUTIES}. */
export type Duty = (typeof DUTIES)[number];

/**
 * Reads a deployment file (JSON).
 * @throws {CONFIG_INVALID} naming the field
 */
export function parseDeployment(bytes: Uint8Array): Deployment {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (error) {
    throw fail('CONFIG_INVALID', 'the deployment file is not JSON', {}, error);
  }
  const parsed = deploymentSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues as [z.core.$ZodIssue];
    const field = issue.path.map(String).join('.');
    throw fail('CONFIG_INVALID', `deployment file: ${field || 'file'}: ${issue.message}`);
  }
  return parsed.data;
}

/** Name of one of a vault's buckets. */
export type Place = keyof Deployment['buckets'];

/** ARN of a bucket. */
export function bucketArn({ partition }: Deployment, name: string): string {
  return `arn:${partition}:s3:::${name}`;
}

/** ARN pattern of objects of a vault. */
export function objectsArn(deployment: Deployment, place: Place, pattern: string): string {
  const { buckets, prefix } = deployment;
  return `${bucketArn(deployment, buckets[place])}/${prefix}${pattern}`;
}

/** Every role that has a duty, once, sorted. */
export function everyPrincipal({ roles }: Deployment): string[] {
  return [...new Set(DUTIES.flatMap((duty) => roles[duty]))].sort();
}
