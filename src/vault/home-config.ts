// SPDX-License-Identifier: Apache-2.0
// The section `home` of strongroom.json: which services hold the parts of a vault that a folder holds otherwise.
import { z } from 'zod';
import { fail, fromUtf8 } from '../core/index.ts';

/** A short text of one form. */
export const text = (pattern: RegExp): z.ZodString => z.string().max(2048).regex(pattern);
/** A Region of AWS. */
export const region = text(/^[a-z]{2}(?:-[a-z]+)+-[0-9]$/);

/** An address that says where a service is and nothing else: no user, no query. Unencrypted only on this machine. */
export const endpoint = z.url({ protocol: /^https?$/ }).refine((address) => {
  const url = new URL(address);
  const isLocal = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  const isPlace = `${url.username}${url.password}${url.search}${url.hash}` === '';
  return isPlace && (url.protocol === 'https:' || isLocal);
}, 'must be an https address without user and query, or http on this machine');

const place = z.strictObject({
  bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
  /** Begins every key of the vault in the bucket. */
  prefix: text(/^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*$/).optional(),
  region,
  endpoint: endpoint.optional(),
  /** Account that must own the bucket. */
  owner: text(/^[0-9]{12}$/).optional(),
  /** Key for SSE-KMS, as id, alias or ARN; default: the encryption of the bucket. */
  kmsKeyId: text(/^[A-Za-z0-9:/_-]{1,256}$/).optional(),
});

const keyId = text(/^[A-Za-z0-9:/_-]{1,256}$/);

const kms = z.strictObject({
  region,
  endpoint: endpoint.optional(),
  /** The symmetric key that wraps, as id, alias or ARN. */
  keyId,
  /** The key that signs as root; a vault is founded with it, and remembers which one it was. */
  rootKeyId: keyId.optional(),
  /** Seconds for which an unwrapped key may be used; default one hour. */
  maxAge: z.int().min(60).max(86_400).optional(),
  /** Seconds after which a superseded branch key may be forgotten; default one hour, zero for one writer. */
  forgetAfter: z.int().min(0).max(2_592_000).optional(),
});

const objectLock = z.strictObject({
  mode: z.enum(['GOVERNANCE', 'COMPLIANCE']),
  days: z.int().min(1).max(36_500),
});

const searchEngine = z
  .strictObject({
    endpoint,
    /** Name of the index; default: one of its own for each vault and tenant. */
    name: text(/^[a-z0-9][a-z0-9_-]{0,199}$/).optional(),
    /** How processes show who they are: by the password of STRONGROOM_OPENSEARCH, or by requests signed for AWS. */
    identity: z.enum(['none', 'basic', 'sigv4']),
    region: region.optional(),
    service: z.enum(['es', 'aoss']).optional(),
    shards: z.int().min(1).max(1024).optional(),
    replicas: z.int().min(0).max(16).optional(),
    /** False where others write the index: this machine only reads it, and its user needs no more. */
    writes: z.literal(false).optional(),
  })
  .refine(
    ({ identity, region }) => (identity === 'sigv4') === (region !== undefined),
    'a region belongs to identity sigv4 and to no other',
  );

/** The search engine of a home. */
export type SearchEngineConfig = z.infer<typeof searchEngine>;

const homeSchema = z
  .strictObject({
    /** Sealed objects and the log. */
    objects: z.strictObject({ s3: place.extend({ objectLock: objectLock.optional() }) }),
    /** Wrapped data keys; the bucket must never have had versions. */
    keyTable: z.strictObject({ s3: place }),
    /** The sequencer's lock record; writable by sequencers only. */
    locks: z.strictObject({ s3: place }),
    /** Without it each machine has a key ring in its home directory. */
    keys: z.strictObject({ kms }).optional(),
    /** Without it each machine has the index in memory, and its snapshots lie in `objects`. */
    index: z.strictObject({ opensearch: searchEngine }).optional(),
  })
  .refine(
    ({ objects, keyTable, locks }) =>
      new Set([objects, keyTable, locks].map(({ s3 }) => `${s3.endpoint ?? ''} ${s3.bucket}`))
        .size === 3,
    'objects, keyTable and locks need a bucket each: they differ in who may write and in what deleting means',
  );

/** Which services hold the parts of a vault. Names and addresses only; credentials come from the environment. */
export type HomeConfig = z.infer<typeof homeSchema>;

/** The schema of the section, for strongroom.json. Unknown and missing fields are refused. */
export { homeSchema };

/**
 * Reads a file that holds the section alone, as `strongroom init --home` takes it.
 * @throws {CONFIG_INVALID} naming the field
 */
export function parseHome(bytes: Uint8Array): HomeConfig {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch {
    throw fail('CONFIG_INVALID', 'the description of the home is not JSON');
  }
  const result = homeSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues as [z.core.$ZodIssue];
  const field = issue.path.map(String).join('.');
  throw fail('CONFIG_INVALID', `home: ${field === '' ? 'file' : field}: ${issue.message}`);
}
