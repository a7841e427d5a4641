// SPDX-License-Identifier: Apache-2.0
// Small sealed objects beside documents: class records, directory, policy, state snapshots.
import { fail, hex, type Hex, need, type ObjectStore, type Random, sha256 } from '../core/index.ts';
import { type KeyRef, type KeyRing, listSalt, open, seal, sealContext } from '../keys/index.ts';
import {
  decodeList,
  encodeList,
  listCommitment,
  type ListCommitment,
} from '../provenance/index.ts';
import type { KeyTable } from './key-table.ts';
import { objectPath } from './paths.ts';

/** What sealing and opening need. */
export interface SealedStore {
  readonly objects: ObjectStore;
  readonly keys: KeyTable;
  readonly ring: KeyRing;
  readonly random: Random;
}

/**
 * Seals one record under a fresh data key, stores it, then its wrapped key; durable on return.
 * @returns SHA-256 of the sealed object
 */
export async function putRecord(
  stores: SealedStore,
  ref: KeyRef,
  part: string,
  plain: Uint8Array,
): Promise<Hex> {
  const dek = stores.random.bytes(32);
  try {
    return await putUnder(stores, { ref, part, dek }, plain);
  } finally {
    dek.fill(0);
  }
}

/**
 * Opens a record.
 * @param objectDigest the digest that the log names
 * @throws {INTEGRITY} when the object is missing or another one; {@link KEY_ROW_MISSING} when its key is gone
 */
export async function getRecord(
  stores: SealedStore,
  ref: KeyRef,
  part: string,
  objectDigest: Hex,
): Promise<Uint8Array> {
  const stored = await stores.objects.get(objectPath(ref, objectDigest));
  const isNamed = stored !== null && hex(sha256(stored.bytes)) === objectDigest;
  // Directory and policy decide about everybody: their error says so.
  const code = part === 'list' && ref.kind !== 'state' ? 'POLICY_TAMPERED' : 'INTEGRITY';
  need('INV-RECORD-DIGEST', isNamed, code, 'a sealed record is missing or not the named one');
  const dek = await dataKey(stores, ref, objectDigest);
  try {
    return open(dek, sealContext(ref, part), stored.bytes);
  } finally {
    dek.fill(0);
  }
}

/** Seals a list of records; the commitment is what the log says of its content. */
export async function putList(
  stores: SealedStore,
  ref: KeyRef,
  records: readonly object[],
): Promise<ListCommitment & { readonly objectDigest: Hex }> {
  const dek = stores.random.bytes(32);
  try {
    const plain = encodeList(records);
    const commitment = listCommitment(ref.kind, plain, (i) => listSalt(dek, ref, i));
    return {
      ...commitment,
      objectDigest: await putUnder(stores, { ref, part: 'list', dek }, plain),
    };
  } finally {
    dek.fill(0);
  }
}

/**
 * Opens a list and compares it with what the log commits to.
 * @throws {POLICY_TAMPERED} when the content is not the committed one
 */
export async function getList(
  stores: SealedStore,
  ref: KeyRef,
  named: { readonly objectDigest: Hex; readonly contentRoot: Hex },
): Promise<unknown[]> {
  const plain = await getRecord(stores, ref, 'list', named.objectDigest);
  const dek = await dataKey(stores, ref, named.objectDigest);
  const { contentRoot } = listCommitment(ref.kind, plain, (i) => listSalt(dek, ref, i));
  dek.fill(0);
  const isNamed = contentRoot === named.contentRoot;
  need(
    'INV-LIST-ROOT',
    isNamed,
    'POLICY_TAMPERED',
    'a sealed list is not the one that the log names',
  );
  return decodeList(plain);
}

/**
 * The data key of a stored object.
 * @throws {KEY_ROW_MISSING} when it is gone, {@link KEY_ROW_INVALID} when it was altered
 */
export async function dataKey(
  stores: SealedStore,
  ref: KeyRef,
  objectDigest: Hex,
): Promise<Uint8Array> {
  const row = await stores.keys.get(ref, objectDigest);
  if (row === null)
    throw fail('KEY_ROW_MISSING', 'the data key of an object is gone', { kind: ref.kind });
  return stores.ring.unwrap(ref, row);
}

async function putUnder(
  stores: SealedStore,
  at: { readonly ref: KeyRef; readonly part: string; readonly dek: Uint8Array },
  plain: Uint8Array,
): Promise<Hex> {
  const { ref, part, dek } = at;
  const sealed = seal(dek, sealContext(ref, part), plain, stores.random);
  const objectDigest = hex(sha256(sealed));
  await stores.objects.putIfAbsent(objectPath(ref, objectDigest), sealed);
  const row = await stores.ring.wrap(ref, dek);
  await stores.keys.putAll([{ ref, objectDigest, row }]);
  return objectDigest;
}
