// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from 'commander';

/** Parses a whole number of at least 1. */
export function positive(text: string): number {
  return wholeNumber(text, 1);
}

/** Parses a log index: a whole number of at least 0. */
export function indexOf(text: string): number {
  return wholeNumber(text, 0);
}

function wholeNumber(text: string, least: number): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new InvalidArgumentError(`must be a number from ${least}`);
  }
  return value;
}
