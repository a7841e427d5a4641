// SPDX-License-Identifier: Apache-2.0
// Sealed copies of the state map: a reader without a ledger database starts there instead of at genesis.
import {
  concat,
  fail,
  fromUtf8,
  isStrongroomError,
  jcsBytes,
  lp,
  parseJcs,
  readU32,
} from '../core/index.ts';
import { sealedLength } from '../keys/index.ts';
import {
  checkStatement,
  type ClaimedState,
  type LedgerState,
  parseEnvelope,
  parseStatement,
  type StateRecord,
  type StateSnapshot,
  type TreeHead,
  trieLeaves,
} from '../provenance/index.ts';
import { getRecord, putRecord } from '../store/index.ts';
import type { VaultContext } from './context.ts';
import { stateRef } from './refs.ts';

const PREFIX = 'obj/state/map/';

/** Seals a copy of the state that the state entry at `index` commits to, when one is due. */
export async function snapshotState(
  context: VaultContext,
  state: LedgerState,
  index: number,
): Promise<StateSnapshot | null> {
  const interval = context.stateCopyInterval;
  const last = state.last?.index ?? 0;
  const isDue = Math.floor(index / interval) > Math.floor(last / interval);
  if (!isDue) return null;
  const plain = encodeState(state);
  const ref = stateRef(context.config.tenantId, index);
  const digest = await putRecord(context.stores, ref, 'list', plain);
  return { digest, bytes: sealedLength(plain.length) };
}

/**
 * The newest copy that the log names, or null. It is a claim: the ledger recomputes its root before it believes it.
 * A copy that cannot be opened costs a longer replay and nothing else.
 */
export async function latestSnapshot(
  context: VaultContext,
  head: TreeHead,
): Promise<ClaimedState | null> {
  const indices: number[] = [];
  for await (const { path } of context.objects.list(PREFIX)) {
    const index = Number(path.slice(PREFIX.length).split('-')[0]);
    if (Number.isSafeInteger(index) && index < head.size) indices.push(index);
  }
  for (const index of indices.sort((a, b) => b - a)) {
    try {
      return await openSnapshot(context, head, index);
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      context.onAlarm({ code: error.code, message: 'a copy of the state was refused' });
    }
  }
  return null;
}

async function openSnapshot(
  context: VaultContext,
  head: TreeHead,
  index: number,
): Promise<ClaimedState> {
  const entry = await context.reader.provenEntry(index, head);
  const envelope = parseEnvelope(entry);
  const raw = envelope === null ? null : parseStatement(envelope.payload);
  const statement = raw === null ? null : checkStatement(raw);
  const snapshot = statement?.kind === 'state' ? statement.predicate.snapshot : null;
  if (snapshot === null)
    throw fail('FORMAT_INVALID', 'a copy of the state is not named by the log');
  const ref = stateRef(context.config.tenantId, index);
  const plain = await getRecord(context.stores, ref, 'list', snapshot.digest);
  return { size: index + 1, records: decodeState(plain) };
}

/** count x (key32 || LP(kind) || LP(JCS(value))), in the order of the keys. */
export function encodeState(state: LedgerState): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const leaf of trieLeaves(state.trie)) {
    parts.push(leaf.key, lp(leaf.value.kind), lp(jcsBytes(leaf.value.value)));
  }
  return concat(...parts);
}

/**
 * Reads a copy. What the records hold is a claim, which the ledger judges by its root.
 * @throws {FORMAT_INVALID} when it is malformed
 */
export function decodeState(bytes: Uint8Array): StateRecord[] {
  const records: StateRecord[] = [];
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length)
      throw fail('FORMAT_INVALID', 'a copy of the state is cut short');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    take(32);
    const kind = fromUtf8(take(readU32(take(4), 0)));
    const value = parseJcs(take(readU32(take(4), 0)));
    records.push({ kind, value } as unknown as StateRecord);
  }
  return records;
}
