// SPDX-License-Identifier: Apache-2.0
// Signed vectors (docs/formats.md, "Vectors"): f32le scale || int8[dims]. The very bytes that every index searches.
import { need } from '../core/index.ts';

/** A quantised vector: x is about `scale * q` and has length one. */
export interface QuantisedVector {
  readonly scale: number;
  readonly q: Int8Array;
}

/** Bytes of a stored vector of `dims` dimensions. */
export function vectorBytes(dims: number): number {
  return 4 + dims;
}

/**
 * Normalises and quantises a model's output. Bit-exact across implementations: float64 sums in index order, rounding
 * half to even.
 * @throws {VECTOR_INVALID} for NaN, infinity or the zero vector
 */
export function quantise(x: Float32Array): QuantisedVector {
  let sum = 0;
  // Loops over places: those over values take three times as long, for every query.
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (x[i] as number);
  const length = Math.sqrt(sum);
  const usable = Number.isFinite(length) && length > 0;
  need('INV-VECTOR-FINITE', usable, 'VECTOR_INVALID', 'a vector is zero or not finite');
  let max = 0;
  for (let i = 0; i < x.length; i++) max = Math.max(max, Math.abs((x[i] as number) / length));
  const q = new Int8Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const scaled = (((x[i] as number) / length) * 127) / max;
    q[i] = Math.max(-127, Math.min(127, roundHalfEven(scaled)));
  }
  return { scale: Math.fround(max / 127), q };
}

/** The stored bytes of a vector. */
export function encodeVector(vector: QuantisedVector): Uint8Array {
  const bytes = new Uint8Array(vectorBytes(vector.q.length));
  new DataView(bytes.buffer).setFloat32(0, vector.scale, true);
  bytes.set(new Uint8Array(vector.q.buffer, vector.q.byteOffset, vector.q.length), 4);
  return bytes;
}

/**
 * Reads stored bytes.
 * @throws {VECTOR_INVALID} for another dimension, a scale that is not finite and positive, or -128
 */
export function decodeVector(bytes: Uint8Array, dims: number): QuantisedVector {
  need(
    'INV-VECTOR-DIMS',
    bytes.length === vectorBytes(dims),
    'VECTOR_INVALID',
    'a stored vector has another dimension',
  );
  const scale = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
  const q = new Int8Array(bytes.buffer, bytes.byteOffset + 4, dims);
  const sound = Number.isFinite(scale) && scale > 0 && !q.includes(-128);
  need('INV-VECTOR-STORED', sound, 'VECTOR_INVALID', 'a stored vector is malformed');
  return { scale, q };
}

/** Similarity of two quantised vectors: an exact integer sum, then two float64 products in this order. */
export function similarity(query: QuantisedVector, stored: QuantisedVector): number {
  return query.scale * stored.scale * dot(query.q, stored.q);
}

/** Integer dot product. */
export function dot(a: Int8Array, b: Int8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
