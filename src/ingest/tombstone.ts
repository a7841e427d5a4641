// SPDX-License-Identifier: Apache-2.0
import { type DocId, type Hex, hex, type Signer } from '../core/index.ts';
import { type DocValue, signStatement, stateKey } from '../provenance/index.ts';

/** What every predicate begins with. */
export interface Every {
  readonly log: string;
  readonly time: number;
}

/** The fields by which a tombstone or a shred names a document's head. */
export function headFields(
  idKey: Uint8Array,
  doc: DocValue,
): { stateKey: Hex; docId: DocId; prev: { entry: number; leafHash: Hex } } {
  return {
    stateKey: hex(stateKey(idKey, 'doc', doc.docId)),
    docId: doc.docId,
    prev: { entry: doc.entry, leafHash: doc.entryLeafHash },
  };
}

/** A statement that a document is gone for everybody. */
export function signTombstone(
  every: Every,
  idKey: Uint8Array,
  doc: DocValue,
  signer: Signer,
): Promise<Uint8Array> {
  return signStatement('tombstone', { ...every, ...headFields(idKey, doc) }, signer);
}
