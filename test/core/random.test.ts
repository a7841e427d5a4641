// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { hex, systemClock, systemRandom } from '../../src/core/index.ts';
import { SeededRandom } from '../support/seeded-random.ts';

describe('randomness', () => {
  it('draws as many bytes as wanted and never the same ones twice', () => {
    expect(systemRandom.bytes(0)).toHaveLength(0);
    const drawn = new Set(Array.from({ length: 64 }, () => hex(systemRandom.bytes(16))));
    expect(drawn.size).toBe(64);
  });

  it('repeats for one seed, differs for another, and does not depend on how it is drawn', () => {
    const [a, b, c] = [new SeededRandom('a'), new SeededRandom('a'), new SeededRandom('b')];
    const whole = hex(a.bytes(80));
    expect(hex(b.bytes(3)) + hex(b.bytes(77))).toBe(whole);
    expect(hex(c.bytes(80))).not.toBe(whole);
  });
});

describe('the system clock', () => {
  it('tells milliseconds since the Unix epoch', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });
});
