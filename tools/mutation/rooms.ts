// SPDX-License-Identifier: Apache-2.0
// Which tests judge the mutants of which room.

/** A room that is mutated, and the tests that must notice. */
export interface Room {
  /** Patterns of test files. */
  readonly tests: readonly string[];
  /** Patterns of those among them that are left out: too slow to run for thousands of mutants. */
  readonly without: readonly string[];
}

/** The rooms by name: those whose mistakes would be security holes. */
export const ROOMS: Readonly<Record<string, Room>> = {
  keys: {
    tests: ['test/keys/**/*.test.ts', 'test/golden/golden.test.ts'],
    without: [],
  },
  access: {
    tests: ['test/access/**/*.test.ts'],
    without: ['test/access/hostile-yaml.test.ts'],
  },
  provenance: {
    tests: ['test/provenance/**/*.test.ts', 'test/negatives/**/*.test.ts'],
    without: [
      'test/provenance/sequencer-crash.test.ts',
      'test/provenance/apply-properties.test.ts',
    ],
  },
};
