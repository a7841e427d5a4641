// SPDX-License-Identifier: Apache-2.0
import { base64, need } from '../core/index.ts';
import { roaring } from './roaring.ts';

/** Classes up to which they are listed one by one. */
const LISTED = 512;
/** The engine's integers are signed. */
const MAX_CLASS_NO = 2 ** 31 - 1;

/**
 * The clause that admits rows of the given classes and of no other: it stands in every query, inside `knn.filter` too.
 * No class at all admits nothing.
 * @param classes strictly ascending
 * @throws {USAGE} for a class number beyond 2^31 - 1
 */
export function classFilter(classes: readonly number[]): object {
  const isInRange = (classes.at(-1) ?? 0) <= MAX_CLASS_NO;
  need('INV-OPENSEARCH-CLASS-RANGE', isInRange, 'USAGE', 'a class number is too large');
  if (classes.length <= LISTED) return { terms: { cls: [...classes] } };
  return { terms: { cls: [base64(roaring(classes))], value_type: 'bitmap' } };
}
