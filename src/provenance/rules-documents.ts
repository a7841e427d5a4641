// SPDX-License-Identifier: Apache-2.0
import { type DocId, type Hex, hex, holds, isDocId } from '../core/index.ts';
import type { RuleContext, VoidReason } from './apply.ts';
import type { HeadRef, Predicate } from './predicates.ts';
import type { RuleOutcome } from './rules.ts';
import {
  docByStateKey,
  type DocStatus,
  type DocValue,
  type LedgerState,
  lookup,
  stateKey,
} from './state.ts';
import { type StatementOf, tenantOfLog } from './statement.ts';

/** A new version of a document. The ACL is set only with the first version, so no ingest can ever widen access. */
export function ingest(context: RuleContext, statement: StatementOf<'ingest'>): RuleOutcome {
  const p = statement.predicate;
  const named = parseUrn(statement.subject.name, tenantOfLog(p.log));
  if (named?.version !== p.version) return 'SCHEMA';
  if (!isOwnStateKey(context, named.docId, p.stateKey)) return 'STATE_KEY';
  const current = lookup(context.idKey, context.state, 'doc', named.docId);
  if (!holds('INV-INGEST-NAMESPACE', inScope(context, p, current))) return 'SCOPE';
  if (!holds('INV-INGEST-EMBEDDER', isKnownModel(context.state, p))) return 'EMBEDDER';
  const problem =
    current === null ? firstVersionProblem(context, p) : nextVersionProblem(current, p);
  if (problem !== null) return problem;
  return [{ kind: 'doc', value: nextDocument(context, named.docId, p, current) }];
}

/** The document is gone for everybody; its version number and ACL stay. */
export function tombstone(context: RuleContext, p: Predicate<'tombstone'>): RuleOutcome {
  const current = currentHead(context, p);
  if (typeof current === 'string') return current;
  if (!holds('INV-TOMBSTONE-NAMESPACE', namespaceAllowed(context, current.ns))) return 'SCOPE';
  if (current.status === 'tombstone' || current.status === 'shredded') return 'CONFLICT';
  return [{ kind: 'doc', value: { ...current, ...closedHead(context), status: 'tombstone' } }];
}

/** The document's data keys are destroyed, for every version up to the head. */
export function shred(context: RuleContext, p: Predicate<'shred'>): RuleOutcome {
  const current = currentHead(context, p);
  if (typeof current === 'string') return current;
  if (current.status === 'shredded') return 'CONFLICT';
  return [{ kind: 'doc', value: { ...current, ...closedHead(context), status: 'shredded' } }];
}

/** Trust in a distrusted document is renewed: by root for head and ACL, by an acl key for the ACL alone. */
export function endorse(context: RuleContext, p: Predicate<'endorse'>): RuleOutcome {
  const current = docByStateKey(context.state, p.stateKey);
  if (current === null) return 'UNKNOWN_DOC';
  if (current.status !== 'distrusted') return 'NOT_DISTRUSTED';
  if (!isHead(current, p.head) || current.aclEpoch !== p.aclEpoch) return 'CONFLICT';
  if (p.revokeEntry >= context.index) return 'SCHEMA';
  const acl = { aclEntry: context.index, aclKeyid: context.signerId };
  if (context.signer?.role === 'root') {
    const head = { keyEntry: context.index, keyid: context.signerId };
    return [{ kind: 'doc', value: { ...current, ...acl, ...head, status: statusOfHead(current) } }];
  }
  if (!holds('INV-ENDORSE-CONTENT', isTrusted(context.state, current.keyid, current.keyEntry))) {
    return 'SCOPE';
  }
  return [{ kind: 'doc', value: { ...current, ...acl, status: statusOfHead(current) } }];
}

/** True when nothing that the key signed at `entry` has been revoked since. */
function isTrusted(state: LedgerState, keyid: Hex, entry: number): boolean {
  const key = state.keys.get(keyid);
  return key !== undefined && (key.endIndex === null || entry < key.endIndex);
}

/**
 * The status after a new head or a new ACL binding. A distrusted document comes back only when the keys behind both are
 * good: a routine re-ingest must not revive an ACL that a revoked key had widened.
 */
export function renewedStatus(state: LedgerState, value: DocValue): DocStatus {
  const good =
    isTrusted(state, value.keyid, value.keyEntry) &&
    isTrusted(state, value.aclKeyid, value.aclEntry);
  return holds('INV-DISTRUST-STAYS', good) ? statusOfHead(value) : 'distrusted';
}

function statusOfHead(value: DocValue): DocStatus {
  return value.chunks === 0 ? 'tombstone' : 'live';
}

function nextDocument(
  context: RuleContext,
  docId: DocId,
  p: Predicate<'ingest'>,
  current: DocValue | null,
): DocValue {
  const acl =
    current === null
      ? {
          aclEpoch: 1,
          aclDigest: p.class?.aclDigest ?? '',
          aclEntry: context.index,
          aclKeyid: context.signerId,
          validUntil: p.validUntil,
        }
      : {
          aclEpoch: current.aclEpoch,
          aclDigest: current.aclDigest,
          aclEntry: current.aclEntry,
          aclKeyid: current.aclKeyid,
          validUntil: current.validUntil,
        };
  const value: DocValue = {
    docId,
    status: 'live',
    version: p.version,
    entry: context.index,
    entryLeafHash: context.leafHash,
    keyid: context.signerId,
    keyEntry: context.index,
    ns: p.source.namespace,
    chunks: p.chunks,
    ...acl,
    seq: p.source.seq ?? current?.seq ?? null,
  };
  return { ...value, status: renewedStatus(context.state, value) };
}

function firstVersionProblem(context: RuleContext, p: Predicate<'ingest'>): VoidReason | null {
  if (p.prev !== null || p.version !== 1) return 'CONFLICT';
  if (p.class === null) return 'SCHEMA';
  const known = lookup(context.idKey, context.state, 'acl', p.class.aclDigest) !== null;
  return holds('INV-INGEST-ACL', known) ? null : 'UNKNOWN_ACL';
}

function nextVersionProblem(current: DocValue, p: Predicate<'ingest'>): VoidReason | null {
  const extendsHead = p.prev !== null && isHead(current, p.prev);
  if (!holds('INV-INGEST-PREV', extendsHead && p.version === current.version + 1))
    return 'CONFLICT';
  if (!holds('INV-INGEST-NO-ACL', p.class === null && p.validUntil === null)) return 'SCHEMA';
  const { seq } = p.source;
  const isStale = seq !== null && current.seq !== null && BigInt(seq) < BigInt(current.seq);
  return holds('INV-INGEST-SEQ', !isStale) ? null : 'STALE_SEQ';
}

function currentHead(
  context: RuleContext,
  p: { readonly docId: string; readonly stateKey: Hex; readonly prev: HeadRef },
): DocValue | VoidReason {
  if (!isOwnStateKey(context, p.docId, p.stateKey)) return 'STATE_KEY';
  const current = lookup(context.idKey, context.state, 'doc', p.docId);
  if (current === null) return 'UNKNOWN_DOC';
  return holds('INV-HEAD-PREV', isHead(current, p.prev)) ? current : 'CONFLICT';
}

function closedHead(context: RuleContext): Partial<DocValue> {
  return {
    entry: context.index,
    entryLeafHash: context.leafHash,
    keyid: context.signerId,
    keyEntry: context.index,
    chunks: 0,
  };
}

function isHead(current: DocValue, head: HeadRef): boolean {
  return current.entry === head.entry && current.entryLeafHash === head.leafHash;
}

function isOwnStateKey(context: RuleContext, docId: string, key32: Hex): boolean {
  const own = hex(stateKey(context.idKey, 'doc', docId));
  return holds('INV-LEDGER-STATE-KEY', own === key32);
}

function inScope(context: RuleContext, p: Predicate<'ingest'>, current: DocValue | null): boolean {
  const { namespace } = p.source;
  return namespaceAllowed(context, namespace) && (current === null || current.ns === namespace);
}

function namespaceAllowed(context: RuleContext, namespace: string): boolean {
  const allowed = context.signer?.namespaces ?? null;
  return allowed === null || allowed.includes(namespace);
}

function isKnownModel(state: LedgerState, p: Predicate<'ingest'>): boolean {
  const identity = state.vault?.embedder;
  return (
    identity !== undefined &&
    identity.models.some((model) => model.id === p.embedder.model) &&
    identity.dims === p.embedder.dims &&
    identity.dtype === p.embedder.dtype
  );
}

function parseUrn(name: string, tenantId: string): { docId: DocId; version: number } | null {
  const prefix = `urn:strongroom:${tenantId}:`;
  const [docId, version, rest] = name.startsWith(prefix)
    ? name.slice(prefix.length).split(':')
    : [];
  if (docId === undefined || version === undefined || rest !== undefined) return null;
  if (!isDocId(docId) || !/^[1-9][0-9]{0,15}$/.test(version)) return null;
  return { docId, version: Number(version) };
}
