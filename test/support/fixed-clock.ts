// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../src/core/index.ts';

/** A time that every seeded test starts from: 2027-01-15T08:00:00Z in Unix seconds. */
export const TEST_TIME = 1_800_000_000;

/** A clock that moves only when a test says so. */
export class FixedClock implements Clock {
  seconds: number;

  constructor(seconds: number = TEST_TIME) {
    this.seconds = seconds;
  }

  now(): number {
    return this.seconds * 1000;
  }
}
