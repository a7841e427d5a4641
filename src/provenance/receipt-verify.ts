// SPDX-License-Identifier: Apache-2.0
// Verification of a receipt. Trust is an argument and never read from the receipt.
import {
  concat,
  fail,
  type Hex,
  hex,
  hmac,
  isStrongroomError,
  logOrigin,
  lp,
  need,
  utf8,
} from '../core/index.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { leafHash } from './merkle.ts';
import { checkReceiptWitnesses, compareHeads } from './receipt-head.ts';
import type { Receipt } from './receipt.ts';
import {
  bytesOf,
  decode,
  openEntry,
  type OpenEntry,
  openLogged,
  type ReceiptCheck,
} from './receipt-open.ts';
import { openReceiptHead, openRecoveries, type ShownRecovery } from './receipt-recovery.ts';
import { openPassage, type ProvenPassage } from './receipt-passage.ts';
import { checkSigner } from './receipt-signers.ts';
import { parseVkey } from './note.ts';
import { parsePublicKeyBase64 } from './public-key.ts';
import type { StatementOf } from './statement.ts';
import type { Trust } from './trust.ts';

export type { ProvenPassage } from './receipt-passage.ts';
export type { ShownRecovery } from './receipt-recovery.ts';

/** What a receipt was found to show. */
export interface ReceiptVerdict {
  /** Every passage is proven: bytes, version, current at the head, signed by a valid key, under the named ACL digest. */
  readonly proved: true;
  /** The retriever's key attests that the caller was allowed at that head. */
  readonly attested: boolean;
  readonly head: { readonly origin: string; readonly size: number; readonly root: Hex };
  /** How the head relates to the one that the verifier trusts; `recovered`: the root key has signed that it was given up. */
  readonly headCompared: 'same' | 'consistent' | 'recovered' | 'not compared';
  /** Recoveries that the log went through: the newest that went back, and the newest that changed the log key. */
  readonly recoveries: readonly ShownRecovery[];
  /** Unix seconds of the signed state. */
  readonly stateTime: number;
  readonly passages: readonly ProvenPassage[];
  /** Who asked and what, if the receipt is the caller's own copy and the commitments open. */
  readonly caller: { readonly principal: string; readonly query: string } | null;
  readonly identity: 'token' | 'impersonated' | null;
}

/**
 * Verifies a receipt against trusted keys.
 * @throws {RECEIPT_INVALID} naming the first check that fails
 */
export function verifyReceipt(receipt: Receipt, trust: Trust): ReceiptVerdict {
  return refusing(() => verdictOf(receipt, trust));
}

/** Gives every refusal the one code that callers look for. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isStrongroomError(error, 'RECEIPT_INVALID') || !isStrongroomError(error)) throw error;
    const message = `the receipt does not hold: ${error.message}`;
    throw fail('RECEIPT_INVALID', message, error.details, error);
  }
}

function verdictOf(receipt: Receipt, trust: Trust): ReceiptVerdict {
  need(
    'INV-RECEIPT-ORIGIN',
    receipt.origin === trust.log,
    'RECEIPT_INVALID',
    'the receipt is of another log',
  );
  const head = openReceiptHead(receipt, trust);
  checkReceiptWitnesses(head, trust);
  const headCompared = compareHeads(receipt, head, trust);
  const recoveries = openRecoveries(receipt, head, trust);
  const state = openState(receipt, head);
  const check: ReceiptCheck = {
    receipt,
    head,
    trust,
    root: bytesOf(state.statement.predicate.root),
  };
  checkSigner(
    check,
    state.keyid,
    { role: 'sequencer', kind: 'state', index: head.size - 1 },
    state.verify,
  );
  const { time } = state.statement.predicate;
  const passages = receipt.passages.map((passage) => openPassage(check, passage, time));
  const attestation =
    receipt.attest === null ? null : openAttestation(check, receipt.attest, passages);
  return {
    proved: true,
    attested: attestation !== null,
    head: { origin: head.origin, size: head.size, root: hex(head.root) },
    headCompared,
    recoveries,
    stateTime: time,
    passages,
    caller: attestation === null ? null : openCaller(receipt, attestation),
    identity: attestation?.identity ?? null,
  };
}

/** Entry S-1 must be the state entry of the head. */
function openState(receipt: Receipt, head: Checkpoint): OpenEntry<'state'> {
  const entry = openLogged(receipt.state, head, 'state');
  const isLast =
    receipt.state.index === head.size - 1 && entry.statement.predicate.coversSize === head.size - 1;
  need(
    'INV-RECEIPT-STATE',
    isLast,
    'RECEIPT_INVALID',
    'the state entry is not the last of the log',
  );
  return entry;
}

/** The attestation must be by a live retriever key, for exactly this head and these passages. */
function openAttestation(
  check: ReceiptCheck,
  attest: string,
  passages: readonly ProvenPassage[],
): StatementOf<'context'>['predicate'] {
  const entry = openEntry(attest, 'context');
  const at = { role: 'retriever', kind: 'context', index: check.head.size - 1 } as const;
  checkSigner(check, entry.keyid, at, entry.verify);
  const { predicate } = entry.statement;
  const shown = check.receipt.passages.map(
    (p) => `${hex(leafHash(decode(p.statement)))} ${p.chunk.i}`,
  );
  const attested = predicate.passages.map((p) => `${p.leafHash} ${p.i}`);
  const isThis =
    predicate.log === check.trust.log &&
    predicate.head.origin === check.head.origin &&
    predicate.head.size === check.head.size &&
    predicate.head.root === hex(check.head.root) &&
    shown.join() === attested.join() &&
    sorted(passages.map(({ aclDigest }) => aclDigest)) === sorted(predicate.aclDigests);
  need('INV-RECEIPT-ATTEST', isThis, 'RECEIPT_INVALID', 'the attestation is of another answer');
  return predicate;
}

/** A set of digests as one text. */
function sorted(digests: readonly Hex[]): string {
  return [...new Set(digests)].sort().join();
}

function openCaller(
  receipt: Receipt,
  attested: StatementOf<'context'>['predicate'],
): ReceiptVerdict['caller'] {
  if (receipt.caller === null) return null;
  const { nonce, principal, query } = receipt.caller;
  const opens =
    hex(principalCommit(bytesOf(nonce), principal)) === attested.principalCommit &&
    hex(queryCommit(bytesOf(nonce), query)) === attested.queryCommit;
  need('INV-RECEIPT-CALLER', opens, 'RECEIPT_INVALID', 'the caller is not the attested one');
  return { principal, query };
}

/** HMAC(nonce, LP("sr/principal/v1") || LP(principal)). */
export function principalCommit(nonce: Uint8Array, principal: string): Uint8Array {
  return hmac(nonce, concat(lp('sr/principal/v1'), lp(principal)));
}

/** HMAC(nonce, LP("sr/query/v1") || LP(query)). */
export function queryCommit(nonce: Uint8Array, query: string): Uint8Array {
  return hmac(nonce, concat(lp('sr/query/v1'), lp(query)));
}

/**
 * Trust for somebody who was given the log key alone: the root key is taken from the receipt's genesis entry, which the
 * log key covers. Weaker than a trust file: say so where the verdict is shown.
 * @throws {RECEIPT_INVALID} when the receipt holds no genesis under that log key
 */
export function trustFromGenesis(receipt: Receipt, vkey: string): Trust {
  return refusing(() => genesisTrust(receipt, vkey));
}

function genesisTrust(receipt: Receipt, vkey: string): Trust {
  const logKey = parseVkey(vkey);
  if (logKey === null || receipt.genesis === null) {
    throw fail('RECEIPT_INVALID', 'the receipt holds no genesis, or the log key is malformed');
  }
  const head = openCheckpoint(utf8(receipt.head), logKey.name, logKey);
  const { statement, verify } = openLogged(receipt.genesis, head, 'genesis');
  const { vaultId, tenantId, rootSpki } = statement.predicate;
  const rootKey = parsePublicKeyBase64(rootSpki);
  const isFirst = receipt.genesis.index === 0 && logOrigin(vaultId, tenantId) === logKey.name;
  need(
    'INV-RECEIPT-GENESIS',
    isFirst && rootKey !== null && verify(rootKey),
    'RECEIPT_INVALID',
    'the genesis of the receipt does not hold',
  );
  const file = {
    v: 'sr/trust/v1' as const,
    vaultId,
    tenantId,
    logVkey: vkey,
    rootSpki,
    witnesses: { vkeys: [], k: 0 },
    maxAge: null,
    head: null,
    origin: 'tofu' as const,
  };
  return { file, log: logKey.name, logKey, rootKey, head: null };
}
