// SPDX-License-Identifier: Apache-2.0
// What this machine trusts: keys and the newest log head it has seen. Everything else is proven from here.
import { z } from 'zod';
import {
  fail,
  fromBase64,
  fromHex,
  type Hex,
  hex,
  jcs,
  logOrigin,
  parseJcs,
} from '../core/index.ts';
import type { TreeHead } from './merkle.ts';
import { type NoteKey, parseVkey } from './note.ts';
import { parsePublicKey, type PublicKey } from './public-key.ts';

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

const trustSchema = z.strictObject({
  v: z.literal('sr/trust/v1'),
  vaultId: z.string().regex(/^[0-9a-f]{32}$/),
  tenantId: z.string(),
  logVkey: z.string(),
  rootSpki: z.string().refine((text) => fromBase64(text) !== null),
  witnesses: z.strictObject({ vkeys: z.array(z.string()).max(16), k: z.int().min(0) }),
  /** Seconds that the last state entry may be old, or null. */
  maxAge: z.int().min(1).nullable(),
  head: z.strictObject({ size: z.int().min(0), root: hex32 }).nullable(),
  origin: z.enum(['init', 'added', 'tofu']),
});

/** The content of a trust file, as stored. */
export type TrustFile = z.infer<typeof trustSchema>;

/** A trust file, parsed for use. */
export interface Trust {
  readonly file: TrustFile;
  /** Origin line that checkpoints of the log must have. */
  readonly log: string;
  readonly logKey: NoteKey;
  readonly rootKey: PublicKey;
  readonly head: TreeHead | null;
}

/** A head seen before: with its signed note where that was kept, and with the key that signed it where that has changed. */
export type SeenHead = TreeHead & { readonly note?: string; readonly logVkey?: string };

/** Keeps the trust of one vault outside the vault. */
export interface TrustStore {
  /**
   * What this machine trusts.
   * @throws {TRUST_UNKNOWN} when it was never told
   */
  read(): Promise<Trust>;
  /**
   * Remembers a newer head and the log key that signed it, in one step, and its signed note as evidence. Durable on return;
   * an older head than the stored one changes nothing.
   */
  raise(head: SeenHead): Promise<void>;
  /**
   * Goes from `from`, the head seen so far, to one that a recovery which names it leads to. Durable on return.
   * @throws {HEAD_STALE} when another head has been seen meanwhile
   */
  goBack(from: TreeHead, to: SeenHead): Promise<void>;
  /** The signed note of a head seen before, or null when it was not kept. */
  seenNote(head: TreeHead): Promise<string | null>;
}

/**
 * Parses a trust file.
 * @throws {TRUST_INVALID} when it is not one
 */
export function parseTrust(bytes: Uint8Array): Trust {
  let file: TrustFile;
  try {
    file = trustSchema.parse(parseJcs(bytes));
  } catch (error) {
    throw fail('TRUST_INVALID', 'not a trust file', {}, error);
  }
  const log = logOrigin(file.vaultId, file.tenantId);
  const logKey = parseVkey(file.logVkey);
  const rootKey = parsePublicKey(fromBase64(file.rootSpki) ?? new Uint8Array(0));
  if (logKey?.name !== log || rootKey === null) {
    throw fail('TRUST_INVALID', 'the keys of the trust file are not usable for its log');
  }
  const root = file.head === null ? null : fromHex(file.head.root);
  const head = file.head === null || root === null ? null : { size: file.head.size, root };
  return { file, log, logKey, rootKey, head };
}

/** A trust file with a newer head; the same file when the head is not newer. */
export function raised(file: TrustFile, head: SeenHead): TrustFile {
  return file.head !== null && file.head.size >= head.size ? file : movedTo(file, head);
}

/** A trust file with another head, and with the log key that signed it. */
export function movedTo(
  file: TrustFile,
  { size, root, logVkey = file.logVkey }: SeenHead,
): TrustFile {
  return { ...file, logVkey, head: { size, root: hex(root) } };
}

/** The trust file as others get it: public keys and the newest head, to be compared by fingerprint before it is added. */
export function trustToShare(file: TrustFile): string {
  return jcs({ ...file, origin: 'added' });
}

/** Short text by which two people compare the keys of a vault: the root key id and the log key id. */
export function trustFingerprint(trust: Trust): Hex {
  return `${trust.rootKey.keyid}-${hex(trust.logKey.id)}`;
}
