// SPDX-License-Identifier: Apache-2.0
// Receipts (docs/formats.md, "Receipt"): what an outsider needs to check an answer's passages with public keys alone.
import { z } from 'zod';
import { fail, fromBase64, jcs, parseJcs } from '../core/index.ts';

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const b64 = z.string().refine((text) => fromBase64(text) !== null);
const index = z.int().min(0);
const proof = z.array(hex32).max(63);

const stateProof = z.strictObject({
  key32: hex32,
  valueHash: hex32,
  value: z.unknown().refine((value) => typeof value === 'object' && value !== null),
  path: z.array(z.tuple([z.int().min(0).max(255), hex32])).max(256),
});

const loggedEntry = z.strictObject({ entry: b64, index, proof });

const passage = z.strictObject({
  statement: b64,
  index,
  proof,
  stateProof,
  chunk: z.strictObject({
    i: index,
    leafFields: z.strictObject({
      n: z.int().min(1),
      start: index,
      end: index,
      textCommit: hex32,
      vecCommit: hex32,
      meta: z.unknown(),
    }),
    openT: hex32,
    proof,
    text: z.string(),
  }),
});

const receiptSchema = z.strictObject({
  v: z.literal('sr/receipt/v1'),
  origin: z.string(),
  /** The checkpoint verbatim, with cosignatures. */
  head: z.string(),
  state: loggedEntry,
  passages: z.array(passage).max(1024),
  /** Delegation and current leaf of every signer. */
  keys: z.array(z.strictObject({ keyid: hex32, delegate: loggedEntry, stateProof })).max(64),
  /** Optional proof that the head continues an older one that the verifier may trust. */
  consistency: z.strictObject({ size: z.int().min(1), proof }).nullable(),
  /** The newest recovery that went back and the newest that changed the log key, if any, in the order of the log. */
  recoveries: z.array(loggedEntry).max(2),
  /** Genesis with its proof, for verifiers that hold the log key alone. */
  genesis: loggedEntry.nullable(),
  /** DSSE envelope of kind `context`, or null. */
  attest: b64.nullable(),
  /** What opens the commitments of the attestation; only in the caller's own copy. */
  caller: z.strictObject({ nonce: hex32, principal: z.string(), query: z.string() }).nullable(),
});

/** A receipt as stored and handed out; canonical JSON. */
export type Receipt = z.infer<typeof receiptSchema>;
/** One passage with everything that proves it. */
export type ReceiptPassage = Receipt['passages'][number];
/** Presence of one leaf of the state map, with its value. */
export type ReceiptStateProof = z.infer<typeof stateProof>;
/** A log entry with its inclusion proof. */
export type LoggedEntry = z.infer<typeof loggedEntry>;

/** The largest receipt that is read, in bytes. */
export const MAX_RECEIPT_BYTES = 16 * 1024 * 1024;

/** A receipt as text to store or hand out: canonical JSON, the only form that {@link parseReceipt} reads. */
export function encodeReceipt(receipt: Receipt): string {
  return jcs(receipt);
}

/**
 * Reads a receipt's form; proves nothing.
 * @throws {RECEIPT_INVALID} when it is not one
 */
export function parseReceipt(bytes: Uint8Array): Receipt {
  if (bytes.length > MAX_RECEIPT_BYTES) throw fail('RECEIPT_INVALID', 'the receipt exceeds 16 MiB');
  try {
    return receiptSchema.parse(parseJcs(bytes));
  } catch {
    // The cause would quote the passages.
    throw fail('RECEIPT_INVALID', 'the file is not a receipt in canonical form');
  }
}
