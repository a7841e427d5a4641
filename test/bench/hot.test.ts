// What the benchmark of the hot path measures with must itself be right.
import { describe, expect, it } from 'vitest';
import { inRounds, quantile } from '../../bench/hot/rounds.ts';
import { qualityOf } from '../../bench/hot/search.ts';
import { exactly, Mixture, Numbers } from '../../bench/hot/vectors.ts';
import { mayRead, SHARES } from '../../bench/hot/world.ts';

describe('the benchmark of the hot path', () => {
  it('finds the truth that recall is measured against', () => {
    const mixture = new Mixture(24, 5);
    const points = Array.from({ length: 300 }, () => mixture.point().vector);
    const data = new Float32Array(points.flatMap((point) => [...point]));
    const query = mixture.point().vector;
    const even = (row: number): boolean => row % 2 === 0;
    const [found] = exactly({ data, dims: 24 }, [query], { k: 10, may: [() => true, even] });
    const scores = points.map((point) => point.reduce((sum, x, i) => sum + x * query[i]!, 0));
    const ranked = scores.map((_, row) => row).sort((a, b) => scores[b]! - scores[a]!);
    expect(found).toEqual([
      new Set(ranked.slice(0, 10)),
      new Set(ranked.filter(even).slice(0, 10)),
    ]);
  });

  it('counts what was found, and the queries that found less than half', () => {
    const truth = [new Set([1, 2, 3, 4]), new Set([5, 6, 7, 8]), new Set<number>()];
    const found = [[1, 2, 3, 9], [5], []];
    expect(qualityOf(found, truth)).toEqual({ recall: (0.75 + 0.25 + 1) / 3, poor: 1 / 3 });
  });

  it('asks every alternative in every round, each with queries of its own', async () => {
    const asked = { a: [] as number[], b: [] as number[] };
    const timed = await inRounds(
      new Map([
        ['a', (n: number) => asked.a.push(n)],
        ['b', (n: number) => asked.b.push(n)],
      ]),
      { rounds: 3, block: 4 },
    );
    expect(asked.a).toEqual(Array.from({ length: 16 }, (_, n) => n));
    expect(asked.b).toEqual(asked.a.map((n) => n + 37));
    expect(timed.get('a')?.ratio).toBe(1);
    expect([...timed.keys()]).toEqual(['a', 'b']);
  });

  it('takes the value at a share of the sorted ones', () => {
    expect([0, 0.5, 0.99, 1].map((share) => quantile([5, 1, 3, 2, 4], share))).toEqual([
      1, 3, 5, 5,
    ]);
  });

  it('gives callers the shares that they are named after', () => {
    const folders = Array.from({ length: 100 }, (_, folder) => folder);
    const shares = SHARES.slice(0, 5).map(
      (share) => folders.filter((f) => mayRead(share, f)).length,
    );
    expect(shares).toEqual([100, 50, 20, 10, 1]);
    expect(folders.some((folder) => mayRead(0.001, folder))).toBe(false);
    expect(mayRead(0.001, -1)).toBe(true);
  });

  it('repeats its random numbers', () => {
    const [one, other] = [new Numbers(9), new Numbers(9)];
    const numbers = Array.from({ length: 50 }, () => one.uniform());
    expect(Array.from({ length: 50 }, () => other.uniform())).toEqual(numbers);
    expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true);
    expect(new Set(numbers).size).toBe(50);
  });
});
