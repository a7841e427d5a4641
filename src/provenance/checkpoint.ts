// SPDX-License-Identifier: Apache-2.0
// C2SP tlog-checkpoint: origin, size, base64 root as a signed note.
import { base64, fail, fromBase64, need, utf8 } from '../core/index.ts';
import type { TreeHead } from './merkle.ts';
import { type NoteKey, parseNote, signatureLine, type SignedNote, verifyNote } from './note.ts';

/** A verified statement of the log key: the tree of `origin` has this size and root. */
export interface Checkpoint extends TreeHead {
  readonly origin: string;
  /** The signed note verbatim, for receipts and exports. */
  readonly note: string;
}

/** Signs text with the private part of a note key; the raw signature bytes. */
export type NoteSigner = (text: Uint8Array, key: NoteKey) => Promise<Uint8Array>;

/** The unsigned text of a checkpoint. */
export function checkpointText(origin: string, head: TreeHead): string {
  return `${origin}\n${head.size}\n${base64(head.root)}\n`;
}

/** The signed note of a head. Ed25519 is deterministic, so two sequencers that finish one batch write equal bytes. */
export async function signCheckpoint(
  origin: string,
  head: TreeHead,
  key: NoteKey,
  sign: NoteSigner,
): Promise<string> {
  const text = checkpointText(origin, head);
  return `${text}\n${signatureLine(key, await sign(utf8(text), key))}`;
}

/**
 * Verifies a checkpoint under the trusted log key and for the trusted origin.
 * @throws {CHECKPOINT_INVALID} when the log key did not sign it, or for another origin
 * @throws {FORMAT_INVALID} when it is not a checkpoint
 */
export function openCheckpoint(bytes: Uint8Array, origin: string, logKey: NoteKey): Checkpoint {
  const note = parseNote(bytes);
  const signers = verifiedSigners(note, logKey);
  need(
    'INV-CHECKPOINT-SIGNATURE',
    signers.length > 0,
    'CHECKPOINT_INVALID',
    'the checkpoint is not signed by the trusted log key',
  );
  const head = parseCheckpointText(note.text);
  need(
    'INV-CHECKPOINT-ORIGIN',
    head.origin === origin,
    'CHECKPOINT_INVALID',
    'the checkpoint belongs to another log',
  );
  return { ...head, note: Buffer.from(bytes).toString('utf8') };
}

function verifiedSigners(note: SignedNote, logKey: NoteKey): NoteKey[] {
  try {
    return verifyNote(note, [logKey]);
  } catch (error) {
    throw fail('CHECKPOINT_INVALID', 'the checkpoint signature of the log key is wrong', {}, error);
  }
}

function parseCheckpointText(text: string): TreeHead & { origin: string } {
  const lines = text.split('\n');
  const [origin, size, root] = lines;
  const bytes = root === undefined ? null : fromBase64(root);
  // Extension lines are allowed by the standard and not used here: unknown meaning is refused.
  if (lines.length !== 4 || origin === undefined || origin === '' || bytes?.length !== 32) {
    throw fail('FORMAT_INVALID', 'not a checkpoint');
  }
  if (size === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(+size)) {
    throw fail('FORMAT_INVALID', 'the size of a checkpoint is not a number');
  }
  return { origin, size: Number(size), root: bytes };
}
