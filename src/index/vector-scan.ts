// SPDX-License-Identifier: Apache-2.0
import type { QuantisedVector } from '../provenance/index.ts';
import type { ClassBlock } from './class-block.ts';
import type { TopRows } from './top-rows.ts';

/**
 * Compares every live row of a block with the query and offers it with its similarity: an integer sum, then two float64
 * products, as `similarity` of provenance computes it. The plain form of what the kernels do to the last bit; used where
 * there is no WebAssembly, and to test them.
 */
export function scanVectors(block: ClassBlock, query: QuantisedVector, top: TopRows): void {
  for (let row = 0; row < block.rows; row++) {
    if (!block.isRemoved(row)) top.offer(block, row, similarityOf(block, row, query));
  }
}

/** Similarity of one live row. */
export function similarityOf(
  block: ClassBlock,
  row: number,
  { scale, q }: QuantisedVector,
): number {
  const components = block.vectors.componentsOf(row);
  // 32-bit arithmetic: 65,536 products of at most 127^2 fit.
  let sum = 0;
  for (let at = 0; at < q.length; at++) {
    sum = (sum + Math.imul(components[at] as number, q[at] as number)) | 0;
  }
  return scale * block.vectors.scaleOf(row) * sum;
}
