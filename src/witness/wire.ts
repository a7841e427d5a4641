// SPDX-License-Identifier: Apache-2.0
// The bodies of C2SP tlog-witness requests.
import { base64, fail, fromBase64, fromUtf8 } from '../core/index.ts';
import { type Hash, MAX_PROOF_HASHES } from '../provenance/index.ts';

/** Largest request that a witness reads: a note of 64 KiB with the longest proof. */
export const MAX_REQUEST_BYTES = 72 * 1024;

/** What a log asks of a witness: to cosign a checkpoint that continues the one of `oldSize`. */
export interface AddCheckpoint {
  /** Size of the newest checkpoint that the log believes the witness to have cosigned; 0 for none. */
  readonly oldSize: number;
  /** Consistency proof from `oldSize` to the checkpoint; empty from 0 and for an equal size. */
  readonly proof: readonly Hash[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
}

/** The body of an add-checkpoint request. */
export function encodeAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return `old ${oldSize}\n${proof.map((hash) => `${base64(hash)}\n`).join('')}\n${checkpoint}`;
}

/** Reads the body of an add-checkpoint request. @throws {FORMAT_INVALID} */
export function decodeAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  if (bytes.length > MAX_REQUEST_BYTES) throw malformed();
  const text = fromUtf8(bytes);
  const split = text.indexOf('\n\n');
  const [first = '', ...lines] = text.slice(0, Math.max(split, 0)).split('\n');
  const oldSize = /^old (0|[1-9][0-9]{0,15})$/.exec(first)?.[1];
  if (split < 0 || oldSize === undefined || !Number.isSafeInteger(Number(oldSize))) {
    throw malformed();
  }
  if (lines.length > MAX_PROOF_HASHES) throw malformed();
  const proof = lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== 32) throw malformed();
    return hash;
  });
  return { oldSize: Number(oldSize), proof, checkpoint: text.slice(split + 2) };
}

function malformed(): Error {
  return fail('FORMAT_INVALID', 'not a request to add a checkpoint');
}
