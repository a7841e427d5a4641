// SPDX-License-Identifier: Apache-2.0

/** The numeric arrays that rows, terms and postings live in. */
export type NumericArray = Int8Array | Uint8Array | Uint32Array | Float32Array;

/** Where every column begins. Shared: a thousand classes have many columns. */
export const NO_NUMBERS = new Uint32Array(0);

/**
 * An array of at least `length` numbers that begins with `array`: itself while it has room, else a copy with a quarter
 * more than before. So adding one by one stays linear, and what is filled in one go, as most small classes are, has no
 * room to spare.
 */
export function withRoom<A extends NumericArray>(array: A, length: number): A {
  if (length <= array.length) return array;
  const capacity = Math.max(length, Math.ceil(array.length * 1.25));
  const Constructor = array.constructor as new (length: number) => A;
  const larger = new Constructor(capacity);
  larger.set(array);
  return larger;
}
