// SPDX-License-Identifier: Apache-2.0
// C2SP tlog-proof: one entry's place in a log as a text that any verifier of the standard reads.
import { base64 } from '../core/index.ts';
import type { Hash } from './merkle.ts';

/** What a proof of one entry consists of. */
export interface LoggedAt {
  readonly index: number;
  /** Audit path from leaf to root in the tree of the checkpoint. */
  readonly proof: readonly Hash[];
  /** Signed note of the checkpoint, verbatim with its cosignatures. */
  readonly checkpoint: string;
}

/**
 * The text of a `c2sp.org/tlog-proof@v1`; it holds no entry and proves nothing without one. For programs that hand single
 * entries to verifiers of others; a receipt is what the product itself hands out.
 */
export function tlogProof({ index, proof, checkpoint }: LoggedAt): string {
  const hashes = proof.map((hash) => `${base64(hash)}\n`).join('');
  return `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes}\n${checkpoint}`;
}
