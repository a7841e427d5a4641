// SPDX-License-Identifier: Apache-2.0
// The closed schema of every predicate (docs/formats.md, "Statements"). Unknown or missing fields are refused.
import { z } from 'zod';
import { fromBase64, isDocId, isTenantId } from '../core/index.ts';
import { ROLES, type StatementKind } from './roles.ts';

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const hex16 = z.string().regex(/^[0-9a-f]{32}$/);
const count = z.int().min(0);
const time = z.int().min(0);
const label = z.string().min(1).max(128);
const b64 = z.string().refine((text) => fromBase64(text) !== null);
const namespace = z.string().refine(isTenantId);
const docId = z.string().refine(isDocId);
const seq = z.string().regex(/^(0|[1-9][0-9]{0,63})$/);
const head = z.strictObject({ entry: count, leafHash: hex32 });
const treeHead = z.strictObject({ size: count, root: hex32 });
const model = z.strictObject({ id: label, sha256: hex32 });
const dtype = z.enum(['i8', 'f32le']);
const dims = z.int().min(1).max(65536);
const part = z.strictObject({
  off: count,
  bytes: count,
  header: b64.refine((text) => fromBase64(text)?.length === 56),
});

const every = { log: z.string().min(1).max(256), time };
const sealedList = { objectDigest: hex32, count, contentRoot: hex32 };

/** Schemas by kind; each predicate begins with the log it belongs to and the time of signing. */
export const PREDICATES = {
  genesis: z.strictObject({
    ...every,
    vaultId: hex16,
    tenantId: z.string().refine(isTenantId),
    format: z.literal(1),
    rootSpki: b64,
    logVkey: z.string().max(512),
    embedder: z.strictObject({ space: label, dims, dtype, models: z.array(model).min(1).max(16) }),
  }),
  delegate: z.strictObject({
    ...every,
    keyid: hex32,
    spki: b64,
    role: z.enum(ROLES),
    kinds: z.array(z.string()).min(1).max(16),
    namespaces: z.array(namespace).min(1).max(64).nullable(),
    notAfter: time.nullable(),
  }),
  revoke: z.strictObject({
    ...every,
    keyid: hex32,
    fromIndex: count,
    reason: z.enum(['compromised', 'superseded', 'retired']),
  }),
  config: z.strictObject({ ...every, epoch: count, ...sealedList }),
  directory: z.strictObject({ ...every, epoch: count, ...sealedList }),
  recovery: z.strictObject({
    ...every,
    old: treeHead,
    new: treeHead,
    logVkey: z.string().max(512).nullable(),
    reason: label,
  }),
  embedder: z.strictObject({ ...every, models: z.array(model).min(1).max(16) }),
  state: z.strictObject({
    ...every,
    root: hex32,
    count,
    coversSize: count,
    prevState: z.strictObject({ index: count, leafHash: hex32 }).nullable(),
    snapshot: z.strictObject({ digest: hex32, bytes: count }).nullable(),
  }),
  ingest: z.strictObject({
    ...every,
    stateKey: hex32,
    version: z.int().min(1),
    prev: head.nullable(),
    chunks: z
      .int()
      .min(1)
      .max(2 ** 20),
    facts: hex32,
    parts: z.strictObject({ text: part, meta: part, vec: part }),
    embedder: z.strictObject({ model: label, dims, dtype }),
    pipeline: z.strictObject({ parser: label, chunker: label, versions: label }),
    class: z.strictObject({ aclDigest: hex32 }).nullable(),
    scan: z.strictObject({ verdict: z.enum(['clean', 'flagged']), ruleset: label }),
    source: z.strictObject({ kind: label, namespace, seq: seq.nullable() }),
    validUntil: time.nullable(),
  }),
  tombstone: z.strictObject({ ...every, stateKey: hex32, docId, prev: head }),
  shred: z.strictObject({ ...every, stateKey: hex32, docId, prev: head, reason: label }),
  acl: z.strictObject({ ...every, aclDigest: hex32, objectDigest: hex32 }),
  'acl-bind': z.strictObject({
    ...every,
    aclDigest: hex32,
    docs: z
      .array(z.strictObject({ stateKey: hex32, epoch: count, validUntil: time.nullable() }))
      .min(1)
      .max(40),
  }),
  endorse: z.strictObject({
    ...every,
    stateKey: hex32,
    head,
    aclEpoch: count,
    revokeEntry: count,
  }),
  rewrap: z.strictObject({ ...every, from: hex16, to: hex16, rows: count, tableDigest: hex32 }),
  'index-snapshot': z.strictObject({
    ...every,
    size: count,
    stateRoot: hex32,
    segmentsRoot: hex32,
    rows: count,
    model: label,
    objectDigest: hex32,
    format: label,
  }),
  context: z.strictObject({
    ...every,
    head: z.strictObject({ origin: z.string(), size: count, root: hex32 }),
    principalCommit: hex32,
    queryCommit: hex32,
    identity: z.enum(['token', 'impersonated']),
    policyEpoch: count,
    dirEpoch: count,
    aclDigests: z.array(hex32).max(1024),
    passages: z.array(z.strictObject({ leafHash: hex32, i: count })).max(1024),
  }),
  erasure: z.strictObject({
    ...every,
    stateKey: hex32,
    shredEntry: count,
    result: z.strictObject({
      effectiveNow: z.array(label).max(64),
      againstBackups: label,
      pending: z.array(label).max(64),
    }),
  }),
  audit: z.strictObject({ ...every, seq: count, prevHash: hex32, root: hex32 }),
} as const satisfies Record<StatementKind, z.ZodType>;

/** The predicate of a kind, checked. */
export type Predicate<K extends StatementKind> = z.infer<(typeof PREDICATES)[K]>;

/** A document head: the log entry that made it and that entry's leaf hash. */
export type HeadRef = z.infer<typeof head>;

/** The digest that stands in the subject of kinds whose content is a sealed object. */
export function objectDigestOf(predicate: object): string | null {
  return 'objectDigest' in predicate ? String(predicate.objectDigest) : null;
}
