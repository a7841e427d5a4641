// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

// A lone surrogate has no canonical JSON.
const text = z.string().refine((value) => value.isWellFormed(), 'is not valid Unicode');
const record = z.record(text.min(1).max(64), text.max(256));

/**
 * Facts that the environment of a request must show, name by name. The schema library leaves out a name `__proto__`
 * without a word, and with it the demand; so that name is refused first.
 */
export const attributes = z
  .unknown()
  .refine((value) => !namesPrototype(value), 'names __proto__')
  .pipe(record);

function namesPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__');
}
