// SPDX-License-Identifier: Apache-2.0

/** What a signing key is for. Every key has exactly one role; checkpoints are signed by the log key, which is no role. */
export type Role =
  'root' | 'sequencer' | 'ingest' | 'acl' | 'directory' | 'eraser' | 'indexer' | 'retriever';

/** Every kind of statement. `context`, `erasure` and `audit` are handed out and never stand in the log. */
export type StatementKind =
  | 'genesis'
  | 'delegate'
  | 'revoke'
  | 'config'
  | 'directory'
  | 'recovery'
  | 'embedder'
  | 'state'
  | 'ingest'
  | 'tombstone'
  | 'shred'
  | 'acl'
  | 'acl-bind'
  | 'endorse'
  | 'rewrap'
  | 'index-snapshot'
  | 'context'
  | 'erasure'
  | 'audit';

/** The kinds that each role may sign; a delegation may name fewer. */
export const ROLE_KINDS: Readonly<Record<Role, readonly StatementKind[]>> = {
  root: ['genesis', 'delegate', 'revoke', 'config', 'recovery', 'embedder', 'endorse'],
  sequencer: ['state'],
  ingest: ['ingest', 'tombstone', 'acl'],
  acl: ['acl', 'acl-bind', 'endorse'],
  directory: ['directory'],
  eraser: ['shred', 'erasure'],
  indexer: ['index-snapshot', 'rewrap'],
  retriever: ['context', 'audit'],
};

/** Every role. */
export const ROLES = Object.keys(ROLE_KINDS) as readonly Role[];

/** Root keys that may stand between a delegation and the trusted root key that it leads to (docs/formats.md, "Receipt"). */
export const MAX_ROOT_CHAIN = 4;

/** Kinds that are signed but must not be appended to the log. */
export const NEVER_LOGGED: ReadonlySet<StatementKind> = new Set(['context', 'erasure', 'audit']);

const TYPE_PREFIX = 'https://strongroom.dev/attestations/';

/** `https://strongroom.dev/attestations/<kind>/v1`; an identifier, nothing is fetched. */
export function predicateTypeOf(kind: StatementKind): string {
  return `${TYPE_PREFIX}${kind}/v1`;
}

const KIND_BY_TYPE = new Map<string, StatementKind>(
  [...new Set(Object.values(ROLE_KINDS).flat())].map((kind) => [predicateTypeOf(kind), kind]),
);

/** The kind of a predicate type, or null when this version does not know it. */
export function kindOf(predicateType: string): StatementKind | null {
  return KIND_BY_TYPE.get(predicateType) ?? null;
}
