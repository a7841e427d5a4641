// SPDX-License-Identifier: Apache-2.0
// Hits of a search, read as what they are: bytes of a stranger. What has not the form of a row is passed over.
import { type Hex, holds, isDocId } from '../core/index.ts';
import { decodeVector, type QuantisedVector } from '../provenance/index.ts';

/** A row as the engine claims it. */
export interface Hit {
  readonly docId: string;
  readonly leafHash: Hex;
  readonly i: number;
  readonly classNo: number;
  readonly vector: Uint8Array;
  readonly decoded: QuantisedVector;
  /** As the engine scored it. */
  readonly score: number;
}

const LEAF_HASH = /^[0-9a-f]{64}$/;
const MAX_CHUNKS = 2 ** 20;

/** What counts as a hit. */
export interface HitRules {
  readonly dims: number;
  readonly classes: ReadonlySet<number>;
  /** Hits wanted; an engine that gives more is cut short. */
  readonly depth: number;
}

/** The well-formed hits of an answer in its order, each row once. */
export function readHits(found: readonly unknown[], rules: HitRules): Hit[] {
  const seen = new Set<string>();
  return found.slice(0, rules.depth).flatMap((raw) => {
    const hit = readHit(raw, rules);
    if (hit === null) return [];
    const id = `${hit.leafHash}/${hit.i}`;
    if (seen.has(id)) return [];
    seen.add(id);
    return [hit];
  });
}

function readHit(raw: unknown, { dims, classes }: HitRules): Hit | null {
  const { _score: score, fields } = (raw ?? {}) as { _score?: unknown; fields?: unknown };
  const { doc, leaf, i, cls, sv } = (fields ?? {}) as Record<string, unknown>;
  const [docId, leafHash, chunk, classNo] = [one(doc), one(leaf), one(i), one(cls)];
  if (typeof docId !== 'string' || !isDocId(docId)) return null;
  if (typeof leafHash !== 'string' || !LEAF_HASH.test(leafHash)) return null;
  if (typeof chunk !== 'number' || !Number.isSafeInteger(chunk)) return null;
  if (chunk < 0 || chunk >= MAX_CHUNKS || typeof classNo !== 'number') return null;
  if (!holds('INV-OPENSEARCH-HIT-CLASS', classes.has(classNo))) return null;
  if (typeof score !== 'number' || !Number.isFinite(score)) return null;
  const vector = bytesOf(one(sv));
  const decoded = vector === null ? null : decodedOf(vector, dims);
  if (vector === null || decoded === null) return null;
  // The engine prints the shortest decimal of a float32.
  const rounded = Math.fround(score);
  return { docId, leafHash, i: chunk, classNo, vector, decoded, score: rounded };
}

function one(values: unknown): unknown {
  return Array.isArray(values) && values.length === 1 ? (values[0] as unknown) : undefined;
}

/** The engine gives binary values without padding. */
function bytesOf(text: unknown): Uint8Array | null {
  if (typeof text !== 'string') return null;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function decodedOf(vector: Uint8Array, dims: number): QuantisedVector | null {
  try {
    return decodeVector(vector, dims);
  } catch {
    return null;
  }
}
