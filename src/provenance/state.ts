// SPDX-License-Identifier: Apache-2.0
// The ledger's state: what exists, which version is current, under which ACL, by whose key, under which policy.
import { concat, type DocId, type Hex, hex, hmac, jcsBytes, lp, sha256 } from '../core/index.ts';
import { leafHash } from './merkle.ts';
import type { Role, StatementKind } from './roles.ts';
import { type Trie, trieGet, trieLeaf, type TrieLeaf, trieRoot, trieSet } from './trie.ts';

/** Whether a document can be used. `distrusted`: a key behind its head or its ACL was revoked retroactively. */
export type DocStatus = 'live' | 'tombstone' | 'shredded' | 'distrusted';

/** State of one document. `entry` and `entryLeafHash` name its last ingest, tombstone or shred. */
export interface DocValue {
  readonly docId: DocId;
  readonly status: DocStatus;
  readonly version: number;
  readonly entry: number;
  readonly entryLeafHash: Hex;
  /** The key that vouches for the head, and the entry by which it does: the head itself, or a root key's endorsement. */
  readonly keyid: Hex;
  readonly keyEntry: number;
  readonly ns: string;
  /** Chunks of the current version; 0 when the head is a tombstone or a shred. */
  readonly chunks: number;
  readonly aclEpoch: number;
  readonly aclDigest: Hex;
  /** The entry that last bound or endorsed the ACL, and its signer. */
  readonly aclEntry: number;
  readonly aclKeyid: Hex;
  /** Unix seconds after which nobody may read the document, or null. */
  readonly validUntil: number | null;
  readonly seq: string | null;
}

/** A signing key: valid at log index i when firstIndex <= i < endIndex. */
export interface KeyValue {
  readonly keyid: Hex;
  readonly spki: string;
  readonly role: Role;
  readonly kinds: readonly StatementKind[];
  readonly namespaces: readonly string[] | null;
  readonly firstIndex: number;
  readonly endIndex: number | null;
  readonly notAfter: number | null;
  readonly reason: string | null;
}

/** The current directory of people and groups. */
export interface DirValue {
  readonly epoch: number;
  readonly entry: number;
  readonly keyid: Hex;
  readonly objectDigest: Hex;
  readonly contentRoot: Hex;
  readonly trusted: boolean;
}

/** A published class record. */
export interface AclValue {
  readonly aclDigest: Hex;
  readonly entry: number;
  readonly objectDigest: Hex;
  readonly classNo: number;
}

/** The current policy. */
export interface ConfigValue {
  readonly epoch: number;
  readonly entry: number;
  readonly objectDigest: Hex;
  readonly contentRoot: Hex;
}

/** Which models may have made the vectors of a vault; all of one space. */
export interface EmbedderIdentity {
  readonly space: string;
  readonly dims: number;
  readonly dtype: 'i8' | 'f32le';
  readonly models: readonly { readonly id: string; readonly sha256: Hex }[];
}

/** What genesis fixed. */
export interface VaultValue {
  readonly log: string;
  readonly format: number;
  readonly rootKeyid: Hex;
  readonly logVkey: string;
  readonly embedder: EmbedderIdentity;
}

/** The newest index snapshot. */
export interface SnapValue {
  readonly entry: number;
  readonly keyid: Hex;
  readonly size: number;
  readonly segmentsRoot: Hex;
  readonly objectDigest: Hex;
  readonly trusted: boolean;
}

/** The newest recovery of a kind: one that went back to an older head, or one that changed the log key. */
export interface RecoveryValue {
  readonly what: 'back' | 'log-key';
  readonly entry: number;
  readonly old: { readonly size: number; readonly root: Hex };
  readonly new: { readonly size: number; readonly root: Hex };
}

/** The values of the state map by kind. */
export interface StateValues {
  readonly doc: DocValue;
  readonly key: KeyValue;
  readonly dir: DirValue;
  readonly acl: AclValue;
  readonly config: ConfigValue;
  readonly vault: VaultValue;
  readonly snap: SnapValue;
  readonly recovery: RecoveryValue;
}

/** The kinds of leaves. */
export type StateKind = keyof StateValues;

/** One leaf of the state map. */
export type StateRecord = {
  [K in StateKind]: { readonly kind: K; readonly value: StateValues[K] };
}[StateKind];

/** The last valid state entry, which every later one must name. */
export interface LastState {
  readonly index: number;
  readonly leafHash: Hex;
  readonly time: number;
}

/** A version of the ledger's state. Immutable: applying an entry makes a new one. */
export interface LedgerState {
  readonly trie: Trie<StateRecord>;
  /** Leaves of the map. */
  readonly count: number;
  readonly last: LastState | null;
  // What follows is derived from the leaves and kept beside them for speed.
  readonly keys: ReadonlyMap<Hex, KeyValue>;
  readonly acls: number;
  readonly vault: VaultValue | null;
}

/** The state before genesis. */
export const INITIAL_STATE: LedgerState = {
  trie: null,
  count: 0,
  last: null,
  keys: new Map(),
  acls: 0,
  vault: null,
};

/** Key of a leaf: keyed by `K_id`, so that an absence proof shows one opaque key and nothing else. */
export function stateKey(idKey: Uint8Array, kind: StateKind, name: string): Uint8Array {
  return hmac(idKey, concat(lp('sr/state-key/v1'), lp(kind), lp(name)));
}

/** SHA256(LP("sr/state-val/v1") || LP(kind) || JCS(value)). */
export function stateValueHash(kind: StateKind, value: object): Uint8Array {
  return sha256(concat(lp('sr/state-val/v1'), lp(kind), jcsBytes(value)));
}

/** The name under which a record's key is derived. */
export function nameOf(record: StateRecord): string {
  switch (record.kind) {
    case 'doc':
      return record.value.docId;
    case 'key':
      return record.value.keyid;
    case 'acl':
      return record.value.aclDigest;
    case 'dir':
      return 'people';
    case 'config':
      return 'policy';
    case 'vault':
      return 'genesis';
    case 'snap':
      return 'index';
    case 'recovery':
      return record.value.what;
  }
}

/** Looks up a leaf's value by kind and name, or null. */
export function lookup<K extends StateKind>(
  idKey: Uint8Array,
  state: LedgerState,
  kind: K,
  name: string,
): StateValues[K] | null {
  const record: StateRecord | undefined = trieGet(state.trie, stateKey(idKey, kind, name))?.value;
  if (record?.kind !== kind) return null;
  return record.value as StateValues[K];
}

/** The document under a state key given in hex, or null when it is absent or no document. */
export function docByStateKey(state: LedgerState, key32: Hex): DocValue | null {
  const leaf = trieGet(state.trie, Uint8Array.from(Buffer.from(key32, 'hex')));
  return leaf?.value.kind === 'doc' ? leaf.value.value : null;
}

/** A new state in which the records stand; records replace those of the same kind and name. */
export function withRecords(
  idKey: Uint8Array,
  state: LedgerState,
  records: readonly StateRecord[],
): LedgerState {
  return withLeaves(
    state,
    records.map((record) => leafOf(idKey, record)),
  );
}

/** The trie leaf of a record. */
export function leafOf(idKey: Uint8Array, record: StateRecord): TrieLeaf<StateRecord> {
  const key = stateKey(idKey, record.kind, nameOf(record));
  return trieLeaf(key, record, stateValueHash(record.kind, record.value));
}

/** {@link withRecords} for leaves whose keys and hashes are computed already. */
export function withLeaves(
  state: LedgerState,
  leaves: readonly TrieLeaf<StateRecord>[],
): LedgerState {
  let { trie, count, acls, vault } = state;
  let keys: Map<Hex, KeyValue> | null = null;
  for (const leaf of leaves) {
    const isNew = trieGet(trie, leaf.key) === null;
    trie = trieSet(trie, leaf);
    const record = leaf.value;
    if (isNew) count += 1;
    if (isNew && record.kind === 'acl') acls += 1;
    if (record.kind === 'vault') vault = record.value;
    if (record.kind === 'key') {
      keys ??= new Map(state.keys);
      keys.set(record.value.keyid, record.value);
    }
  }
  return { ...state, trie, count, acls, vault, keys: keys ?? state.keys };
}

/** Root of the state map, in hex. */
export function stateRoot(state: LedgerState): Hex {
  return hex(trieRoot(state.trie));
}

/** Leaf hash of an entry, in hex. */
export function entryLeafHash(entry: Uint8Array): Hex {
  return hex(leafHash(entry));
}

/** True when a key covers a log index. */
export function covers(key: KeyValue, index: number): boolean {
  return key.firstIndex <= index && (key.endIndex === null || index < key.endIndex);
}

/** The records that change when time passes: keys past their notAfter end at `index`. */
export function expiredKeys(state: LedgerState, index: number, time: number): StateRecord[] {
  const expired: StateRecord[] = [];
  for (const key of state.keys.values()) {
    if (key.endIndex === null && key.notAfter !== null && key.notAfter < time) {
      expired.push({ kind: 'key', value: { ...key, endIndex: index } });
    }
  }
  return expired;
}
