// SPDX-License-Identifier: Apache-2.0
import { holds, logOrigin } from '../core/index.ts';
import type { RuleContext } from './apply.ts';
import { parseVkey } from './note.ts';
import type { Predicate } from './predicates.ts';
import { parsePublicKeyBase64 } from './public-key.ts';
import { ROLE_KINDS, type StatementKind } from './roles.ts';
import type { RuleOutcome } from './rules.ts';
import type { DocValue, KeyValue, StateRecord } from './state.ts';
import { trieLeaves } from './trie.ts';

/** Creates the vault leaf and the leaf of the root key. */
export function genesis(context: RuleContext, p: Predicate<'genesis'>): RuleOutcome {
  const key = parsePublicKeyBase64(p.rootSpki);
  const logKey = parseVkey(p.logVkey);
  if (context.index !== 0 || key === null) return 'SCOPE';
  if (p.log !== logOrigin(p.vaultId, p.tenantId)) return 'FOREIGN_LOG';
  if (logKey?.name !== p.log || hasDuplicates(p.embedder.models.map((m) => m.id))) return 'SCHEMA';
  const { log, format, logVkey, embedder: identity } = p;
  return [
    { kind: 'vault', value: { log, format, rootKeyid: key.keyid, logVkey, embedder: identity } },
    {
      kind: 'key',
      value: {
        keyid: key.keyid,
        spki: p.rootSpki,
        role: 'root',
        kinds: ROLE_KINDS.root,
        namespaces: null,
        firstIndex: 0,
        endIndex: null,
        notAfter: null,
        reason: null,
      },
    },
  ];
}

/** Adds a signing key from the next index on. A key that was ever known never comes back. */
export function delegate(context: RuleContext, p: Predicate<'delegate'>): RuleOutcome {
  const key = parsePublicKeyBase64(p.spki);
  if (key === null || key.keyid !== p.keyid || hasDuplicates(p.kinds)) return 'SCHEMA';
  if (p.role === 'root' && p.notAfter !== null) return 'SCHEMA';
  if (p.role !== 'ingest' && p.namespaces !== null) return 'SCHEMA';
  const allowed: readonly string[] = ROLE_KINDS[p.role];
  if (
    !holds(
      'INV-DELEGATE-KINDS',
      p.kinds.every((kind) => allowed.includes(kind)),
    )
  )
    return 'SCOPE';
  if (!holds('INV-DELEGATE-ONCE', !context.state.keys.has(p.keyid))) return 'KEY_EXISTS';
  const value: KeyValue = {
    keyid: p.keyid,
    spki: p.spki,
    role: p.role,
    kinds: p.kinds as StatementKind[],
    namespaces: p.namespaces,
    firstIndex: context.index + 1,
    endIndex: null,
    notAfter: p.notAfter,
    reason: null,
  };
  return [{ kind: 'key', value }];
}

/**
 * Ends a key at `fromIndex`. When that lies in the past, what the key signed since is distrusted: documents whose head
 * or ACL it signed, the directory, the index snapshot.
 */
export function revoke(context: RuleContext, p: Predicate<'revoke'>): RuleOutcome {
  const key = context.state.keys.get(p.keyid);
  if (key === undefined) return 'UNKNOWN_KEY';
  if (p.fromIndex > context.index) return 'SCHEMA';
  if (key.endIndex !== null && p.fromIndex >= key.endIndex) return 'EXISTS';
  if (!holds('INV-REVOKE-LAST-ROOT', !isLastRoot(context, key))) return 'LAST_ROOT';
  const records: StateRecord[] = [
    { kind: 'key', value: { ...key, endIndex: p.fromIndex, reason: p.reason } },
  ];
  for (const leaf of trieLeaves(context.state.trie)) {
    const hit = distrusted(leaf.value, p);
    if (hit !== null) records.push(hit);
  }
  return records;
}

/**
 * Names two heads and, when it says so, the log key from now on. Its place in the log is the one that it names, so that it
 * does not count a second time. That a reader goes back is decided outside the ledger.
 */
export function recovery(context: RuleContext, p: Predicate<'recovery'>): RuleOutcome {
  const { vault } = context.state;
  if (vault === null || !isOlder(p)) return 'SCHEMA';
  if (p.logVkey !== null && parseVkey(p.logVkey)?.name !== vault.log) return 'SCHEMA';
  if (!holds('INV-RECOVERY-PLACE', p.new.size === context.index)) return 'CONFLICT';
  const { old, new: next, logVkey } = p;
  const records: StateRecord[] = [];
  const heads = { entry: context.index, old, new: next };
  if (old.size > next.size) records.push({ kind: 'recovery', value: { what: 'back', ...heads } });
  if (logVkey === null) return records;
  records.push({ kind: 'recovery', value: { what: 'log-key', ...heads } });
  return [...records, { kind: 'vault', value: { ...vault, logVkey } }];
}

/** Whether a recovery goes on from an older head than the newest seen, or from that very one. */
function isOlder({ old, new: next }: Predicate<'recovery'>): boolean {
  return next.size < old.size || (next.size === old.size && next.root === old.root);
}

/** Adds models of the same space. */
export function embedder(context: RuleContext, p: Predicate<'embedder'>): RuleOutcome {
  const { vault } = context.state;
  if (vault === null) return 'SCHEMA';
  const models = [...vault.embedder.models, ...p.models];
  if (models.length > 16 || hasDuplicates(models.map((model) => model.id))) return 'EXISTS';
  return [{ kind: 'vault', value: { ...vault, embedder: { ...vault.embedder, models } } }];
}

function distrusted(record: StateRecord, p: Predicate<'revoke'>): StateRecord | null {
  const signedSince = (keyid: string, entry: number): boolean =>
    keyid === p.keyid && entry >= p.fromIndex;
  if (record.kind === 'doc') {
    const { value } = record;
    const hit =
      signedSince(value.keyid, value.keyEntry) || signedSince(value.aclKeyid, value.aclEntry);
    return hit && isUsable(value)
      ? { kind: 'doc', value: { ...value, status: 'distrusted' } }
      : null;
  }
  if (record.kind === 'dir' && signedSince(record.value.keyid, record.value.entry)) {
    return { kind: 'dir', value: { ...record.value, trusted: false } };
  }
  if (record.kind === 'snap' && signedSince(record.value.keyid, record.value.entry)) {
    return { kind: 'snap', value: { ...record.value, trusted: false } };
  }
  return null;
}

function isUsable(value: DocValue): boolean {
  return value.status === 'live' || value.status === 'tombstone';
}

function isLastRoot(context: RuleContext, key: KeyValue): boolean {
  if (key.role !== 'root' || key.endIndex !== null) return false;
  const roots = [...context.state.keys.values()].filter((k) => k.role === 'root');
  return roots.filter((k) => k.endIndex === null).length <= 1;
}

function hasDuplicates(items: readonly string[]): boolean {
  return new Set(items).size !== items.length;
}
