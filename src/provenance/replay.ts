// SPDX-License-Identifier: Apache-2.0
import { compareBytes, fail, holds, isStrongroomError, need } from '../core/index.ts';
import { apply, type HaltReason, type VoidReason } from './apply.ts';
import type { Checkpoint } from './checkpoint.ts';
import { pae, parseEnvelope, PAYLOAD_TYPE } from './dsse.ts';
import type { LogReader } from './log-reader.ts';
import { type Hash, leafHash } from './merkle.ts';
import { parsePublicKeyBase64, type PublicKey, verifySignature } from './public-key.ts';
import { MAX_ROOT_CHAIN } from './roles.ts';
import {
  covers,
  entryLeafHash,
  INITIAL_STATE,
  type KeyValue,
  leafOf,
  type LedgerState,
  nameOf,
  type StateRecord,
  stateRoot,
  withLeaves,
} from './state.ts';
import { checkStatement, parseStatement, type StatementOf } from './statement.ts';
import { TreeEdge } from './tree-edge.ts';
import type { TrieLeaf } from './trie.ts';

/** The ledger at a log size: the state after the last entry, and the tree's right edge. */
export interface LogView {
  readonly state: LedgerState;
  readonly edge: TreeEdge;
}

/** The view of the empty log. */
export const EMPTY_VIEW: LogView = { state: INITIAL_STATE, edge: TreeEdge.empty };

/** An entry that changed nothing, and why. */
export interface VoidEntry {
  readonly index: number;
  readonly reason: VoidReason;
}

/** What a replay found. */
export interface Replayed {
  readonly view: LogView;
  /** The last value of each leaf that was set. */
  readonly records: readonly StateRecord[];
  readonly voids: readonly VoidEntry[];
}

/**
 * Applies the entries from the view's size to a signed head. Nothing of it counts unless the result's root is the signed
 * one, which proves every entry and the starting edge at once.
 * @throws {PROOF_INVALID} {@link STATE_MISSING} {@link STATE_MISMATCH} {@link UPGRADE_REQUIRED} {@link LOG_TRUNCATED}
 */
export async function replay(
  idKey: Uint8Array,
  from: LogView,
  reader: LogReader,
  head: Checkpoint,
): Promise<Replayed> {
  let state = from.state;
  const leaves: Hash[] = [];
  const records = new Map<string, StateRecord>();
  const voids: VoidEntry[] = [];
  let halted: { readonly reason: HaltReason; readonly index: number } | null = null;
  for await (const [index, entry] of reader.entries(from.edge.size, head.size)) {
    leaves.push(leafHash(entry));
    if (halted !== null) continue;
    const result = apply(idKey, state, index, entry);
    if (result.outcome === 'halt') halted = { reason: result.reason, index };
    else if (result.outcome === 'void') voids.push({ index, reason: result.reason });
    else {
      state = result.state;
      for (const record of result.records) records.set(`${record.kind} ${nameOf(record)}`, record);
    }
  }
  const { edge } = from.edge.append(leaves);
  const isSigned = compareBytes(edge.root(), head.root) === 0;
  need(
    'INV-REPLAY-ROOT',
    isSigned,
    'PROOF_INVALID',
    'the entries of the log do not give its signed root',
  );
  // Only now is it known that a key holder wrote the entry, and not the store.
  if (halted !== null) {
    const { reason, index } = halted;
    throw fail(reason, `reading the log stopped at entry ${index}`, { index });
  }
  const complete = head.size === 0 || state.last?.index === head.size - 1;
  need('INV-REPLAY-STATE', complete, 'STATE_MISSING', 'the log does not end in a state entry');
  return { view: { state, edge }, records: [...records.values()], voids };
}

/** Records of a former run or of a snapshot, claimed to be the state of a log of `size` entries. */
export interface ClaimedState {
  readonly size: number;
  readonly records: readonly StateRecord[];
}

/**
 * Turns claimed records into a view, if a proven state entry says that they are the state at that size.
 * @param rootKey when given, the key that signed the state entry must have been delegated by it: needed for claims that
 *   are newer than what this machine has replayed, since their own rows say whose keys count
 * @returns null when they are not: the claim must then not be used
 */
// Four facts of the log and one of trust; an options object would only rename them.
// eslint-disable-next-line max-params
export async function viewFromClaim(
  idKey: Uint8Array,
  claim: ClaimedState,
  reader: LogReader,
  head: Checkpoint,
  rootKey?: PublicKey,
): Promise<LogView | null> {
  if (claim.size < 1 || claim.size > head.size) return null;
  const entry = await reader.provenEntry(claim.size - 1, head);
  const leaves = claimedLeaves(idKey, claim.records);
  if (leaves === null) return null;
  const state = withLeaves(INITIAL_STATE, leaves);
  const signed = stateStatement(entry, state, claim.size - 1);
  if (signed === null || state.count !== claim.records.length) return null;
  if (rootKey !== undefined) {
    const isOurs = await isDelegated({ reader, head, state, rootKey }, signed.signer, 0);
    if (!holds('INV-SNAPSHOT-DELEGATED', isOurs)) return null;
  }
  const { root, count, time } = signed.statement.predicate;
  const isTrue = root === stateRoot(state) && count === state.count;
  if (!holds('INV-LEDGER-CACHE', isTrue)) return null;
  const last = { index: claim.size - 1, leafHash: entryLeafHash(entry), time };
  return { state: { ...state, last }, edge: await reader.edge(claim.size, head.size) };
}

/** The leaves of claimed records, or null when one of them is no record: nobody has looked at their form before. */
function claimedLeaves(
  idKey: Uint8Array,
  records: readonly StateRecord[],
): TrieLeaf<StateRecord>[] | null {
  try {
    return records.every(isRecord) ? records.map((record) => leafOf(idKey, record)) : null;
  } catch (error) {
    // A value that canonical JSON cannot hold.
    if (isStrongroomError(error, 'FORMAT_INVALID')) return null;
    throw error;
  }
}

/** True when a row has what is read of it before its root is compared. */
function isRecord(record: { readonly kind: string; readonly value: unknown }): boolean {
  if (typeof record.value !== 'object' || record.value === null) return false;
  const name: unknown = nameOf(record as StateRecord);
  if (typeof name !== 'string') return false;
  const { spki, firstIndex } = record.value as Readonly<Record<string, unknown>>;
  return record.kind !== 'key' || (typeof spki === 'string' && Number.isSafeInteger(firstIndex));
}

/** The state statement of an entry and its signer, if that is a sequencer key of that very state. */
function stateStatement(
  entry: Uint8Array,
  state: LedgerState,
  index: number,
): { readonly statement: StatementOf<'state'>; readonly signer: KeyValue } | null {
  const envelope = parseEnvelope(entry);
  const raw = envelope === null ? null : parseStatement(envelope.payload);
  const statement = raw === null ? null : checkStatement(raw);
  if (envelope === null || statement?.kind !== 'state') return null;
  const leaf = state.keys.get(envelope.keyid);
  if (leaf?.role !== 'sequencer' || !covers(leaf, index)) return null;
  const key = parsePublicKeyBase64(leaf.spki);
  const message = pae(PAYLOAD_TYPE, envelope.payload);
  const signed = key !== null && verifySignature(key, message, envelope.signature);
  const isValid = signed && statement.predicate.coversSize === index;
  return holds('INV-STATE-SIGNER', isValid) ? { statement, signer: leaf } : null;
}

interface DelegationCheck {
  readonly reader: LogReader;
  readonly head: Checkpoint;
  readonly state: LedgerState;
  readonly rootKey: PublicKey;
}

/** True when the log holds a delegation of exactly this key, signed by the root key or by a root key it leads to. */
async function isDelegated(check: DelegationCheck, key: KeyValue, depth: number): Promise<boolean> {
  const index = key.firstIndex - 1;
  if (index < 0 || index >= check.head.size) return false;
  const entry = await check.reader.provenEntry(index, check.head);
  const envelope = parseEnvelope(entry);
  const raw = envelope === null ? null : parseStatement(envelope.payload);
  const statement = raw === null ? null : checkStatement(raw);
  if (envelope === null || statement?.kind !== 'delegate') return false;
  const { keyid, spki, role } = statement.predicate;
  if (keyid !== key.keyid || spki !== key.spki || role !== key.role) return false;
  const message = pae(PAYLOAD_TYPE, envelope.payload);
  if (envelope.keyid === check.rootKey.keyid) {
    return verifySignature(check.rootKey, message, envelope.signature);
  }
  const parent = check.state.keys.get(envelope.keyid);
  if (parent?.role !== 'root' || depth >= MAX_ROOT_CHAIN) return false;
  const parentKey = parsePublicKeyBase64(parent.spki);
  const signed = parentKey !== null && verifySignature(parentKey, message, envelope.signature);
  return signed && isDelegated(check, parent, depth + 1);
}
