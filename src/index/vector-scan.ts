// SPDX-License-Identifier: Apache-2.0
import type { QuantisedVector } from '../provenance/index.ts';
import type { ClassBlock } from './class-block.ts';
import type { TopRows } from './top-rows.ts';

/**
 * Compares every live row of a block with the query and offers it with its similarity. Exact: an integer sum, then two
 * float64 products, as `similarity` of provenance computes it.
 */
export function scanVectors(block: ClassBlock, query: QuantisedVector, top: TopRows): void {
  const { vectors, scales, dims, rows } = block;
  for (let row = 0; row < rows; row++) {
    if (block.isRemoved(row)) continue;
    const sum = dotAt(vectors, row * dims, query.q);
    top.offer(block, row, query.scale * (scales[row] as number) * sum);
  }
}

/** Similarity of one live row. */
export function similarityOf(block: ClassBlock, row: number, query: QuantisedVector): number {
  const sum = dotAt(block.vectors, row * block.dims, query.q);
  return query.scale * (block.scales[row] as number) * sum;
}

/** `dot` of provenance without a view per row. 32-bit arithmetic: 65,536 products of at most 127^2 fit. */
function dotAt(vectors: Int8Array, offset: number, q: Int8Array): number {
  let sum = 0;
  for (let at = 0; at < q.length; at++) {
    sum = (sum + Math.imul(vectors[offset + at] as number, q[at] as number)) | 0;
  }
  return sum;
}
