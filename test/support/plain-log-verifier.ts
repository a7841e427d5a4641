// SPDX-License-Identifier: Apache-2.0
// A verifier of a published log that shares no code with src/: C2SP signed note, checkpoint and tiles, and RFC 6962 from
// the text of the standards, with node:crypto alone. Slow and plain on purpose.
import { createPublicKey, hash, verify } from 'node:crypto';

/** Bytes under a path relative to the log's folder, or null. */
export type Fetch = (path: string) => Promise<Uint8Array | null>;

/** What a sound log says of itself. */
export interface PlainHead {
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly entries: readonly Buffer[];
}

const TILE = 256;
const sha = (...parts: readonly Uint8Array[]): Buffer =>
  hash('sha256', Buffer.concat(parts), 'buffer');

/** MTH of RFC 6962, section 2.1, over leaf hashes. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.of(1), merkleRoot(leaves.slice(0, k)), merkleRoot(leaves.slice(k)));
}

/** Hash of a leaf. */
export function leafOf(entry: Uint8Array): Buffer {
  return sha(Buffer.of(0), entry);
}

/**
 * Verifies a log: signature, entries against the signed root, every hash tile against the entries.
 * @param vkey verifier key of the log as C2SP signed-note writes it
 * @throws {Error} saying what is wrong
 */
export async function verifyPlainLog(fetch: Fetch, vkey: string): Promise<PlainHead> {
  const { size, root } = openNote(Buffer.from(await must(fetch, 'checkpoint')).toString(), vkey);
  const entries: Buffer[] = [];
  for (let at = 0; at < size; at += TILE) {
    const width = Math.min(TILE, size - at);
    entries.push(
      ...splitBundle(Buffer.from(await tile(fetch, 'entries', at / TILE, width)), width),
    );
  }
  const leaves = entries.map(leafOf);
  if (merkleRoot(leaves).toString('base64') !== root)
    throw new Error('entries do not give the root');
  let row = leaves;
  for (let level = 0; row.length > 0; level++) {
    for (let at = 0; at < row.length; at += TILE) {
      const hashes = row.slice(at, at + TILE);
      const stored = await tile(fetch, String(level), at / TILE, hashes.length);
      if (!Buffer.concat(hashes).equals(stored))
        throw new Error(`tile ${level}/${at / TILE} differs`);
    }
    const full = Math.floor(row.length / TILE);
    const below = row;
    row = Array.from({ length: full }, (_, i) => merkleRoot(below.slice(i * TILE, (i + 1) * TILE)));
  }
  return { size, root, entries };
}

function openNote(note: string, vkey: string): { size: number; root: string } {
  const end = note.indexOf('\n\n') + 1;
  const text = note.slice(0, end);
  const [origin, size = '', root = ''] = text.split('\n');
  const [name = '', id = ''] = vkey.split('+');
  const raw = Buffer.from(vkey.slice(name.length + id.length + 2), 'base64');
  if (origin !== name || raw[0] !== 1) throw new Error('another log, or another kind of key');
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw.subarray(1)]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const line = note
    .slice(end + 1)
    .split('\n')
    .find((at) => at.startsWith(`\u2014 ${name} `));
  const signature = Buffer.from((line ?? '').split(' ')[2] ?? '', 'base64');
  const isOurs = signature.subarray(0, 4).toString('hex') === id;
  if (!isOurs || !verify(null, Buffer.from(text), publicKey, signature.subarray(4))) {
    throw new Error('the checkpoint is not signed by the log key');
  }
  return { size: Number(size), root };
}

function splitBundle(bytes: Buffer, width: number): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; entries.length < width;) {
    if (at + 2 > bytes.length) throw new Error('an entry bundle is short');
    const length = bytes.readUInt16BE(at);
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

/** A tile; the full one stands in for a partial one that is gone. */
async function tile(fetch: Fetch, level: string, index: number, width: number): Promise<Buffer> {
  const path = `tile/${level}/${number(index)}`;
  const partial = width === TILE ? null : await fetch(`${path}.p/${width}`);
  if (partial !== null) return Buffer.from(partial);
  const full = Buffer.from(await must(fetch, path));
  return level === 'entries' ? full : full.subarray(0, width * 32);
}

/** Path of a tile number: groups of three digits, all but the last with an x. */
function number(index: number): string {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  }
  return groups.join('/');
}

async function must(fetch: Fetch, path: string): Promise<Uint8Array> {
  const bytes = await fetch(path);
  if (bytes === null) throw new Error(`${path} is missing`);
  return bytes;
}
