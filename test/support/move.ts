// SPDX-License-Identifier: Apache-2.0
// A move of the adversary: what is tried, what must stop it, and how often it was tried. tools/check-adversary.ts reads
// all of it from the report of the test run, so the printed table can claim nothing that was not tested.
import { beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../src/core/index.ts';

/** What a file of test/attacks says of itself. */
export interface Move {
  /** `A01` to `A41`; the name of the file begins with it. */
  readonly id: string;
  /** What the attacker does. */
  readonly title: string;
  /** What stops it, in a few words. */
  readonly by: string;
  /** Stable codes that the refusals carry; every one of them must be seen. Empty when there is nothing to refuse. */
  readonly codes: readonly ErrorCode[];
  /** Default: it is stopped. */
  readonly status?: MoveStatus;
}

/** `needsWitness`: what can be done without one is tested. `notApplicable`: the attacked part does not exist. */
export type MoveStatus =
  'stopped' | { readonly needsWitness: string } | { readonly notApplicable: string };

/** What a test of a move leaves in its report. */
export interface MoveMeta {
  move?: Move;
  tries?: number;
}

let running: TestContext['task'] | null = null;
let seen = new Set<ErrorCode>();

/** The tests of one move. The last one demands that each code was seen and that something was tried. */
export function move(info: Move, tests: () => void): void {
  describe(`${info.id} ${info.title}`, () => {
    let tries = 0;
    seen = new Set();
    beforeEach(({ task }) => {
      running = task;
      const meta = task.meta as MoveMeta;
      meta.move = info;
      return () => {
        tries += meta.tries ?? 0;
      };
    });
    tests();
    it('was tried, and was refused with each of its codes', () => {
      expect([...seen].sort()).toEqual([...info.codes].sort());
      for (const code of info.codes) expect(ERROR_CODES).toHaveProperty(code);
      expect(tries).toBeGreaterThan(0);
    });
  });
}

/** Counts attempts of the running test. */
export function tried(count = 1): void {
  if (running === null) throw new Error('attempts are counted inside a move');
  const meta = running.meta as MoveMeta;
  meta.tries = (meta.tries ?? 0) + count;
}

/** Counts one attempt that was refused with these codes. */
export function refused(...codes: readonly (ErrorCode | null)[]): void {
  tried();
  for (const code of codes) if (code !== null) seen.add(code);
}
