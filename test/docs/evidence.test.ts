// SPDX-License-Identifier: Apache-2.0
// The evidence page says what its facts say, and the facts are not older than what can be counted in a moment.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Evidence, evidencePage } from '../../tools/evidence/page.ts';
import { PARTS } from '../../tools/evidence/parts.ts';

const read = (file: string): string => readFileSync(path.resolve(file), 'utf8');
const evidence = JSON.parse(read('docs/evidence.json')) as Evidence;

describe('the evidence page', () => {
  it('is the one that its facts give', () => {
    expect(read('docs/evidence.md')).toBe(evidencePage(evidence));
  });

  it('knows no part that cannot be measured again', () => {
    expect(Object.keys(evidence).filter((name) => !(name in PARTS))).toEqual([]);
  });

  it('counts the negative receipts and the planted bugs that there are', () => {
    const receipts = readdirSync('test/negatives/receipts').filter((f) => f.endsWith('_fail.json'));
    expect(evidence.negatives?.receipts).toBe(receipts.length);
    for (const kind of ['logs', 'objects'] as const) {
      const folders = readdirSync(`test/negatives/${kind}`).filter((f) => f.endsWith('_fail'));
      expect(evidence.negatives?.[kind]).toBe(folders.length);
    }
    expect(evidence.fuzz?.planted).toBe(readdirSync('tools/fuzz/planted').length);
  });

  it('tells of at least ten million executions of the fuzzer, and of no failure', () => {
    const runs = evidence.fuzz?.runs ?? [];
    expect(runs.reduce((sum, run) => sum + run.executions, 0)).toBeGreaterThanOrEqual(10_000_000);
    expect(runs.filter(({ failures }) => failures > 0)).toEqual([]);
  });

  it('changes with its facts', () => {
    const { moves, ...rest } = evidence;
    expect(evidencePage(rest)).not.toContain('Moves of the adversary');
    if (moves === undefined) return;
    const lost = { ...moves, stopped: moves.stopped - 1 };
    expect(evidencePage({ ...rest, moves: lost })).not.toBe(evidencePage(evidence));
  });
});
