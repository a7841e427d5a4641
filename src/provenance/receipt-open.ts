// SPDX-License-Identifier: Apache-2.0
// The pieces of a receipt, opened: entries with their inclusion, leaves with their state proof.
import { fail, fromBase64, fromHex, type Hex, hex, need } from '../core/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { pae, parseEnvelope, PAYLOAD_TYPE } from './dsse.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { type PublicKey, verifySignature } from './public-key.ts';
import type { LoggedEntry, Receipt, ReceiptStateProof } from './receipt.ts';
import type { StatementKind } from './roles.ts';
import { type StateKind, type StateValues, stateValueHash } from './state.ts';
import {
  checkStatement,
  parseStatement,
  type Statement,
  statementLimit,
  type StatementOf,
} from './statement.ts';
import { verifyTrieProof } from './trie.ts';
import type { Trust } from './trust.ts';

/** What every check of one receipt starts from. */
export interface ReceiptCheck {
  readonly receipt: Receipt;
  readonly head: Checkpoint;
  readonly trust: Trust;
  /** Root of the state map at the head. */
  readonly root: Uint8Array;
}

/** An entry whose form is right and whose signature can be checked. */
export interface OpenEntry<K extends StatementKind> {
  readonly statement: StatementOf<K>;
  readonly keyid: Hex;
  readonly bytes: Uint8Array;
  readonly verify: (key: PublicKey) => boolean;
}

/** A leaf of the state map at the head, under the wanted key. */
export function openLeaf<K extends StateKind>(
  check: ReceiptCheck,
  proof: ReceiptStateProof,
  kind: K,
  wanted: Hex,
): StateValues[K] {
  const value = proof.value as StateValues[K];
  const named = hex(stateValueHash(kind, value)) === proof.valueHash;
  const verdict = verifyTrieProof(proof, bytesOf(wanted), check.root);
  need(
    'INV-RECEIPT-LEAF',
    named && verdict === 'present',
    'RECEIPT_INVALID',
    'a state proof does not hold',
  );
  return value;
}

/** An entry that is included under the head and was made for its log. */
export function openLogged<K extends StatementKind>(
  logged: LoggedEntry,
  head: Checkpoint,
  kind: K,
): OpenEntry<K> {
  const entry = openEntry(logged.entry, kind);
  const at = { index: logged.index, size: head.size };
  const included = verifyInclusion(leafHash(entry.bytes), at, hashes(logged.proof), head.root);
  need('INV-RECEIPT-INCLUSION', included, 'RECEIPT_INVALID', 'an entry is not in the log');
  const isOurs = entry.statement.predicate.log === head.origin;
  need('INV-RECEIPT-LOG', isOurs, 'RECEIPT_INVALID', 'an entry was made for another log');
  return entry;
}

/** An entry of the wanted kind; nothing about it is proven yet. */
export function openEntry<K extends StatementKind>(text: string, kind: K): OpenEntry<K> {
  const bytes = decode(text);
  const envelope = parseEnvelope(bytes, statementLimit(kind));
  const raw = envelope === null ? null : parseStatement(envelope.payload);
  const statement: Statement | null = raw === null ? null : checkStatement(raw);
  if (envelope === null || statement?.kind !== kind) {
    throw fail('RECEIPT_INVALID', `the receipt holds something else than a ${kind} statement`);
  }
  const message = pae(PAYLOAD_TYPE, envelope.payload);
  return {
    statement: statement as StatementOf<K>,
    keyid: envelope.keyid,
    bytes,
    verify: (key) =>
      key.keyid === envelope.keyid && verifySignature(key, message, envelope.signature),
  };
}

/** Bytes of base64 that the schema has checked. */
export function decode(text: string): Uint8Array {
  return fromBase64(text) ?? new Uint8Array(0);
}

/** Bytes of hex that the schema has checked. */
export function bytesOf(text: Hex): Uint8Array {
  return fromHex(text) ?? new Uint8Array(0);
}

/** Hashes of a proof. */
export function hashes(proof: readonly Hex[]): Uint8Array[] {
  return proof.map(bytesOf);
}
