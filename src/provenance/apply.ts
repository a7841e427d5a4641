// SPDX-License-Identifier: Apache-2.0
// The ledger function: the one interpretation of the log, used by readers, sequencer, fsck and simulator alike.
// docs/formats.md, "Ledger", gives the rules in this order.
import { fromBase64, type Hex, holds } from '../core/index.ts';
import { type Envelope, pae, parseEnvelope, PAYLOAD_TYPE } from './dsse.ts';
import {
  parsePublicKey,
  parsePublicKeyBase64,
  type PublicKey,
  verifySignature,
} from './public-key.ts';
import { kindOf, NEVER_LOGGED } from './roles.ts';
import { applyRule } from './rules.ts';
import {
  covers,
  entryLeafHash,
  type KeyValue,
  type LedgerState,
  type StateRecord,
} from './state.ts';
import { checkStatement, parseStatement, type Statement } from './statement.ts';

/** Why an entry changes nothing. */
export type VoidReason =
  | 'FORMAT'
  | 'SIGNATURE'
  | 'SCHEMA'
  | 'FOREIGN_LOG'
  | 'SCOPE'
  | 'STATE_KEY'
  | 'CONFLICT'
  | 'EPOCH'
  | 'EXISTS'
  | 'KEY_EXISTS'
  | 'UNKNOWN_KEY'
  | 'UNKNOWN_ACL'
  | 'UNKNOWN_DOC'
  | 'LAST_ROOT'
  | 'STALE_SEQ'
  | 'EMBEDDER'
  | 'NOT_DISTRUSTED'
  | 'SIZE';

/** Why reading must stop. */
export type HaltReason = 'UPGRADE_REQUIRED' | 'STATE_MISMATCH';

/** The entry took effect; `records` are the leaves it set (none for a listed no-op). */
export interface Applied {
  readonly outcome: 'applied';
  readonly statement: Statement;
  /** keyid of the key that signed it. */
  readonly signerId: Hex;
  readonly state: LedgerState;
  readonly records: readonly StateRecord[];
}

/** The result of applying one entry. */
export type ApplyResult =
  | Applied
  | { readonly outcome: 'void'; readonly reason: VoidReason }
  | { readonly outcome: 'halt'; readonly reason: HaltReason };

/** What a rule may look at. */
export interface RuleContext {
  readonly idKey: Uint8Array;
  readonly state: LedgerState;
  readonly index: number;
  readonly leafHash: Hex;
  readonly signer: KeyValue | null;
  readonly signerId: Hex;
}

/**
 * Applies the entry at `index` to `state`. Pure: the same arguments give the same result everywhere, and the given state
 * is never changed.
 * @param idKey `K_id` of the tenant, under which state keys are derived
 */
export function apply(
  idKey: Uint8Array,
  state: LedgerState,
  index: number,
  entry: Uint8Array,
): ApplyResult {
  const envelope = parseEnvelope(entry);
  if (envelope === null) return voided('FORMAT');
  const raw = parseStatement(envelope.payload);
  const signer = index === 0 ? null : liveSigner(state, index, envelope);
  if (index > 0 && signer === null) return voided('SIGNATURE');
  if (raw === null) return voided('FORMAT');
  const kind = kindOf(raw.predicateType);
  // A newer writer may have meant something that this version would get wrong: stop, never skip.
  if (signer !== null && kind === null) return { outcome: 'halt', reason: 'UPGRADE_REQUIRED' };
  const statement = checkStatement(raw);
  if (statement === null) return voided('SCHEMA');
  if (index === 0 && !holds('INV-LEDGER-GENESIS', isSelfSigned(statement, envelope))) {
    return voided('SIGNATURE');
  }
  const expectedLog = state.vault?.log ?? statement.predicate.log;
  if (!holds('INV-LEDGER-LOG', statement.predicate.log === expectedLog)) {
    return voided('FOREIGN_LOG');
  }
  if (!holds('INV-LEDGER-ROLE', maySign(signer, statement))) return voided('SCOPE');
  const leafHash = entryLeafHash(entry);
  const context = { idKey, state, index, leafHash, signer, signerId: envelope.keyid };
  return applyRule(context, statement);
}

function voided(reason: VoidReason): ApplyResult {
  return { outcome: 'void', reason };
}

/** The key leaf whose key verifies the envelope and covers the index, or null. */
function liveSigner(state: LedgerState, index: number, envelope: Envelope): KeyValue | null {
  const leaf = state.keys.get(envelope.keyid);
  if (leaf === undefined || !holds('INV-LEDGER-KEY-WINDOW', covers(leaf, index))) return null;
  const key = cachedKey(leaf);
  const signed = key !== null && verifies(key, envelope);
  return holds('INV-LEDGER-SIGNATURE', signed) ? leaf : null;
}

function maySign(signer: KeyValue | null, statement: Statement): boolean {
  if (signer === null) return statement.kind === 'genesis';
  return (
    statement.kind !== 'genesis' &&
    !NEVER_LOGGED.has(statement.kind) &&
    signer.kinds.includes(statement.kind)
  );
}

function isSelfSigned(statement: Statement, envelope: Envelope): boolean {
  if (statement.kind !== 'genesis') return false;
  const spki = fromBase64(statement.predicate.rootSpki);
  const key = spki === null ? null : parsePublicKey(spki);
  return key !== null && key.keyid === envelope.keyid && verifies(key, envelope);
}

function verifies(key: PublicKey, envelope: Envelope): boolean {
  return verifySignature(key, pae(PAYLOAD_TYPE, envelope.payload), envelope.signature);
}

// Parsing a key costs about a third of verifying with it; leaves are immutable, so they can carry their parsed key.
const parsedKeys = new WeakMap<KeyValue, PublicKey>();

function cachedKey(leaf: KeyValue): PublicKey | null {
  const known = parsedKeys.get(leaf);
  if (known !== undefined) return known;
  const key = parsePublicKeyBase64(leaf.spki);
  if (key !== null) parsedKeys.set(leaf, key);
  return key;
}
