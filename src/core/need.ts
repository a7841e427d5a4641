// SPDX-License-Identifier: Apache-2.0
import { type ErrorCode, type ErrorDetails, fail } from './errors.ts';

/** Names one security check. Every id stands once in the source and at least once in a test title. */
export type InvariantId = `INV-${string}`;

/**
 * A security check that refuses: throws when the condition does not hold. Written as one call so that a test can remove
 * a single check by source transformation and see a test fail.
 * @throws the error of `code`, whose details name the check
 */
// Four facts and the condition: an options object would hide the condition at every call.
// eslint-disable-next-line max-params
export function need(
  id: InvariantId,
  condition: boolean,
  code: ErrorCode,
  message: string,
  details?: ErrorDetails,
): asserts condition {
  if (!condition) throw fail(code, message, { ...details, check: id });
}

/** A security check whose failure is a value (a void entry, a dropped candidate) and not an exception. */
export function holds(_id: InvariantId, condition: boolean): boolean {
  return condition;
}
